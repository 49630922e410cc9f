"""Compares what a cluster asks for with AWS."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.planning import plan
from trellis.runs.request import Run
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return plan(tools, Run.model_validate(event))
