"""An execution of the state machine of canaries, one state at a time: what it calls, repeats, and catches.

The machine itself runs in tests/e2e; here each state can be interrupted, stopped and redriven.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from canary_aws import EXECUTIONS
from canary_world import Killed, World, asked

from trellis.errors import InvalidInputError, StepEndedError, TrellisError
from trellis.observability import translated
from trellis.runs.canary_evaluation import EvaluationCall, evaluate
from trellis.runs.canary_finish import FinishCall, finish
from trellis.runs.canary_gates import GateCall, keep_gate
from trellis.runs.canary_hooks import HookCall, ask_hook
from trellis.runs.canary_preparation import Preparation, prepare
from trellis.runs.canary_rollback import RollbackCall, roll_back
from trellis.runs.canary_shifting import ShiftCall, shift

REPEATED = frozenset(
    {
        "LeaseHeldError",
        "ThrottledError",
        "ServiceUnavailableError",
        "ClusterUnreadableError",
        "ClusterUpdatingError",
        "NotYetAppliedError",
        "RouteMovedError",
    }
)
_TIMES = {"Verify": 36, "RollBack": 40, "VerifyRollback": 40}
_USUALLY = 8
_BACKWARD = ("RollBack", "VerifyRollback")
_TICK = 400.0
DECIDE = {"SHIFT": "Shift", "HOOK": "AskHook", "GATE": "Gate", "COMPLETE": "Complete"}


class Execution:
    """`state` is the next one; `status` as Step Functions has it; `end` is the error that it ended with."""

    def __init__(self, world: World, name: str, document: Mapping[str, Any] | None = None) -> None:
        self._world = world
        self._input = document or asked()
        self.arn = f"{EXECUTIONS}:{name}"
        self.canary: dict[str, Any] = self._input.get("recover", {})
        self.failure = {"error": "Recovered", "cause": ""}
        self.state = "RollBack" if self.canary else "Prepare"
        self.end = self._ending = ""
        self.report: dict[str, Any] = {}
        self._wait = 0
        self.tries = 0
        self.status = "RUNNING"

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

    def stop(self, status: str = "ABORTED") -> None:
        """Stopped by somebody, or by the clock."""
        if self.is_running:
            self.status = status

    def redrive(self) -> None:
        """Go on at the state in which it was stopped."""
        if self.status in ("ABORTED", "TIMED_OUT"):
            self.status, self.tries = "RUNNING", 0

    def until(self, *states: str) -> "Execution":
        """Go on until one of these states is next, or the execution has ended."""
        for _ in range(200):
            if not self.is_running or self.state in states:
                return self
            self.advance()
        raise AssertionError(f"still in {self.state}")

    def advance(self) -> None:
        """Do one state, or one try of it."""
        if not self.is_running:
            return
        state = self.state
        try:
            following = self._states[state](self)
        except Killed:
            self._again(state, "Lambda.Unknown")
        except StepEndedError as error:
            self._go(state, DECIDE[str(error)])
        except ClientError as error:
            self._failed(state, translated(error))
        except TrellisError as error:
            self._failed(state, error)
        else:
            self._go(state, following)

    def finished(self) -> "Execution":
        """Go on until the execution has ended."""
        return self.until()

    def call(self, model: Any, action: str, **more: Any) -> Any:
        """The call of a function for this canary."""
        return model(**{**self.canary, "action": action, **more})

    def _go(self, state: str, following: str) -> None:
        # A late function of a stopped execution does its work, and changes nothing about the execution.
        if self.is_running and self.state == state:
            self.state, self.tries = following, 0

    def _again(self, state: str, error: str) -> None:
        self.tries += 1
        self._world.now += 5
        if self.tries > _TIMES.get(state, _USUALLY):
            self._caught(state, error, "tried too often")

    def _failed(self, state: str, error: Exception) -> None:
        name = type(error).__name__
        if name in REPEATED:
            self._again(state, name)
        else:
            self._caught(state, name, str(error))

    def _caught(self, state: str, error: str, cause: str) -> None:
        if not self.is_running:
            return
        self.failure, self.tries = {"error": error, "cause": cause}, 0
        if state == "Prepare":
            self._ended("Rejected" if error == InvalidInputError.__name__ else "NotPrepared")
        elif state == "CountExposure":
            self._ended("RolledBack")
        elif error == "LeaseLostError":
            self._ended("LeaseLost")
        elif state in _BACKWARD:
            self.state = "RecordRollbackFailure"
        elif state == "RecordRollbackFailure":
            self._ended("RollbackFailed")
        else:
            self.state = "RollBack"

    def _ended(self, error: str) -> str:
        if self.is_running:
            self.status, self.end = ("FAILED" if error else "SUCCEEDED"), error
        return "End"

    def _prepare(self) -> str:
        call = Preparation(input=self._input, execution=self.arn, started="2026-01-01T00:00:00Z")
        answer = prepare(self._world.tools, call)
        self.canary = answer["canary"]
        return DECIDE[answer["next"]]

    def _shift(self) -> str:
        shift(self._world.tools, self.call(ShiftCall, "shift"))
        return "Reconcile"

    def _verify(self) -> str:
        shift(self._world.tools, self.call(ShiftCall, "verify"))
        return "Evaluate"

    def _evaluate(self) -> str:
        self._world.now += _TICK
        evaluate(self._world.tools, self.call(EvaluationCall, "tick"))
        return "Evaluate"

    def _gate(self) -> str:
        keep_gate(self._world.tools, self.call(GateCall, "open", token=f"token-{self.tries}"))
        return "Evaluate"

    def _ask_hook(self) -> str:
        return DECIDE[ask_hook(self._world.tools, self.call(HookCall, "ask"))["next"]]

    def _complete(self) -> str:
        report = finish(self._world.tools, self.call(FinishCall, "promote"))
        return self._told(report, "")

    def _roll_back(self) -> str:
        answer = roll_back(self._world.tools, self.call(RollbackCall, "restore", failure=self.failure))
        self.canary = answer["canary"]
        return "ReconcileBaseline"

    def _verify_rollback(self) -> str:
        answer = roll_back(self._world.tools, self.call(RollbackCall, "verify"))
        self.report, self._wait = answer["report"], answer["wait"]
        return "CountExposure"

    def _count(self) -> str:
        self._world.now += self._wait
        self.report = roll_back(self._world.tools, self.call(RollbackCall, "count"))
        return self._told(self.report, "RolledBack")

    def _told(self, report: Mapping[str, Any], end: str) -> str:
        if not report.get("hooked"):
            return self._ended(end)
        self._ending = end
        return "TellHook"

    def _tell_hook(self) -> str:
        with suppress(TrellisError):
            ask_hook(self._world.tools, self.call(HookCall, "tell"))
        return self._ended(self._ending)

    def _record(self) -> str:
        finish(self._world.tools, self.call(FinishCall, "fail", failure=self.failure))
        return self._ended("RollbackFailed")

    def _reconcile(self, following: str) -> str:
        self._world.reconcile()
        return following

    _states: Mapping[str, Callable[["Execution"], str]] = {
        "Prepare": _prepare,
        "Shift": _shift,
        "Reconcile": lambda self: self._reconcile("Verify"),
        "Verify": _verify,
        "Evaluate": _evaluate,
        "Gate": _gate,
        "AskHook": _ask_hook,
        "Complete": _complete,
        "TellHook": _tell_hook,
        "RollBack": _roll_back,
        "ReconcileBaseline": lambda self: self._reconcile("VerifyRollback"),
        "VerifyRollback": _verify_rollback,
        "CountExposure": _count,
        "RecordRollbackFailure": _record,
    }
