"""Looks at everything that speaks for or against a canary, once per tick."""

from typing import Any

from trellis.observability import entry_point
from trellis.runs.canary_evaluation import EvaluationCall, evaluate
from trellis.runs.toolbox import Toolbox

tools = Toolbox()


@entry_point
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point."""
    return evaluate(tools, EvaluationCall.model_validate(event))
