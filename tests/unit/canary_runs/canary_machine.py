"""What `shift-canary` says happens next: read from the definition that is deployed, so that no test knows it better."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trellis_local.stepfunctions import jsonata

_PLACE = Path(__file__).parents[3] / "statemachines"
_FUNCTION = re.compile(r"^\$\{(\w+)Arn\}$")

State = Mapping[str, Any]
Variables = Mapping[str, Any]


@lru_cache
def definition(name: str) -> Any:
    """A state machine's definition, as it is written."""
    return yaml.safe_load((_PLACE / f"{name}.asl.yaml").read_text())


def state_of(name: str) -> State:
    """One state of `shift-canary`; of a gate, the state that asks the person."""
    found: State = definition("shift-canary")["States"][name]
    return {**found["Branches"][0]["States"]["AskPerson"], **found} if found["Type"] == "Parallel" else found


def run_waits(left: Sequence[str], attempts: int) -> bool:
    """Whether a run tries work items again that another run is busy with, after so many attempts."""
    stage = definition("reconcile-cluster")["States"]["ForEachStage"]["ItemProcessor"]["States"]["ForEachBatch"]
    (choice,) = stage["ItemProcessor"]["States"]["IsFinished"]["Choices"]
    return bool(value_of(choice["Condition"], {"batch": {"names": left}, "attempt": attempts}))


def function_of(state: State) -> str:
    """The function that a task calls, or the machine that it starts, as the template names it."""
    arguments = state["Arguments"]
    found = _FUNCTION.match(arguments.get("FunctionName") or arguments["StateMachineArn"])
    assert found is not None
    return found[1]


def matching(rules: Sequence[State], error: str) -> tuple[int, State] | None:
    """The first retry or catch for an error, with its place."""
    return next((each for each in enumerate(rules) if {error, "States.ALL"} & set(each[1]["ErrorEquals"])), None)


def delay(retry: State, tried: int) -> float:
    """Seconds until the next try, with the longest jitter."""
    seconds = retry["IntervalSeconds"] * float(retry["BackoffRate"]) ** tried
    return min(seconds, float(retry["MaxDelaySeconds"]))


def value_of(written: Any, variables: Variables) -> Any:
    """What stands in a definition, with its expressions evaluated."""
    if isinstance(written, Mapping):
        return {name: value_of(value, variables) for name, value in written.items()}
    if not isinstance(written, str) or not written.startswith(jsonata.OPENING):
        return written
    expression = written.removeprefix(jsonata.OPENING).removesuffix(jsonata.CLOSING).strip()
    asked = {name: value for name, value in variables.items() if f"${name}" in expression}
    return json.loads(_evaluated(expression, json.dumps(asked)))


@lru_cache(maxsize=10_000)  # thousands of sequences ask for the same few hundred
def _evaluated(expression: str, variables: str) -> str:
    return json.dumps(jsonata.evaluate(expression, json.loads(variables)))
