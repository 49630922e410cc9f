"""Writes the status of a cluster's Gateways and routes."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.status import StatusRun, write_status
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return write_status(tools, StatusRun.model_validate(event))
