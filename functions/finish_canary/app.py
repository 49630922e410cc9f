"""Ends a canary that was promoted, or whose rollback failed."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_finish import FinishCall, finish
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return finish(tools, FinishCall.model_validate(event))
