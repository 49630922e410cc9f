"""Brings back the weights from before a canary, and verifies that VPC Lattice has followed."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_rollback import RollbackCall, roll_back
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return roll_back(tools, RollbackCall.model_validate(event))
