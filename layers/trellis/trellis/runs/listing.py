"""The clusters that a scheduled check goes through."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.errors import ClusterNotRegisteredError
from trellis.model import Mode
from trellis.runs.discovering import Discovered, discover
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox


class ListRequest(BaseModel):
    """The input of check-drift; with `cluster` only that one is checked, on behalf of the person who asks.

    `check` is the name of the execution.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode | None = None
    cluster: ClusterName | None = None
    check: str = ""


def list_runs(tools: Toolbox, request: ListRequest) -> dict[str, Any]:
    """One input of reconcile-cluster for each cluster to check; raises ClusterNotRegisteredError.

    A check of the fleet that does more than report also looks for clusters that have joined or left unnoticed.
    """
    lane = "manual" if request.cluster else "schedule"
    mode = {"mode": request.mode} if request.mode else {}
    clusters = [cluster for cluster in tools.registry.list() if request.cluster in (None, cluster.name)]
    is_all = request.cluster is None and request.mode is not Mode.PLAN
    discovered = discover(tools, clusters, check=request.check) if is_all else Discovered()
    names = [cluster.name for cluster in clusters if cluster.name not in discovered.leaving]
    if request.cluster and not names:
        raise ClusterNotRegisteredError(f"cluster {request.cluster} is not registered; start onboard-cluster for it")
    return {"clusters": [{"cluster": name, "lane": lane, **mode} for name in names], **asdict(discovered)}
