"""Gateway API objects as people write them, for the end-to-end tests about bad input."""

from collections.abc import Mapping
from typing import Any

from observing import GATEWAY_API, NETWORK

from trellis.clusters.api import KubernetesApi

Document = dict[str, Any]

_COLLECTIONS = {
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "Gateway": f"{GATEWAY_API}/namespaces/{{namespace}}/gateways",
    "HTTPRoute": f"{GATEWAY_API}/namespaces/{{namespace}}/httproutes",
    "IAMAuthPolicy": "/apis/application-networking.k8s.aws/v1alpha1/namespaces/{namespace}/iamauthpolicies",
    "TargetGroupPolicy": "/apis/application-networking.k8s.aws/v1alpha1/namespaces/{namespace}/targetgrouppolicies",
}
_VERSIONS = {"Gateway": "gateway.networking.k8s.io/v1", "HTTPRoute": "gateway.networking.k8s.io/v1"}


def path_of(document: Mapping[str, Any]) -> str:
    """The path of one object in the Kubernetes API."""
    metadata = document["metadata"]
    return f"{_COLLECTIONS[document['kind']].format(namespace=metadata.get('namespace', ''))}/{metadata['name']}"


def apply(api: KubernetesApi, *documents: Document) -> None:
    """`kubectl apply --server-side`."""
    for document in documents:
        api.apply(path_of(document), document, manager="tests")


def delete(api: KubernetesApi, *documents: Document) -> None:
    """`kubectl delete`, the last first."""
    for document in reversed(documents):
        api.delete(path_of(document))


def namespace(name: str) -> Document:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def gateway(place: str, name: str = NETWORK) -> Document:
    """A Gateway with one HTTP listener for routes of its own namespace."""
    listeners = [{"name": "http", "protocol": "HTTP", "port": 80}]
    return _object("Gateway", place, name, {"gatewayClassName": "amazon-vpc-lattice", "listeners": listeners})


def backend(place: str, name: str = "backend") -> tuple[Document, Document]:
    """A Deployment of one pod and its Service, which has port 80."""
    labels = {"app": name}
    container = {"name": "backend", "image": "backend", "ports": [{"containerPort": 8080}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": place},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": place},
        "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }
    return deployment, service


def route(name: str, *rules: Document, hostname: str = "", annotations: Mapping[str, str] | None = None) -> Document:
    """A route to its namespace's Gateway; `name` is namespace/name. Without rules it sends everything to `backend`."""
    place, _, short = name.partition("/")
    spec: Document = {"parentRefs": [{"name": NETWORK}], "rules": list(rules) or [rule()]}
    if hostname:
        spec["hostnames"] = [hostname]
    document = _object("HTTPRoute", place, short, spec)
    document["metadata"]["annotations"] = dict(annotations or {})
    return document


def rule(*backends: Document, **fields: Any) -> Document:
    """A rule for `backend`, or for these backends, with any other fields."""
    return {"backendRefs": list(backends) or [{"name": "backend", "port": 80}], **fields}


def _object(kind: str, place: str, name: str, spec: Document) -> Document:
    metadata = {"name": name, "namespace": place}
    return {"apiVersion": _VERSIONS[kind], "kind": kind, "metadata": metadata, "spec": spec}
