"""Asynchronous invocation: retries after one and two minutes, then the function's destinations.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
Each waiting event has a thread of its own.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trellis_local.clock import Clock
from trellis_local.workers.function import FunctionSource, InvocationRefusedError, InvokeResult

RETRY_DELAYS_SECONDS = (60.0, 120.0)
FIRST_THROTTLE_DELAY_SECONDS = 1.0
MAX_THROTTLE_DELAY_SECONDS = 300.0


@dataclass(frozen=True)
class QueuedEvent:
    """One event on its way; `accepted` is virtual Unix time in seconds."""

    source: FunctionSource
    function_arn: str
    request_id: str
    payload: bytes
    accepted: float


class OutcomeReceiver(Protocol):
    """Takes the end of an event."""

    def succeeded(self, event: QueuedEvent, result: InvokeResult, *, attempts: int) -> None:
        """The function returned."""

    def failed(self, event: QueuedEvent, result: InvokeResult | None, *, attempts: int, condition: str) -> None:
        """The event is given up; `result` is None when no attempt ran."""


class AsyncInvoker:
    """Lambda's internal queue."""

    def __init__(
        self, *, invoke: Callable[[str, bytes, str], InvokeResult], outcomes: OutcomeReceiver, clock: Clock
    ) -> None:
        """`invoke(name, payload, request id)` makes one attempt."""
        self._invoke = invoke
        self._outcomes = outcomes
        self._clock = clock
        self._stopping = threading.Event()

    def put(self, source: FunctionSource, payload: bytes, *, request_id: str, function_arn: str) -> None:
        """Take an event; returns at once."""
        event = QueuedEvent(source, function_arn, request_id, payload, self._clock.time())
        threading.Thread(target=self._deliver, args=(event,), name=f"lambda-event-{source.name}", daemon=True).start()

    def stop(self) -> None:
        """Drop what is still waiting for a retry."""
        self._stopping.set()

    def _deliver(self, event: QueuedEvent) -> None:
        policy = event.source.asynchronous
        result: InvokeResult | None = None
        for attempt in range(policy.maximum_retry_attempts + 1):
            if attempt and self._pause(RETRY_DELAYS_SECONDS[attempt - 1]):
                return
            answer = self._attempt(event)
            if self._stopping.is_set():
                return
            if answer is None:
                self._outcomes.failed(event, result, attempts=attempt, condition="EventAgeExceeded")
                return
            result = answer
            if result.function_error is None:
                self._outcomes.succeeded(event, result, attempts=attempt + 1)
                return
        attempts = policy.maximum_retry_attempts + 1
        self._outcomes.failed(event, result, attempts=attempts, condition="RetriesExhausted")

    def _attempt(self, event: QueuedEvent) -> InvokeResult | None:
        """One attempt; throttles and refusals are tried again until the event is too old, which gives None."""
        delay = FIRST_THROTTLE_DELAY_SECONDS
        while self._clock.time() - event.accepted <= event.source.asynchronous.maximum_event_age_seconds:
            try:
                return self._invoke(event.source.name, event.payload, event.request_id)
            except InvocationRefusedError as refusal:
                if refusal.status == 404:
                    return _refused(refusal)
                if self._pause(delay):
                    return None
                delay = min(delay * 2, MAX_THROTTLE_DELAY_SECONDS)
        return None

    def _pause(self, seconds: float) -> bool:
        return self._clock.sleep(seconds, self._stopping)


def _refused(refusal: InvocationRefusedError) -> InvokeResult:
    document = json.dumps({"errorType": refusal.code, "errorMessage": refusal.message}).encode()
    return InvokeResult(refusal.status, document, "Unhandled")
