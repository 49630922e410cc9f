"""Starts the check of the services that a certificate of ACM concerns, when an event tells of it."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.rotating import rotate
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return rotate(tools, event)
