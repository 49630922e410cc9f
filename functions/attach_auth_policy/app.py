"""Applies the auth policy of a service or of the service network."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.applying import attach_auth_policy
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return attach_auth_policy(tools, BatchRun.model_validate(event))
