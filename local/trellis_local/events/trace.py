"""What became of every event: a bounded list that tests and people read when they ask why nothing happened."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from trellis_local import clock

DELIVERED = "delivered"
FAILED = "failed"
DEAD_LETTER = "dead-letter"
UNMATCHED = "unmatched"
OTHER_REGION = "other region"
OTHER_ACCOUNT = "other account"


@dataclass(frozen=True)
class DeliveryRecord:
    """One outcome; `rule` and `target` are ARNs, empty where the event reached none; `time` is virtual Unix time."""

    time: float
    event_id: str
    source: str
    detail_type: str
    outcome: str
    rule: str = ""
    target: str = ""
    attempts: int = 0
    error: str = ""


class Trace:
    """The last outcomes, oldest first; safe to use from any thread."""

    def __init__(self, *, capacity: int = 10_000) -> None:
        self._records: deque[DeliveryRecord] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def add(self, event: dict[str, Any], outcome: str, **facts: Any) -> None:
        """Record what became of `event`."""
        record = DeliveryRecord(
            time=clock.current().time(),
            event_id=event["id"],
            source=event["source"],
            detail_type=event["detail-type"],
            outcome=outcome,
            **facts,
        )
        with self._lock:
            self._records.append(record)

    def records(self) -> tuple[DeliveryRecord, ...]:
        """A copy of what is kept."""
        with self._lock:
            return tuple(self._records)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON-able data."""
        return {"deliveries": [asdict(record) for record in self.records()]}


def trace_route(trace: Trace) -> Callable[[object], tuple[int, object]]:
    """A handler for a local route of the endpoint: GET answers the trace as JSON."""
    return lambda _request: (200, trace.as_json())
