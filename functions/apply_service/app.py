"""Applies VPC Lattice services with everything under them."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.applying import apply_service
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return apply_service(tools, BatchRun.model_validate(event))
