"""The first part of a run: check the input, read the cluster, keep the snapshot."""

from collections.abc import Collection
from typing import Any

from trellis.canary.overlay import marks
from trellis.clusters.api import KubernetesApi
from trellis.clusters.snapshot import read_snapshot
from trellis.model import ClusterState
from trellis.model.auth_policy import SERVICE
from trellis.resources import auth_policies, dns, security_group, services
from trellis.runs.request import RunRequest, scope_of_services
from trellis.runs.toolbox import Toolbox

_MOST_NAMED = 200


def read(tools: Toolbox, request: RunRequest) -> dict[str, Any]:
    """Read the cluster and return the run; raises ClusterNotRegisteredError and ClusterUnreadableError."""
    read_at = int(tools.now() * 1000)
    cluster = tools.registry.get(request.cluster)
    # Before anything is read: what happens from now on needs another run.
    items = tools.checks.take(cluster.name) if request.lane == "event" else frozenset()
    scope = narrowest_scope(items) if request.lane == "event" else request.scope
    snapshot_key = None
    if cluster.state is ClusterState.ACTIVE:
        # Before the routes: a canary that writes weights from now on has another mark by the time they are planned.
        canaries = marks(tools.canaries.of_cluster(cluster.name))
        api = KubernetesApi.of_cluster(tools.clients.eks, cluster.name, cluster.region)
        snapshot = {**read_snapshot(api, cluster.name), "canaries": canaries}
        snapshot_key = tools.documents.put("snapshots", cluster.name, snapshot)
    return {
        "cluster": cluster.name,
        "scope": scope,
        "mode": request.mode or cluster.mode,
        "lane": request.lane,
        "run": request.run,
        "snapshotKey": snapshot_key,
        "named": holders_named(items) if request.lane == "event" else [],
        "readAt": read_at,
    }


def holders_named(items: Collection[str]) -> list[str] | None:
    """The services and networks whose auth events are about; None when they are too many for a run's input.

    Where nothing is left of what events asked for, a call of this function has died that had taken it.
    """
    prefix = f"{auth_policies.KIND}/"
    named = sorted(item.removeprefix(prefix) for item in items if item.startswith(prefix))
    return named if items and len(named) <= _MOST_NAMED else None


def narrowest_scope(items: Collection[str]) -> str:
    """The scope that covers these work items, written `kind/name`.

    The names are part of every run. A network that was made anew, or is shared again, has none of the services. Where
    nothing is left of what events asked for, a call of this function has died that had taken it.
    """
    scopes = {_scope(item) for item in items if not item.startswith(f"{dns.KIND}/")} or ({"vpc"} if items else set())
    if len(scopes) == 1:
        return next(iter(scopes))
    chosen = [name for kind, _, name in (scope.partition("/") for scope in scopes) if kind == SERVICE]
    return scope_of_services(chosen) if len(chosen) == len(scopes) else "cluster"


def _scope(item: str) -> str:
    kind, _, name = item.partition("/")
    if kind == auth_policies.KIND:
        return name if name.startswith(f"{SERVICE}/") else "vpc"
    if kind == security_group.KIND:
        return "vpc"
    return f"service/{name}" if kind == services.KIND else "cluster"
