"""The official Python client and kubectl work against the embedded API."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes.client
import kubernetes.config
import kubernetes.watch
import pytest
from embedded_kubernetes import CRDS, spec

from trellis_local.kubernetes import write_kubeconfig

MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1", ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: mesh}], hostnames: [a.example.com], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""


@pytest.fixture
def kubeconfig(cluster: Any, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, [cluster])
    return path


@pytest.fixture
def client(kubeconfig: Path) -> Any:
    with kubernetes.config.new_client_from_config(str(kubeconfig), context="alpha") as made:
        yield made


def test_the_python_client_reads_and_writes(client: Any) -> None:
    core = kubernetes.client.CoreV1Api(client)
    core.create_namespace({"metadata": {"name": "shop"}})
    port = kubernetes.client.V1ServicePort(port=80)
    service = kubernetes.client.V1Service(metadata={"name": "web"}, spec=kubernetes.client.V1ServiceSpec(ports=[port]))
    core.create_namespaced_service("shop", service)
    core.patch_namespaced_service("web", "shop", {"metadata": {"labels": {"a": "b"}}})
    read = core.read_namespaced_service("web", "shop")
    assert (read.metadata.labels, read.spec.ports[0].target_port) == ({"a": "b"}, 80)
    with pytest.raises(kubernetes.client.ApiException) as error:
        core.create_namespaced_service("shop", service)
    assert (error.value.status, error.value.reason) == (409, "Conflict")


def test_the_python_client_watches(client: Any) -> None:
    core = kubernetes.client.CoreV1Api(client)
    watch = kubernetes.watch.Watch()
    events = [
        (event["type"], event["object"].metadata.name)
        for event in watch.stream(
            core.list_namespace, timeout_seconds=1, label_selector="kubernetes.io/metadata.name=default"
        )
    ]
    assert events == [("ADDED", "default")]


def test_a_watch_ends_when_the_cluster_stops(launch: Callable[..., Any], tmp_path: Path) -> None:
    running = launch(spec())
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, [running])
    seen = threading.Event()

    def follow() -> None:
        with kubernetes.config.new_client_from_config(str(path)) as client:
            core = kubernetes.client.CoreV1Api(client)
            answer = core.list_namespace(watch=True, _preload_content=False)
            for _ in answer.stream():
                seen.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert seen.wait(5)
    running.stop()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def kubectl(kubeconfig: Path, tmp_path: Path) -> Callable[..., str]:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed")

    def run(*arguments: str, stdin: str | None = None) -> str:
        command = [program, f"--kubeconfig={kubeconfig}", f"--cache-dir={tmp_path}", "--context=alpha", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_kubectl_applies_rolls_out_and_deletes(kubectl: Callable[..., str]) -> None:
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    assert "unchanged" in kubectl("apply", "-f", "-", stdin=MANIFEST)
    kubectl("wait", "--for=condition=Available", "deployment/web", "-n", "shop", "--timeout=5s")
    kubectl("scale", "deployment/web", "-n", "shop", "--replicas=3")
    assert "successfully rolled out" in kubectl("rollout", "status", "deployment/web", "-n", "shop", "--timeout=5s")
    table = kubectl("get", "pods", "-A")
    assert table.splitlines()[0].split() == ["NAMESPACE", "NAME", "READY", "STATUS", "AGE"]
    assert table.count("1/1") == 3
    kubectl("delete", "namespace", "shop", "--timeout=5s")
    assert "shop" not in kubectl("get", "pods", "-A")


def test_kubectl_installs_definitions_and_uses_them(kubectl: Callable[..., str]) -> None:
    assert kubectl("apply", "--server-side", "-f", str(CRDS)).count("serverside-applied") == len(list(CRDS.iterdir()))
    kubectl("apply", "-f", "-", stdin=MANIFEST)
    kubectl("apply", "-f", "-", stdin=ROUTE)
    kubectl("patch", "httproute", "web", "-n", "shop", "--type=merge", "-p", '{"spec":{"hostnames":["b.example.com"]}}')
    assert "- b.example.com" in kubectl("get", "httproute", "web", "-n", "shop", "-o", "yaml")
    assert "weight" in kubectl("explain", "httproute.spec.rules.backendRefs")
    assert "web" in kubectl("get", "httproutes", "-A", "-w", "--request-timeout=1s")
