"""Retries, ages and outcomes of events."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from trellis_local.clock import Clock
from trellis_local.workers.function import AsyncPolicy, FunctionSource, InvocationRefusedError, InvokeResult
from trellis_local.workers.queueing import AsyncInvoker, QueuedEvent

FAILED = InvokeResult(200, b'{"errorMessage": "no"}', "Unhandled")
WORKED = InvokeResult(200, b"1")


@dataclass
class Recorder:
    ended: threading.Event = field(default_factory=threading.Event)
    outcome: tuple[str, int] = ("", 0)

    def succeeded(self, event: QueuedEvent, result: InvokeResult, *, attempts: int) -> None:
        self.outcome = ("Success", attempts)
        self.ended.set()

    def failed(self, event: QueuedEvent, result: InvokeResult | None, *, attempts: int, condition: str) -> None:
        self.outcome = (condition, attempts)
        self.ended.set()


def deliver(answers: list[InvokeResult | InvocationRefusedError], **policy: int) -> tuple[tuple[str, int], list[float]]:
    """The outcome, and the virtual times of the attempts; the last answer repeats."""
    clock = Clock(start=time.time(), speed=3000)
    recorder = Recorder()
    times: list[float] = []

    def invoke(_name: str, _payload: bytes, _request_id: str) -> InvokeResult:
        times.append(clock.time())
        answer = answers[min(len(times), len(answers)) - 1]
        if isinstance(answer, InvocationRefusedError):
            raise answer
        return answer

    source = FunctionSource("f", Path(), "app.handler", "role", asynchronous=AsyncPolicy(**policy))
    invoker = AsyncInvoker(invoke=invoke, outcomes=recorder, clock=clock)
    invoker.put(source, b"{}", request_id="1", function_arn="arn")
    assert recorder.ended.wait(10)
    return recorder.outcome, times


def test_an_event_that_works_is_tried_once():
    assert deliver([WORKED])[0] == ("Success", 1)


def test_a_failing_event_is_tried_three_times_with_one_and_two_minutes_between():
    outcome, times = deliver([FAILED])
    assert outcome == ("RetriesExhausted", 3)
    assert times[1] - times[0] >= 60
    assert times[2] - times[1] >= 120


def test_the_functions_own_number_of_retries_counts():
    assert deliver([FAILED], maximum_retry_attempts=0)[0] == ("RetriesExhausted", 1)


def test_a_throttled_event_waits_without_using_up_its_retries():
    throttle = InvocationRefusedError("TooManyRequestsException", "Rate Exceeded.", status=429)
    assert deliver([throttle, throttle, WORKED])[0] == ("Success", 1)


def test_an_event_that_is_throttled_too_long_is_given_up():
    throttle = InvocationRefusedError("TooManyRequestsException", "Rate Exceeded.", status=429)
    assert deliver([throttle], maximum_event_age_seconds=60)[0] == ("EventAgeExceeded", 0)


@pytest.mark.parametrize("retries", [1, 2])
def test_a_late_success_is_a_success(retries: int):
    assert deliver([FAILED] * retries + [WORKED])[0] == ("Success", retries + 1)
