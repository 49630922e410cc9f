"""Checks what an operator asks for and takes the lease of the route."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_preparation import Preparation, prepare
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return prepare(tools, Preparation.model_validate(event))
