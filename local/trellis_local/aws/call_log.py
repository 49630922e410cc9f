"""Every API call that reached the endpoint, in order: for people, for tests that count, and for the permission report.

Memory only; it keeps what was asked and decided, no payloads.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from trellis_local.iam.evaluator import Access


@dataclass(frozen=True)
class ApiCall:
    """One call; `time` is virtual Unix time in seconds, `seq` starts at 1.

    `actions` are the IAM actions that the call needs, `denied_action` the one that was not allowed. `checked` is what
    was evaluated of the caller's policies, in full, so that the decision can be made again under others.
    """

    seq: int
    time: float
    principal: str
    role: str | None
    actions: tuple[str, ...]
    service: str
    operation: str
    region: str
    resources: tuple[str, ...]
    read_only: bool
    status: int
    error_code: str | None
    denied_action: str | None
    request_id: str
    checked: tuple[Access, ...] = ()


Listener = Callable[[ApiCall], None]


class CallLog:
    """An append-only list that many threads may use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[ApiCall] = []

    def record(self, make: Callable[[int], ApiCall]) -> ApiCall:
        """Append the call that `make(seq)` gives."""
        with self._lock:
            call = make(len(self._calls) + 1)
            self._calls.append(call)
            return call

    def after(self, seq: int = 0) -> Sequence[ApiCall]:
        """The calls that came after the one with this number."""
        with self._lock:
            return tuple(self._calls[max(seq, 0) :])

    @property
    def last_seq(self) -> int:
        """The number of the newest call, 0 before the first."""
        with self._lock:
            return len(self._calls)

    def as_json(self, after: int = 0) -> list[dict[str, Any]]:
        """The calls after a number, as JSON values."""
        documents = [asdict(replace(call, checked=())) for call in self.after(after)]
        return [{name: value for name, value in document.items() if name != "checked"} for document in documents]
