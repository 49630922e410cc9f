"""One HTTPRoute of a cluster: read it, and patch it as the field manager of canaries."""

from collections.abc import Mapping, Sequence
from typing import Any

from trellis.canary.patch import FIELD_MANAGER
from trellis.clusters.api import KubernetesApi

_ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/{name}"


def read_route(api: KubernetesApi, namespace: str, name: str) -> dict[str, Any] | None:
    """The route as it is now, or None; raises ClusterUnreadableError."""
    return api.get(_ROUTE.format(namespace=namespace, name=name))


def patch_route(
    api: KubernetesApi, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Apply a JSON patch and return the route; raises RouteMovedError when one of its tests fails."""
    return api.patch(_ROUTE.format(namespace=namespace, name=name), operations, manager=FIELD_MANAGER)
