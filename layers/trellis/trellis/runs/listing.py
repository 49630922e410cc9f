"""The clusters that a scheduled check goes through."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.errors import ClusterNotRegisteredError
from trellis.model import Mode
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox


class ListRequest(BaseModel):
    """The input of check-drift; with `cluster` only that one is checked, on behalf of the person who asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode | None = None
    cluster: ClusterName | None = None


def list_runs(tools: Toolbox, request: ListRequest) -> dict[str, Any]:
    """One input of reconcile-cluster for each cluster to check; raises ClusterNotRegisteredError."""
    lane = "manual" if request.cluster else "schedule"
    mode = {"mode": request.mode} if request.mode else {}
    names = [cluster.name for cluster in tools.registry.list() if request.cluster in (None, cluster.name)]
    if request.cluster and not names:
        raise ClusterNotRegisteredError(f"cluster {request.cluster} is not registered; start onboard-cluster for it")
    return {"clusters": [{"cluster": name, "lane": lane, **mode} for name in names]}
