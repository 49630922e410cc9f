"""A canary's route as one cluster shows it at one moment: the object itself, and the services that it leads to."""

from dataclasses import dataclass
from typing import Any

from trellis.canary.state import CanaryKey
from trellis.clusters.api import KubernetesApi
from trellis.clusters.routes import read_route
from trellis.clusters.snapshot import read_snapshot
from trellis.gateway_api import Intent, build_desired
from trellis.model import Cluster, Service
from trellis.runs.intending import intent_of
from trellis.runs.toolbox import Toolbox


@dataclass(frozen=True)
class RouteView:
    """`route` is the raw object, None when there is none; `services` are desired ones."""

    cluster: Cluster
    intent: Intent
    route: dict[str, Any] | None
    services: tuple[Service, ...]


def connect(tools: Toolbox, key: CanaryKey) -> KubernetesApi:
    """The Kubernetes API of the canary's cluster; raises ClusterNotRegisteredError."""
    cluster = tools.registry.get(key.cluster)
    return KubernetesApi.of_cluster(tools.clients.eks, cluster.name, cluster.region)


def view(tools: Toolbox, api: KubernetesApi, key: CanaryKey) -> RouteView:
    """Read everything that decides where the route's requests go; raises ClusterUnreadableError."""
    cluster = tools.registry.get(key.cluster)
    # The route first: if it changes in between, the snapshot is the newer one, and a patch by the older one fails.
    route = read_route(api, key.namespace, key.name)
    intent = intent_of(tools, read_snapshot(api, cluster.name), cluster)
    names = services_of(intent, key)
    desired = build_desired(intent, cluster)
    return RouteView(cluster, intent, route, tuple(found for found in desired.services if found.name in names))


def services_of(intent: Intent, key: CanaryKey) -> frozenset[str]:
    """The names of the VPC Lattice services that a route leads to."""
    routes = (route for route in intent.routes if (route.namespace, route.name) == (key.namespace, key.name))
    return frozenset(name for route in routes for parent in route.parents for name in parent.services)
