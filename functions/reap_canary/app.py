"""Takes canaries over whose execution is gone: after its event, or found by the sweep."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_reaping import reap
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return reap(tools, event)
