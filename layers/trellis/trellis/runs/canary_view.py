"""A canary's route as one cluster shows it at one moment: the object itself, and the services that it leads to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trellis.canary.state import CanaryKey
from trellis.clusters.api import KubernetesApi
from trellis.clusters.routes import read_route
from trellis.clusters.snapshot import read_snapshot
from trellis.gateway_api import Intent, Snapshot, build_desired, parse_snapshot
from trellis.model import Cluster, Service
from trellis.runs.intending import intent_of
from trellis.runs.toolbox import Toolbox


@dataclass(frozen=True)
class RouteView:
    """`route` is the raw object, None when there is none; `services` are desired ones.

    `neighbours` are the raw objects of the other routes that lead to the same services.
    """

    cluster: Cluster
    intent: Intent
    route: dict[str, Any] | None
    services: tuple[Service, ...]
    neighbours: tuple[dict[str, Any], ...] = ()


def connect(tools: Toolbox, key: CanaryKey) -> KubernetesApi:
    """The Kubernetes API of the canary's cluster; raises ClusterNotRegisteredError."""
    cluster = tools.registry.get(key.cluster)
    return KubernetesApi.of_cluster(tools.clients.eks, cluster.name, cluster.region)


def view(tools: Toolbox, api: KubernetesApi, key: CanaryKey) -> RouteView:
    """Read everything that decides where the route's requests go; raises ClusterUnreadableError."""
    cluster = tools.registry.get(key.cluster)
    # The route first: if it changes in between, the snapshot is the newer one, and a patch by the older one fails.
    route = read_route(api, key.namespace, key.name)
    snapshot = read_snapshot(api, cluster.name)
    intent = _intent(tools, parse_snapshot(snapshot), cluster, key)
    names = services_of(intent, key)
    services = tuple(found for found in build_desired(intent, cluster).services if found.name in names)
    return RouteView(cluster, intent, route, services, tuple(_neighbours(snapshot, intent, key)))


def _neighbours(snapshot: dict[str, Any], intent: Intent, key: CanaryKey) -> Iterator[dict[str, Any]]:
    names, own = services_of(intent, key), (key.namespace, key.name)
    sharing = {
        (found.namespace, found.name)
        for found in intent.routes
        if any(names.intersection(parent.services) for parent in found.parents)
    }
    for route in snapshot["objects"]["HTTPRoute"]:
        place = route["metadata"]["namespace"], route["metadata"]["name"]
        if place != own and place in sharing:
            yield route


def _intent(tools: Toolbox, snapshot: Snapshot, cluster: Cluster, key: CanaryKey) -> Intent:
    """The intent in which the canary's namespace keeps what others claim too: a canary needs services that exist."""
    # As a run does it: what no run makes must not be wanted here.
    intent = intent_of(tools, snapshot, cluster)
    own = [found.service for found in intent.contenders if found.namespace == key.namespace]
    return intent_of(tools, snapshot, cluster, own) if own else intent


def services_of(intent: Intent, key: CanaryKey) -> frozenset[str]:
    """The names of the VPC Lattice services that a route leads to."""
    routes = (route for route in intent.routes if (route.namespace, route.name) == (key.namespace, key.name))
    return frozenset(name for route in routes for parent in route.parents for name in parent.services)
