"""Applies the records and zone associations of a cluster."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.applying import sync_dns
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return sync_dns(tools, BatchRun.model_validate(event))
