"""The walk-through's view of the world: clients of AWS, of the clusters and of the data plane."""

import base64
import json
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast

import boto3
import yaml
from botocore.credentials import Credentials

from trellis.clusters.api import KubernetesApi
from trellis_local.walkthrough.signing import signed_headers

_PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "Gateway": "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways",
    "IAMAuthPolicy": "/apis/application-networking.k8s.aws/v1alpha1/namespaces/{namespace}/iamauthpolicies",
    "TargetGroupPolicy": "/apis/application-networking.k8s.aws/v1alpha1/namespaces/{namespace}/targetgrouppolicies",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes",
}


class CheckFailedError(AssertionError):
    """Something that must hold did not, or not in time."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `found` is what there was, in words."""

    step: str
    what: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Answer:
    """What a client in a VPC got; `status` 0 means no answer at all."""

    status: int
    document: Mapping[str, Any]


class World:
    """Everything that a person at a terminal could reach at `url`, the AWS endpoint of a running stack."""

    def __init__(self, url: str, *, speed: float = 1.0) -> None:
        self.url = url
        self.speed = speed
        self._sessions = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-west-2")

    @cache  # noqa: B019 - one world for one walk-through
    def aws(self, service: str) -> Any:
        """A boto3 client."""
        return cast(Any, self._sessions.client)(service, endpoint_url=self.url)

    def status(self) -> dict[str, Any]:
        """The stack's own page about itself."""
        with urllib.request.urlopen(f"{self.url}/_local/status", timeout=30) as answer:
            document: dict[str, Any] = json.load(answer)
        return document

    def kubernetes(self, cluster: str) -> KubernetesApi:
        """The cluster's API as the user of the kubeconfig."""
        server, authority, token = self._connection(cluster)
        return KubernetesApi(endpoint=server, ca_pem=authority, token=token)

    def post(self, cluster: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """`kubectl create --raw path`, which Trellis itself has no use for."""
        server, authority, token = self._connection(cluster)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(server + path, json.dumps(document).encode(), headers, method="POST")
        context = ssl.create_default_context(cadata=authority.decode())
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            created: dict[str, Any] = json.load(answer)
        return created

    def _connection(self, cluster: str) -> tuple[str, bytes, str]:
        config = yaml.safe_load(Path(self.status()["kubeconfig"]).read_text())
        context = _named(config["contexts"], cluster)["context"]
        server = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        return server["server"], base64.b64decode(server["certificate-authority-data"]), user["token"]

    def apply(self, cluster: str, folder: Path) -> None:
        """`kubectl apply --server-side -f folder`."""
        api = self.kubernetes(cluster)
        for document in manifests(folder):
            api.apply(path_of(document), document, manager="walkthrough")

    def delete(self, cluster: str, folder: Path) -> None:
        """`kubectl delete -f folder`."""
        api = self.kubernetes(cluster)
        for document in manifests(folder):
            api.delete(path_of(document))

    def get(self, vpc_id: str, url: str, *, signer: Credentials | None = None) -> Answer:
        """An HTTP GET of a client in a VPC, signed if there is a signer."""
        host, _, path = url.removeprefix("http://").partition("/")
        base = self.dataplane(vpc_id)
        headers = signed_headers(url, signer) if signer else {}
        request = urllib.request.Request(f"{base}/{path}", headers={"Host": host, **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, _json(answer.read()))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _json(error.read()))
        except (OSError, HTTPException):
            return Answer(0, {})

    @cache  # noqa: B019
    def dataplane(self, vpc_id: str) -> str:
        """Where clients of a VPC connect."""
        return str(self.status()["dataplane"][vpc_id])

    def wait(self, what: str, condition: Callable[[], Any], *, seconds: float = 60, every: float = 0.1) -> Any:
        """Poll until the condition is truthy and return it; both times are real seconds. Raises CheckFailedError."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise CheckFailedError(f"not within {seconds:.0f} s: {what}")
            time.sleep(every)

    def run(self, machine: str, document: Mapping[str, Any], *, seconds: float = 120) -> dict[str, Any]:
        """Start an execution, wait for its end and return its output; raises CheckFailedError when it fails."""
        states = self.aws("stepfunctions")
        arn = self.status()["stateMachines"][machine]
        execution = states.start_execution(stateMachineArn=arn, input=json.dumps(document))["executionArn"]
        ended = self.wait(
            f"{machine} {document}", lambda: _ended(states.describe_execution(executionArn=execution)), seconds=seconds
        )
        if ended["status"] != "SUCCEEDED":
            raise CheckFailedError(f"{machine} {document}: {ended['status']}: {ended.get('cause', '')}")
        output: dict[str, Any] = json.loads(ended["output"])
        return output


def manifests(folder: Path) -> Iterator[dict[str, Any]]:
    """The documents of a folder's YAML files, in order."""
    for file in sorted(folder.glob("*.yaml")):
        yield from (document for document in yaml.safe_load_all(file.read_text()) if document)


def path_of(document: Mapping[str, Any]) -> str:
    """The path of one object in the Kubernetes API."""
    metadata = document["metadata"]
    collection = _PATHS[document["kind"]].format(namespace=metadata.get("namespace", "default"))
    return f"{collection}/{metadata['name']}"


def _ended(execution: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return None if execution["status"] == "RUNNING" else execution


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {"body": body.decode(errors="replace")}
    return document if isinstance(document, dict) else {"body": document}
