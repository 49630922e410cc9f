"""RedriveExecution, which moto lacks: an unsuccessful execution goes on at the state that did not succeed.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html: the same ARN, definition and input; the
states before are not run again; retries and the time limit of the execution begin anew; 14 days at most. An execution
that ended in a Fail state fails there again. Of a Parallel or Map state AWS reruns the branches that did not succeed;
here all of its branches run again.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType

from trellis_local import clock

Method = Callable[..., Any]

REDRIVABLE_DAYS = 14
REDRIVABLE = (ExecutionStatus.FAILED, ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


class ExecutionNotRedrivableError(AWSError):  # type: ignore[misc]  # moto is untyped
    """It runs, has succeeded, or is too old."""

    TYPE = "ExecutionNotRedrivable"
    STATUS = 400


@dataclass(frozen=True)
class Entered:
    """A state of the machine itself, not of a branch, as it was entered."""

    state: str
    input: Any
    variables: Mapping[str, Any]


def remember_entry(original: Method) -> Method:
    """Wrap the evaluation of a state: what a redrive needs to begin there."""

    def _eval_body(state: Any, env: Any) -> None:
        if not env.is_frame():
            variables = deepcopy(env.variable_store._inner_scope)
            env.entered = Entered(state.name, deepcopy(env.states.get_input()), variables)
        original(state, env)

    return _eval_body


def check(execution: Any) -> None:
    """Raise ExecutionNotRedrivableError."""
    name = execution.exec_arn
    if execution.exec_status not in REDRIVABLE:
        raise ExecutionNotRedrivableError(f"Execution is {execution.status} and cannot be redriven: '{name}'")
    if clock.current().now() - execution.stop_date > timedelta(days=REDRIVABLE_DAYS):
        raise ExecutionNotRedrivableError(f"Execution has exceeded its redrivable period: '{name}'")
    if getattr(execution.exec_worker.env, "entered", None) is None:
        raise ExecutionNotRedrivableError(f"Execution ended before its first state: '{name}'")


def restart(execution: Any) -> None:
    """Go on with an execution that was checked."""
    ended = execution.exec_worker.env
    worker = execution._get_start_execution_worker()
    fresh = worker._get_evaluation_environment
    worker._get_evaluation_environment = lambda: _resumed(fresh(), ended)
    execution.exec_worker = worker
    execution.stop_date = execution.error = execution.cause = None
    execution.redrive_count = getattr(execution, "redrive_count", 0) + 1
    execution.redrive_date = clock.current().now()
    worker.start()


def resume(original: Method) -> Method:
    """Wrap the evaluation of a program: begin where a redrive says."""

    def _eval_body(program: Any, env: Any) -> None:
        entered = getattr(env, "resume_at", None)
        if entered is not None:
            env.next_state_name = entered.state
            env.states.reset(deepcopy(entered.input))
            for name, value in entered.variables.items():
                env.variable_store.set(name, deepcopy(value))
        original(program, env)

    return _eval_body


def described(original: Method) -> Method:
    """Wrap DescribeExecution: what it says of redrives."""

    def describe_execution(response: Any) -> Any:
        answer = original(response)
        execution = response.stepfunction_backend.describe_execution(response._get_param("executionArn"))
        count = getattr(execution, "redrive_count", 0)
        told: dict[str, Any] = {"redriveCount": count, "redriveStatus": "REDRIVABLE"}
        if count:
            told["redriveDate"] = execution.redrive_date
        try:
            check(execution)
        except ExecutionNotRedrivableError as refusal:
            told |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": str(refusal.message)}
        answer.result.update(told)
        return answer

    return describe_execution


def redrive_execution(response: Any) -> Any:
    """The operation."""
    execution = response.stepfunction_backend.redrive_execution(response._get_param("executionArn"))
    return ActionResult({"redriveDate": execution.redrive_date})


def _resumed(env: Any, ended: Any) -> Any:
    """The environment of the new attempt, with the history of the one before."""
    env.resume_at = ended.entered
    env.event_manager = ended.event_manager
    env.event_history_context.integrate(ended.event_history_context)
    add_event = env.event_manager.add_event

    def add_redriven(*, event_type: Any, event_details: Any = None, **rest: Any) -> Any:
        # The interpreter begins every attempt with ExecutionStarted, which stays what it is: once.
        env.event_manager.add_event = add_event
        return add_event(event_type=HistoryEventType.ExecutionRedriven, **rest)

    env.event_manager.add_event = add_redriven
    return env
