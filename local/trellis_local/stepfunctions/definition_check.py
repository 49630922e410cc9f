"""Refuses a state machine that the local stack could not run as AWS does: JSONata only, and no feature by halves.

`check` is what CreateStateMachine calls. The tables are the fields of the states language for JSONata; what is absent
from them is either unknown to AWS too, or named in `NOT_EMULATED` with the reason.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trellis_local.stepfunctions import jsonata
from trellis_local.stepfunctions.task_resources import check_task, is_waiting_for_child

Fields = frozenset[str]


class DefinitionError(ValueError):
    """The message says where in the definition, and what."""


def _fields(*names: str) -> Fields:
    return frozenset({"Type", "Comment", "QueryLanguage", "Output", *names})


FLOW = ("Next", "End", "Assign")
ERRORS = ("Retry", "Catch")
STATE_FIELDS: dict[str, Fields] = {
    "Task": _fields("Resource", "Arguments", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", *FLOW, *ERRORS),
    "Pass": _fields(*FLOW),
    "Wait": _fields("Seconds", "Timestamp", *FLOW),
    "Choice": _fields("Choices", "Default", "Assign"),
    "Succeed": _fields(),
    "Fail": _fields("Error", "Cause") - {"Output"},
    "Parallel": _fields("Branches", "Arguments", *FLOW, *ERRORS),
    "Map": _fields("Items", "ItemReader", "ItemSelector", "ItemProcessor", "MaxConcurrency", "Label", *FLOW, *ERRORS),
}
MACHINE_FIELDS = frozenset({"Comment", "StartAt", "States", "TimeoutSeconds", "Version", "QueryLanguage"})
BRANCH_FIELDS = frozenset({"Comment", "StartAt", "States", "QueryLanguage", "ProcessorConfig"})
CHOICE_FIELDS = frozenset({"Condition", "Next", "Assign", "Output", "Comment"})
CATCH_FIELDS = frozenset({"ErrorEquals", "Next", "Assign", "Output", "Comment"})
RETRY_FIELDS = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
NOT_EMULATED = {
    "ToleratedFailureCount": "only the default tolerance, no failed child, is emulated",
    "ToleratedFailurePercentage": "only the default tolerance, no failed child, is emulated",
    "ItemBatcher": "the interpreter does not know it",
    "ResultWriter": "the interpreter writes no result files",
}
READER = "arn:aws:states:::s3:getObject"


def check(definition: str) -> dict[str, Any]:
    """The parsed definition; raise DefinitionError."""
    try:
        document = json.loads(definition)
    except ValueError as error:
        raise DefinitionError(f"the definition is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("QueryLanguage") != "JSONata":
        raise DefinitionError("QueryLanguage must be JSONata: the local stack does not emulate JSONPath")
    _only(document, MACHINE_FIELDS, "the machine")
    names: set[str] = set()
    for where, scope in scopes(document):
        _check_scope(scope, where, names)
    return document


def waits_for_child_executions(document: Mapping[str, Any]) -> bool:
    """Whether a Task starts an execution and waits for its end."""
    return any(is_waiting_for_child(state) for _where, state in all_states(document))


def scopes(document: Mapping[str, Any], where: str = "the machine") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The machine and every branch and item processor in it: each has a StartAt and States of its own."""
    yield where, document
    for name, state in (document.get("States") or {}).items():
        if not isinstance(state, Mapping):
            raise DefinitionError(f"state '{name}' is no object")
        for index, branch in enumerate(state.get("Branches") or []):
            yield from scopes(branch, f"branch {index} of '{name}'")
        if "ItemProcessor" in state:
            yield from scopes(state["ItemProcessor"], f"the item processor of '{name}'")


