"""Keeps the token of a gate at which a person decides, and the end of the time for that."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_gates import GateCall, keep_gate
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return keep_gate(tools, GateCall.model_validate(event))
