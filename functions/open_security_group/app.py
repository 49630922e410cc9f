"""Applies the link-local rules of a cluster security group."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.applying import open_security_group
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return open_security_group(tools, BatchRun.model_validate(event))
