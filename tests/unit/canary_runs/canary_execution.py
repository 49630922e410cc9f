"""An execution of the state machine of canaries, one state at a time, by its definition (`canary_machine.py`).

The machine itself runs in tests/e2e; here each state can be interrupted, stopped and redriven, and no time passes but
what a test wants.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError
from canary_aws import EXECUTIONS
from canary_machine import State, delay, function_of, matching, run_waits, state_of, value_of
from canary_world import Killed, World, asked

from trellis.errors import TrellisError
from trellis.observability import translated
from trellis.planning.work import Status
from trellis.runs.canary_evaluation import EvaluationCall, evaluate
from trellis.runs.canary_finish import FinishCall, finish
from trellis.runs.canary_gates import GateCall, keep_gate
from trellis.runs.canary_hooks import HookCall, ask_hook
from trellis.runs.canary_preparation import Preparation, prepare
from trellis.runs.canary_rollback import RollbackCall, roll_back
from trellis.runs.canary_shifting import ShiftCall, shift

_FUNCTIONS: Mapping[str, tuple[Any, Callable[..., Any]]] = {
    "PrepareCanaryFunction": (Preparation, prepare),
    "ShiftWeightsFunction": (ShiftCall, shift),
    "EvaluateCanaryFunction": (EvaluationCall, evaluate),
    "OpenGateFunction": (GateCall, keep_gate),
    "FinishCanaryFunction": (FinishCall, finish),
    "RollBackCanaryFunction": (RollbackCall, roll_back),
    "AskHookFunction": (HookCall, ask_hook),
}
_TICK = 400.0
"""Seconds for each wait of the machine: a step's bake is over after one, where the machine waits several times."""


