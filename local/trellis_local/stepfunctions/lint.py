"""House rules for the project's own state machines, stricter than AWS: every Task bounded, retried and caught."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trellis_local.stepfunctions.definition_check import DefinitionError, all_states, check


def lint(definition: str) -> list[str]:
    """One line for every breach; a definition that would be refused has that as its only line."""
    try:
        document = check(definition)
    except DefinitionError as refusal:
        return [str(refusal)]
    return [
        f"{name}: {problem}"
        for name, state in all_states(document)
        if state["Type"] == "Task"
        for problem in _problems(state)
    ]


def _problems(state: Mapping[str, Any]) -> Iterator[str]:
    if "TimeoutSeconds" not in state:
        yield "a Task needs TimeoutSeconds"
    if not state.get("Catch"):
        yield "a Task needs Catch"
    if not state.get("Retry"):
        yield "a Task needs Retry"
    for retrier in state.get("Retry") or []:
        errors = json.dumps(retrier["ErrorEquals"])
        if retrier.get("MaxAttempts") == 0:
            continue
        if retrier.get("JitterStrategy") != "FULL":
            yield f"Retry of {errors} needs JitterStrategy FULL"
        if "MaxDelaySeconds" not in retrier:
            yield f"Retry of {errors} needs MaxDelaySeconds"
