"""Shows how far a canary is, for the command line."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_status import StatusRequest, status
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return status(tools, StatusRequest.model_validate(event))
