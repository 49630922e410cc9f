"""The state machines keep their contract with the functions: errors, limits and names, in both directions."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import trellis.errors
from trellis.errors import BusyError, CanaryError, InvalidEventError, PermanentError, TrellisError
from trellis_local.deploy.yaml_loading import load
from trellis_local.stepfunctions.definition_check import all_states, check
from trellis_local.stepfunctions.lint import lint

_ROOT = Path(__file__).parents[2]
_MACHINES = sorted((_ROOT / "statemachines").glob("*.asl.yaml"))
_LAMBDA = "arn:aws:states:::lambda:invoke"
_LAMBDAS = {_LAMBDA, f"{_LAMBDA}.waitForTaskToken"}
# Errors of AWS itself: of the states language, of Lambda and its runtime, and of the services that a machine calls.
_OF_AWS = re.compile(r"(States|Lambda|Runtime|Sandbox|StepFunctions|Eks|EventBridge)\.\w+")
_BASES = {TrellisError, PermanentError, BusyError, CanaryError}
# Raised by the function that reads events, which no state machine calls.
_NOT_SEEN = {InvalidEventError}

Document = Mapping[str, Any]
pytestmark = pytest.mark.parametrize("machine", _MACHINES, ids=lambda path: path.name.removesuffix(".asl.yaml"))


def _definition(machine: Path) -> dict[str, Any]:
    return load(machine)


def _tasks(machine: Path) -> Iterator[tuple[str, Document]]:
    for name, state in all_states(_definition(machine)):
        if state["Type"] == "Task":
            yield name, state


def _functions(machine: Path) -> Iterator[tuple[str, Document]]:
    for name, state in _tasks(machine):
        if state["Resource"] in _LAMBDAS:
            yield name, state


def _errors(machine: Path) -> dict[str, type[TrellisError]]:
    """The errors that functions of a machine can raise, by name."""
    classes = inspect.getmembers(trellis.errors, inspect.isclass)
    foreign = () if machine.name == "shift-canary.asl.yaml" else (CanaryError,)
    return {
        name: found
        for name, found in classes
        if issubclass(found, TrellisError) and found not in _BASES and not issubclass(found, foreign)
    }


def _own(names: list[str]) -> set[str]:
    return {name for name in names if not _OF_AWS.fullmatch(name)}


def test_aws_would_accept_the_definition(machine: Path) -> None:
    check(json.dumps(_definition(machine)))


def test_the_definition_keeps_the_house_rules(machine: Path) -> None:
    assert lint(json.dumps(_definition(machine))) == []


def test_every_task_is_bounded(machine: Path) -> None:
    assert [name for name, task in _tasks(machine) if not _is_bound(task.get("TimeoutSeconds"))] == []


def _is_bound(seconds: Any) -> bool:
    """A number, or an expression that gives one."""
    return seconds.startswith("{%") if isinstance(seconds, str) else bool(seconds)


def test_every_retry_spreads_its_attempts_and_bounds_its_waits(machine: Path) -> None:
    breaches = [
        f"{name}: {retrier['ErrorEquals']}"
        for name, task in _tasks(machine)
        for retrier in task["Retry"]
        if retrier.get("MaxAttempts", 3) > 0
        and (retrier.get("JitterStrategy") != "FULL" or "MaxDelaySeconds" not in retrier)
    ]
    assert breaches == []


def test_every_task_catches_whatever_is_left(machine: Path) -> None:
    assert [name for name, task in _tasks(machine) if task["Catch"][-1]["ErrorEquals"] != ["States.ALL"]] == []


def test_every_error_that_is_named_exists(machine: Path) -> None:
    named = [
        error
        for _, task in _tasks(machine)
        for rule in (*task["Retry"], *task["Catch"])
        for error in rule["ErrorEquals"]
    ]
    assert _own(named) <= set(_errors(machine))


def test_busy_errors_are_retried_and_no_other_errors_are(machine: Path) -> None:
    busy = {name for name, found in _errors(machine).items() if found.retry}
    for name, task in _functions(machine):
        retriers = [retrier for retrier in task["Retry"] if retrier["MaxAttempts"] > 0]
        assert _own([error for retrier in retriers for error in retrier["ErrorEquals"]]) == busy, name


def test_permanent_errors_are_never_retried(machine: Path) -> None:
    permanent = {name for name, found in _errors(machine).items() if not found.retry and found not in _NOT_SEEN}
    for name, task in _functions(machine):
        refusals = [retrier for retrier in task["Retry"] if retrier["MaxAttempts"] == 0]
        assert {error for retrier in refusals for error in retrier["ErrorEquals"]} == permanent, name


def test_the_template_substitutes_what_the_definition_uses(machine: Path) -> None:
    used = set(re.findall(r"\$\{(\w+)\}", machine.read_text("utf-8")))
    resources = load(_ROOT / "template.yaml")["Resources"].values()
    given = [
        set(resource["Properties"]["DefinitionSubstitutions"])
        for resource in resources
        if resource["Properties"].get("DefinitionUri") == f"statemachines/{machine.name}"
    ]
    assert given == [used]
