"""Failures that a test or a demonstration orders in advance, such as a service that ends in CREATE_FAILED.

A fault changes the state that a change ends in; a throttle makes API calls fail with 429, as AWS may at any time.
"""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """The next change of a resource of `kind` (and `name`, if given) that is in state `during` ends as its failure."""

    kind: str
    during: str
    code: str
    message: str
    name: str | None = None

    def concerns(self, *, kind: str, during: str, name: str) -> bool:
        """Whether this fault was ordered for that change."""
        return (self.kind, self.during) == (kind, during) and self.name in (None, name)


class FaultPlan:
    """The ordered faults, each used once, in the order in which they were injected."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._throttles: Counter[str] = Counter()
        self._lock = threading.Lock()

    def inject(self, fault: Fault) -> None:
        """Order one failure."""
        with self._lock:
            self._faults.append(fault)

    def throttle(self, operation: str, *, times: int = 1) -> None:
        """Let the next calls of the operation, by its API name, be throttled."""
        with self._lock:
            self._throttles[operation] += times

    def take_throttle(self, operation: str) -> bool:
        """Whether this call is to be throttled, which uses up one of the ordered times."""
        with self._lock:
            if not self._throttles[operation]:
                return False
            self._throttles[operation] -= 1
            return True

    def take(self, *, kind: str, during: str, name: str) -> Fault | None:
        """The first fault for this change, which is thereby used up."""
        with self._lock:
            for fault in self._faults:
                if fault.concerns(kind=kind, during=during, name=name):
                    self._faults.remove(fault)
                    return fault
        return None
