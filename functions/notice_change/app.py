"""Takes note of somebody else's change and starts the check of the cluster whose resource it touched."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.noticing import notice
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return notice(tools, event)
