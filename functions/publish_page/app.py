"""Publishes the page of a drift check."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.fleet_page import CheckResults, publish_fleet_page
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return publish_fleet_page(tools, CheckResults.model_validate(event))