class Execution:
    """`state` is the next task; `status` as Step Functions has it; `end` is the error that it ended with."""

    def __init__(self, world: World, name: str, document: Mapping[str, Any] | None = None) -> None:
        self._world = world
        self.arn = f"{EXECUTIONS}:{name}"
        self._context = {"Execution": {"Id": self.arn, "StartTime": "2026-01-01T00:00:00Z"}}
        self._input = document or asked()
        self._variables: dict[str, Any] = {}
        self._tried: dict[int, int] = {}
        self._wait = 0.0
        self._run: dict[str, Any] | None = None
        self._attempts = 0
        self._is_inside_run = False
        self.end = ""
        self.status = "RUNNING"
        self.state = "Begin"
        self._enter("Begin")

    @property
    def status(self) -> str:
        """The execution's status."""
        return self._world.states.statuses[self.arn]

    @status.setter
    def status(self, status: str) -> None:
        self._world.states.statuses[self.arn] = status

    @property
    def is_running(self) -> bool:
        """Whether it has anything to do."""
        return self.status == "RUNNING"

    @property
    def tries(self) -> int:
        """How often the state has failed, and is tried again."""
        return sum(self._tried.values())

    @property
    def failure(self) -> dict[str, str]:
        """What was caught last."""
        failure: dict[str, str] = self._variables["failure"]
        return failure

    @property
    def report(self) -> dict[str, Any]:
        """The outline of the report that was made last."""
        report: dict[str, Any] = self._variables.get("report", {})
        return report

    @property
    def because(self) -> str:
        """What the function said that failed last."""
        return str(json.loads(self.failure["cause"])["errorMessage"])

    def stop(self, status: str = "ABORTED") -> None:
        """Stopped by somebody, or by the clock."""
        if self.is_running:
            self.status = status

    def redrive(self) -> None:
        """Go on at the state in which it was stopped."""
        if self.status in ("ABORTED", "TIMED_OUT"):
            self.status, self._tried, self._run = "RUNNING", {}, None

    def until(self, *states: str) -> "Execution":
        """Go on until one of these states is next, or the execution has ended."""
        for _ in range(500):
            if not self.is_running or self.state in states or self._is_inside_run:
                return self
            self.advance()
        raise AssertionError(f"still in {self.state}")

    def advance(self) -> None:
        """Do one task, or one try of it. Several calls of a function may be under way; a run is waited for."""
        if not self.is_running or self._is_inside_run:
            return
        name = self.state
        state = state_of(name)
        self._world.now, self._wait = self._world.now + self._wait, 0.0
        try:
            result = self._called(state)
        except Killed:
            self._failed(name, "Lambda.Unknown", "the process is gone")
        except ClientError as error:
            self._raised(name, translated(error))
        except TrellisError as error:
            self._raised(name, error)
        else:
            self._go(name, state, {"result": result})

    def finished(self) -> "Execution":
        """Go on until the execution has ended."""
        return self.until()

    def call(self, model: Any, action: str, **more: Any) -> Any:
        """The call of a function for this canary."""
        return model(**{**self._variables["canary"], "action": action, **more})

    def _called(self, state: State) -> Any:
        function = function_of(state)
        if function == "ReconcileCluster":
            return self._reconciled(self._value(state["Arguments"]["Input"]))
        token = {"Task": {"Token": f"token-{self.tries}"}}
        payload = self._value(state["Arguments"]["Payload"], {"context": {**self._context, **token}})
        model, call = _FUNCTIONS[function]
        return {"Payload": call(self._world.tools, model.model_validate(payload))}

    def _reconciled(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """A run of the one data flow: it repeats a function that died, and waits for another run."""
        assert asked["cluster"] == self._world.cluster
        self._is_inside_run = True
        try:
            if self._run is None:
                read = self._world.read(asked["scope"], asked["lane"])
                self._run, self._attempts = self._world.plan(read), 0
            statuses = self._world.apply(self._run)
        except Killed:
            raise _WaitingError from None
        finally:
            self._is_inside_run = False
        self._attempts += 1
        if run_waits([status for status in statuses if status == Status.IN_PROGRESS], self._attempts):
            raise _WaitingError
        self._run = None
        return {"statuses": statuses}

    def _raised(self, name: str, error: Exception) -> None:
        if not isinstance(error, _WaitingError):
            kind = type(error).__name__
            self._failed(name, kind, json.dumps({"errorMessage": str(error), "errorType": kind}))

    def _failed(self, name: str, error: str, cause: str) -> None:
        # A late function of a stopped execution does its work, and changes nothing about the execution.
        if not self.is_running or self.state != name:
            return
        state = state_of(name)
        if self._tries_again(state.get("Retry", ()), error):
            return
        caught = matching(state.get("Catch", ()), error)
        if caught is None:
            self._ended(error)
        else:
            self._go(name, caught[1], {"errorOutput": {"Error": error, "Cause": cause}})

    def _tries_again(self, retries: Sequence[State], error: str) -> bool:
        found = matching(retries, error)
        if found is None:
            return False
        place, retry = found
        tried = self._tried.get(place, 0)
        if tried == retry["MaxAttempts"]:
            return False
        self._tried[place] = tried + 1
        self._world.now += delay(retry, tried)
        return True

    def _go(self, name: str, rule: State, known: Mapping[str, Any]) -> None:
        """Leave a state as its definition, or one of its catches, says."""
        if self.is_running and self.state == name:
            self._assign(rule, known)
            self._enter(rule["Next"])

    def _enter(self, name: str) -> None:
        """Go through what calls nothing, up to the next task or the end."""
        self.state, self._tried = name, {}
        state = state_of(name)
        match state["Type"]:
            case "Choice":
                chosen = (choice["Next"] for choice in state["Choices"] if self._value(choice["Condition"]))
                self._enter(next(chosen, state["Default"]))
            case "Pass":
                self._assign(state, {})
                self._enter(state["Next"])
            case "Wait":
                self._wait = _TICK
                self._enter(state["Next"])
            case "Succeed":
                self._ended("")
            case "Fail":
                self._value(state["Cause"])
                self._ended(state["Error"])

    def _assign(self, rule: State, known: Mapping[str, Any]) -> None:
        self._variables |= self._value(rule.get("Assign", {}), known)

    def _value(self, written: Any, known: Mapping[str, Any] | None = None) -> Any:
        states = {"input": self._input, "context": self._context, **(known or {})}
        return value_of(written, {**self._variables, "states": states})

    def _ended(self, error: str) -> None:
        self.status, self.end = ("FAILED" if error else "SUCCEEDED"), error


class _WaitingError(TrellisError):
    """A run waits for another one."""
