"""Asks an operator's own function whether a canary may go on, or tells it how the rollout has ended."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_hooks import HookCall, ask_hook
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return ask_hook(tools, HookCall.model_validate(event))
