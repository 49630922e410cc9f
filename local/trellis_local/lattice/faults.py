"""Failures that a test or a demonstration orders in advance: of changes of resources, and of reads, which see the past.

Calls that are slow, throttled or failed are none of them: they never reach a service.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..chance import Chance
from .history import History, is_read


@dataclass(frozen=True)
class Fault:
    """A change of a resource of `kind` (and `name`, if given) that is in state `during` ends as its failure."""

    kind: str
    during: str
    code: str
    message: str
    name: str | None = None

    def concerns(self, *, kind: str, during: str, name: str) -> bool:
        """Whether this fault was ordered for that change."""
        return (self.kind, self.during) == (kind, during) and self.name in (None, name)


@dataclass(frozen=True)
class StaleReads:
    """Get and List operations answer what was true `seconds` of virtual time ago; `operation` is a pattern with *.

    GetResources is that of the Resource Groups Tagging API, as far as VPC Lattice's resources are concerned.
    """

    seconds: float
    operation: str = "*"


class FaultPlan:
    """The ordered faults, in the order in which they were injected, and the history that stale reads are made of."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, Chance]] = []
        self._stale_reads: list[tuple[StaleReads, Chance]] = []
        self._lock = threading.Lock()
        self.history = History()

    def inject(self, fault: Fault, chance: Chance | None = None) -> Callable[[], None]:
        """Order a failure, for the next such change if there is no `chance`; call the result to take it back."""
        entry = (fault, chance or Chance(times=1))
        with self._lock:
            self._faults.append(entry)

        def withdraw() -> None:
            with self._lock:
                self._faults = [other for other in self._faults if other is not entry]

        return withdraw

    def take(self, *, kind: str, during: str, name: str) -> Fault | None:
        """The first fault that strikes this change, which uses up one of its times."""
        with self._lock:
            for entry in self._faults:
                fault, chance = entry
                if fault.concerns(kind=kind, during=during, name=name) and chance.strikes():
                    if chance.remaining == 0:
                        self._faults.remove(entry)
                    return fault
        return None

    def read_stale(self, reads: StaleReads, chance: Chance | None = None) -> Callable[[], None]:
        """Order stale reads, of every read if there is no `chance`; call the result to take them back."""
        entry = (reads, chance or Chance())
        with self._lock:
            self._stale_reads.append(entry)
            self._follow_stale_reads()

        def withdraw() -> None:
            with self._lock:
                self._stale_reads = [other for other in self._stale_reads if other is not entry]
                self._follow_stale_reads()

        return withdraw

    def staleness(self, operation: str) -> float | None:
        """How many seconds ago this call reads, None for now."""
        if not self._stale_reads or not is_read(operation):
            return None
        with self._lock:
            for reads, chance in self._stale_reads:
                if fnmatchcase(operation, reads.operation) and chance.strikes():
                    return reads.seconds
        return None

    def _follow_stale_reads(self) -> None:
        self.history.remember(max((reads.seconds for reads, _ in self._stale_reads), default=0.0))
