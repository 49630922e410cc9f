"""Reads the Kubernetes objects that Trellis works from."""

from collections.abc import Iterable, Iterator
from typing import Any

from trellis.clusters.api import KubernetesApi
from trellis.gateway_api import trim, trim_service_account

_GATEWAY = "/apis/gateway.networking.k8s.io/v1"

COLLECTIONS = {
    "GatewayClass": f"{_GATEWAY}/gatewayclasses",
    "Gateway": f"{_GATEWAY}/gateways",
    "HTTPRoute": f"{_GATEWAY}/httproutes",
    "ReferenceGrant": "/apis/gateway.networking.k8s.io/v1beta1/referencegrants",
    "IAMAuthPolicy": "/apis/application-networking.k8s.aws/v1alpha1/iamauthpolicies",
    "TargetGroupPolicy": "/apis/application-networking.k8s.aws/v1alpha1/targetgrouppolicies",
    "Namespace": "/api/v1/namespaces",
    "Service": "/api/v1/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/endpointslices",
    "ServiceAccount": "/api/v1/serviceaccounts",
}
"""Where each kind is listed, over all namespaces; the ClusterRole of the reader allows just these."""


def read_snapshot(api: KubernetesApi, cluster: str) -> dict[str, Any]:
    """All objects of all kinds, trimmed. One collection that cannot be read makes the whole snapshot unreadable."""
    return {
        "cluster": cluster,
        "objects": {kind: list(_trimmed(kind, api.list(path))) for kind, path in COLLECTIONS.items()},
    }


def _trimmed(kind: str, objects: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every namespace has ServiceAccounts; those that ask for nothing are left out."""
    for found in objects:
        kept = trim_service_account(found) if kind == "ServiceAccount" else trim(found)
        if kept is not None:
            yield kept
