"""Takes an operator's command to a canary under way, or the decision at its gate."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_commands import CommandRequest, command
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return command(tools, CommandRequest.model_validate(event))
