"""Executions as status pages and EventBridge see them, and the wake-up call for a parent that waits for a child."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from trellis_local import clock

Publish = Callable[[dict[str, Any]], object]

FINAL = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


@dataclass(frozen=True)
class ExecutionSummary:
    """One execution; `output` is JSON text, `stopped` is None while it runs."""

    arn: str
    name: str
    state_machine_arn: str
    state_machine: str
    status: str
    started: datetime
    stopped: datetime | None
    input: str
    output: str | None
    error: str | None
    cause: str | None


def executions(*, account: str, region: str) -> tuple[ExecutionSummary, ...]:
    """All executions that the stack knows, the earliest first."""
    backend = stepfunctions_parser_backends[account][region]
    found = [summary(execution) for machine in backend.state_machines for execution in list(machine.executions)]
    return tuple(sorted(found, key=lambda execution: execution.started))


def summary(execution: Any) -> ExecutionSummary:
    """What the interpreter's execution object says."""
    status = execution.status
    return ExecutionSummary(
        arn=execution.exec_arn,
        name=execution.name,
        state_machine_arn=execution.state_machine.arn,
        state_machine=execution.state_machine.name,
        status=status,
        started=execution.start_date,
        stopped=execution.stop_date if status in FINAL else None,
        input=execution.execution_input,
        output=execution.output if status == "SUCCEEDED" else None,
        error=execution.error,
        cause=execution.cause,
    )


def status_change_event(execution: Any, *, account: str, region: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    seen = summary(execution)
    return {
        "version": "0",
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "account": account,
        "region": region,
        "time": clock.current().now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [seen.arn],
        "detail": {
            "executionArn": seen.arn,
            "stateMachineArn": seen.state_machine_arn,
            "name": seen.name,
            "status": seen.status,
            "startDate": int(seen.started.timestamp() * 1000),
            "stopDate": None if seen.stopped is None else int(seen.stopped.timestamp() * 1000),
            "input": seen.input,
            "inputDetails": {"included": True},
            "output": seen.output,
            "outputDetails": None if seen.output is None else {"included": True},
            "error": seen.error,
            "cause": seen.cause,
        },
    }


class Completions:
    """Lets a parent sleep until its child has ended instead of polling all the time."""

    def __init__(self) -> None:
        """Nothing has ended yet."""
        self._ended: set[str] = set()
        self._changed = threading.Condition()

    def note(self, execution_arn: str) -> bool:
        """The execution has ended; False when that was known already."""
        with self._changed:
            news = execution_arn not in self._ended
            self._ended.add(execution_arn)
            self._changed.notify_all()
            return news

    def forget(self, execution_arn: str) -> None:
        """The execution runs again."""
        with self._changed:
            self._ended.discard(execution_arn)

    def wait(self, execution_arn: str, *, real_seconds: float) -> bool:
        """Until the execution has ended, at most so long; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: execution_arn in self._ended, timeout=real_seconds)
