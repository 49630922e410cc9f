"""The first part of a run: check the input, read the cluster, keep the snapshot."""

from typing import Any

from trellis.clusters.api import KubernetesApi
from trellis.clusters.snapshot import read_snapshot
from trellis.model import ClusterState
from trellis.runs.request import RunRequest
from trellis.runs.toolbox import Toolbox


def read(tools: Toolbox, request: RunRequest) -> dict[str, Any]:
    """Read the cluster and return the run; raises ClusterNotRegisteredError and ClusterUnreadableError."""
    cluster = tools.registry.get(request.cluster)
    snapshot_key = None
    if cluster.state is ClusterState.ACTIVE:
        api = KubernetesApi.of_cluster(tools.clients.eks, cluster.name, cluster.region)
        snapshot_key = tools.documents.put("snapshots", cluster.name, read_snapshot(api, cluster.name))
    return {
        "cluster": cluster.name,
        "scope": request.scope,
        "mode": request.mode or cluster.mode,
        "lane": request.lane,
        "run": request.run,
        "snapshotKey": snapshot_key,
    }
