"""Keeps Trellis' access entries in EKS clusters."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.cluster_access import ACCESS, keep_access
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return keep_access(tools, ACCESS.validate_python(event))
