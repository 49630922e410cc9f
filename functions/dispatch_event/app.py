"""Parses an event about an EKS cluster and starts the execution that deals with it."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.dispatching import dispatch
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return dispatch(tools, event)
