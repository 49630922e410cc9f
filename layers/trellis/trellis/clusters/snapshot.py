"""Reads the Kubernetes objects that Trellis works from."""

from typing import Any

from trellis.clusters.api import KubernetesApi
from trellis.gateway_api import trim

_GATEWAY = "/apis/gateway.networking.k8s.io/v1"

COLLECTIONS = {
    "GatewayClass": f"{_GATEWAY}/gatewayclasses",
    "Gateway": f"{_GATEWAY}/gateways",
    "HTTPRoute": f"{_GATEWAY}/httproutes",
    "ReferenceGrant": "/apis/gateway.networking.k8s.io/v1beta1/referencegrants",
    "IAMAuthPolicy": "/apis/application-networking.k8s.aws/v1alpha1/iamauthpolicies",
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/endpointslices",
}
"""Where each kind is listed, over all namespaces; the ClusterRole of the reader allows just these."""


def read_snapshot(api: KubernetesApi, cluster: str) -> dict[str, Any]:
    """All objects of all kinds, trimmed. One collection that cannot be read makes the whole snapshot unreadable."""
    return {
        "cluster": cluster,
        "objects": {kind: [trim(found) for found in api.list(path)] for kind, path in COLLECTIONS.items()},
    }
