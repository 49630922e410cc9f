"""Publishes the report of a run."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.reporting import Results, publish
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return publish(tools, Results.model_validate(event))
