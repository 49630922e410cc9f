"""Moves the weights of a canary one step, and verifies that VPC Lattice has followed."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_shifting import ShiftCall, shift
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return shift(tools, ShiftCall.model_validate(event))
