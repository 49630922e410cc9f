"""Deployments, their pods, EndpointSlices and the pod directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from embedded_kubernetes import Api, spec

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"


def deploy(api: Any, *, replicas: int = 2, annotations: dict[str, str] | None = None) -> None:
    container = {"name": "web", "image": "web:1", "ports": [{"name": "http", "containerPort": 8080}]}
    meta = {"labels": {"app": "web"}, "annotations": annotations or {}}
    body = {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": meta, "spec": {"containers": [container]}},
        },
    }
    code, answer = api("POST", DEPLOYMENTS, body)
    assert code == 201, answer


def expose(api: Any, target: int | str = "http") -> None:
    body = {
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": target}]},
    }
    assert api("POST", SERVICES, body)[0] == 201


def pods(api: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api("GET", PODS)[1]["items"]
    return found


def addresses(api: Any) -> list[str]:
    slices = api("GET", f"{SLICES}?labelSelector=kubernetes.io/service-name=web")[1]["items"]
    return sorted(e["addresses"][0] for one in slices for e in one["endpoints"] or [])


def test_a_deployment_runs_ready_pods_with_addresses_of_the_vpc(api: Any) -> None:
    deploy(api)
    assert sorted(pod["status"]["podIP"] for pod in pods(api)) == ["10.0.0.10", "10.0.0.11"]
    status = api("GET", f"{DEPLOYMENTS}/web")[1]["status"]
    assert (status["availableReplicas"], status["updatedReplicas"], status["observedGeneration"]) == (2, 2, 1)
    assert {c["type"]: c["status"] for c in status["conditions"]} == {"Available": "True", "Progressing": "True"}


def test_scaling_adds_and_removes_pods(api: Any) -> None:
    deploy(api)
    api("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 3}}, content_type=MERGE)
    assert len(pods(api)) == 3
    api("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 1}}, content_type=MERGE)
    assert len(pods(api)) == 1


def test_a_deployment_without_replicas_is_available(api: Any) -> None:
    deploy(api, replicas=0)
    conditions = api("GET", f"{DEPLOYMENTS}/web")[1]["status"]["conditions"]
    assert {c["type"]: c["status"] for c in conditions}["Available"] == "True"


def test_a_template_change_replaces_the_pods(api: Any) -> None:
    deploy(api)
    before = {pod["metadata"]["uid"] for pod in pods(api)}
    patch = {"spec": {"template": {"metadata": {"annotations": {"release": "2"}}}}}
    api("PATCH", f"{DEPLOYMENTS}/web", patch, content_type=MERGE)
    after = {pod["metadata"]["uid"] for pod in pods(api)}
    assert len(after) == 2
    assert not before & after


def test_local_annotations_reach_running_pods_without_replacing_them(api: Any) -> None:
    deploy(api, annotations={"local.trellis.dev/delay": "1s"})
    before = {pod["metadata"]["uid"] for pod in pods(api)}
    annotations = {"local.trellis.dev/delay": None, "local.trellis.dev/status": "500"}
    patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    api("PATCH", f"{DEPLOYMENTS}/web", patch, content_type=MERGE)
    assert {pod["metadata"]["uid"] for pod in pods(api)} == before
    assert [pod["metadata"]["annotations"] for pod in pods(api)] == [{"local.trellis.dev/status": "500"}] * 2


def test_a_deleted_pod_is_replaced_under_another_address(api: Any) -> None:
    deploy(api, replicas=1)
    name = pods(api)[0]["metadata"]["name"]
    api("DELETE", f"{PODS}/{name}")
    assert [pod["status"]["podIP"] for pod in pods(api)] == ["10.0.0.11"]


def test_deleting_a_deployment_deletes_its_pods(api: Any) -> None:
    deploy(api)
    api("DELETE", f"{DEPLOYMENTS}/web")
    assert pods(api) == []


def test_a_selector_that_does_not_match_the_template_is_invalid(api: Any) -> None:
    template = {"metadata": {"labels": {"app": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    body = {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template}}
    assert api("POST", DEPLOYMENTS, body)[0] == 422


@pytest.mark.parametrize("template", [{}, {"spec": {}}, {"spec": {"containers": []}}])
def test_a_template_without_containers_is_invalid(api: Any, template: dict[str, Any]) -> None:
    body = {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template}}
    assert api("POST", DEPLOYMENTS, body)[0] == 422


@pytest.mark.parametrize("target", ["http", 8080])
def test_a_service_has_an_endpoint_slice_of_its_ready_pods(api: Any, target: int | str) -> None:
    deploy(api)
    expose(api, target)
    slices = api("GET", SLICES)[1]["items"]
    assert [one["addressType"] for one in slices] == ["IPv4"]
    assert slices[0]["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
    assert slices[0]["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    endpoint = slices[0]["endpoints"][0]
    assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert endpoint["targetRef"]["kind"] == "Pod"


def test_endpoints_follow_the_pods(api: Any) -> None:
    deploy(api)
    expose(api)
    api("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}, content_type=MERGE)
    assert addresses(api) == ["10.0.0.10", "10.0.0.11", "10.0.0.12"]
    api("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 0}}, content_type=MERGE)
    assert addresses(api) == []


def test_a_pod_that_is_not_ready_is_no_ready_endpoint(api: Any) -> None:
    deploy(api, replicas=1)
    expose(api)
    pod = pods(api)[0]
    conditions = [c | ({"status": "False"} if c["type"] == "Ready" else {}) for c in pod["status"]["conditions"]]
    patch = {"status": {"conditions": conditions}}
    api("PATCH", f"{PODS}/{pod['metadata']['name']}/status", patch, content_type=MERGE)
    endpoint = api("GET", SLICES)[1]["items"][0]["endpoints"][0]
    assert endpoint["conditions"]["ready"] is False
    assert api("GET", f"{DEPLOYMENTS}/web")[1]["status"]["unavailableReplicas"] == 1


def test_a_service_without_pods_has_one_empty_slice(api: Any) -> None:
    expose(api)
    slices = api("GET", SLICES)[1]["items"]
    assert [(one["ports"], one["endpoints"]) for one in slices] == [(None, None)]


def test_a_service_without_a_selector_has_no_slice(api: Any) -> None:
    api("POST", SERVICES, {"metadata": {"name": "manual"}, "spec": {"ports": [{"port": 80}]}})
    assert api("GET", SLICES)[1]["items"] == []


def test_a_deleted_service_takes_its_slices_with_it(api: Any) -> None:
    deploy(api)
    expose(api)
    api("DELETE", f"{SERVICES}/web")
    assert api("GET", SLICES)[1]["items"] == []


def test_a_slice_holds_at_most_100_endpoints(api: Any) -> None:
    expose(api)
    deploy(api, replicas=101)
    sizes = sorted(len(one["endpoints"]) for one in api("GET", SLICES)[1]["items"])
    assert sizes == [1, 100]


def test_the_directory_finds_pods_of_equal_addresses_by_vpc(launch: Callable[..., Any], launcher: Any) -> None:
    one, two = Api(launch(spec("one", vpc_id="vpc-1"))), Api(launch(spec("two", vpc_id="vpc-2")))
    for api in (one, two):
        deploy(api, replicas=1, annotations={"local.trellis.dev/status": "200"})
    expose(one)
    found = launcher.pods.find("vpc-1", "10.0.0.10")
    other = launcher.pods.find("vpc-2", "10.0.0.10")
    assert (found.cluster, found.services, found.ports, found.ready) == ("one", ("web",), (8080,), True)
    assert found.annotations == {"local.trellis.dev/status": "200"}
    assert (other.cluster, other.services) == ("two", ())
    assert launcher.pods.find("vpc-3", "10.0.0.10") is None
    assert [info.cluster for info in launcher.pods.list()] == ["one", "two"]


def test_a_stopped_cluster_leaves_the_directory(launch: Callable[..., Any], launcher: Any) -> None:
    running = launch(spec())
    deploy(Api(running))
    running.stop()
    assert launcher.pods.list("alpha") == []
