"""Lists the registered clusters as inputs of reconcile-cluster."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.listing import ListRequest, list_runs
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return list_runs(tools, ListRequest.model_validate(event))
