"""Applies the IAM roles and Pod Identity associations of ServiceAccounts."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.applying import provision_client_identity
from trellis.runs.request import BatchRun
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return provision_client_identity(tools, BatchRun.model_validate(event))
