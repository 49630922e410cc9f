"""The clusters that a scheduled check goes through."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.model import Mode
from trellis.runs.toolbox import Toolbox


class ListRequest(BaseModel):
    """The input of check-drift."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode | None = None


def list_runs(tools: Toolbox, request: ListRequest) -> dict[str, Any]:
    """One input of reconcile-cluster for each registered cluster."""
    mode = {"mode": request.mode} if request.mode else {}
    return {
        "clusters": [{"cluster": cluster.name, "lane": "schedule", **mode} for cluster in tools.registry.list()],
    }
