"""Applies the service network and the VPC association of a cluster."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.applying import associate_vpc
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return associate_vpc(tools, BatchRun.model_validate(event))
