"""Keeps the registry of clusters."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.onboarding import Registration, keep_registration
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return keep_registration(tools, Registration.model_validate(event))
