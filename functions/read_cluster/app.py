"""Stores a snapshot of a cluster's Kubernetes objects."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.reading import read
from trellis.runs.request import RunRequest
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return read(tools, RunRequest.model_validate(event))