def all_states(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state with its name, nested ones included."""
    for _where, scope in scopes(document):
        yield from (scope.get("States") or {}).items()


def next_states(state: Mapping[str, Any]) -> set[str]:
    """Where a state can lead."""
    following = {state[key] for key in ("Next", "Default") if key in state}
    for key in ("Choices", "Catch"):
        following |= {rule["Next"] for rule in state.get(key) or [] if "Next" in rule}
    return following


def _check_scope(scope: Mapping[str, Any], where: str, names: set[str]) -> None:
    states = scope.get("States") or {}
    if where != "the machine":
        _only(scope, BRANCH_FIELDS, where)
    if scope.get("StartAt") not in states:
        raise DefinitionError(f"StartAt of {where} names no state: {scope.get('StartAt')!r}")
    for name, state in states.items():
        if name in names:
            raise DefinitionError(f"the state name '{name}' is used twice")
        names.add(name)
        _check_state(name, state)
        dangling = sorted(next_states(state) - set(states))
        if dangling:
            raise DefinitionError(f"state '{name}' leads to '{dangling[0]}', which is no state of {where}")
    _check_reachable(states, scope["StartAt"], where)


def _check_reachable(states: Mapping[str, Any], start: str, where: str) -> None:
    reached, waiting = {start}, [start]
    while waiting:
        fresh = next_states(states[waiting.pop()]) - reached
        reached |= fresh
        waiting += fresh
    unreachable = sorted(set(states) - reached)
    if unreachable:
        raise DefinitionError(f"state '{unreachable[0]}' of {where} can never be reached")


def _check_state(name: str, state: Mapping[str, Any]) -> None:
    kind = state.get("Type")
    if kind not in STATE_FIELDS:
        raise DefinitionError(f"state '{name}' has the unknown type {kind!r}")
    if state.get("QueryLanguage", "JSONata") != "JSONata":
        raise DefinitionError(f"state '{name}': the local stack does not emulate JSONPath")
    _only(state, STATE_FIELDS[kind], f"state '{name}'")
    if kind in ("Task", "Pass", "Wait", "Parallel", "Map") and ("Next" in state) == (state.get("End") is True):
        raise DefinitionError(f"state '{name}' needs either Next or End")
    for rule in state.get("Choices") or []:
        _only(rule, CHOICE_FIELDS, f"a choice of state '{name}'")
    for key, allowed in (("Retry", RETRY_FIELDS), ("Catch", CATCH_FIELDS)):
        _check_errors(state.get(key) or [], allowed, f"{key} of state '{name}'")
    if kind == "Task":
        problem = check_task(state)
        if problem:
            raise DefinitionError(f"state '{name}': {problem}")
    if kind == "Map":
        _check_map(name, state)
    _check_expressions(name, state)


def _check_errors(rules: list[Mapping[str, Any]], allowed: Fields, where: str) -> None:
    for index, rule in enumerate(rules):
        _only(rule, allowed, where)
        errors = rule.get("ErrorEquals")
        if not errors:
            raise DefinitionError(f"{where} needs ErrorEquals")
        if "States.ALL" in errors and (len(errors) > 1 or index < len(rules) - 1):
            raise DefinitionError(f"{where}: States.ALL must stand alone and last")


def _check_map(name: str, state: Mapping[str, Any]) -> None:
    processor = state.get("ItemProcessor")
    if not isinstance(processor, Mapping):
        raise DefinitionError(f"Map state '{name}' needs an ItemProcessor")
    reader = state.get("ItemReader")
    if reader is not None:
        kind = (reader.get("ReaderConfig") or {}).get("InputType")
        if reader.get("Resource") != READER or kind != "JSON":
            raise DefinitionError(f"state '{name}': only an ItemReader of {READER} with InputType JSON is emulated")
    mode = (processor.get("ProcessorConfig") or {}).get("Mode", "INLINE")
    if mode != "DISTRIBUTED" and (reader is not None or "Label" in state):
        raise DefinitionError(f"state '{name}': ItemReader and Label belong to a DISTRIBUTED map")


def _check_expressions(name: str, value: Any) -> None:
    if isinstance(value, str) and value.startswith(jsonata.OPENING):
        if not value.endswith(jsonata.CLOSING):
            raise DefinitionError(f"state '{name}': the expression {value!r} has no end")
        problem = jsonata.syntax_error(value[len(jsonata.OPENING) : -len(jsonata.CLOSING)].strip())
        if problem:
            raise DefinitionError(f"state '{name}': {value!r}: {problem}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key.endswith(".$"):
                raise DefinitionError(f"state '{name}': '{key}' is JSONPath")
            if key not in ("Branches", "ItemProcessor"):
                _check_expressions(name, item)
    elif isinstance(value, list):
        for item in value:
            _check_expressions(name, item)


def _only(document: Mapping[str, Any], allowed: Fields, where: str) -> None:
    for field in document:
        if field in NOT_EMULATED and field not in allowed:
            raise DefinitionError(f"{where}: {field} is not emulated by the local stack: {NOT_EMULATED[field]}")
        if field not in allowed:
            raise DefinitionError(f"{where} has the unknown field {field!r}")
