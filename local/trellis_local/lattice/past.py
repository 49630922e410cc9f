"""Backends as they were some seconds ago, which answer reads while stale reads are ordered.

AWS calls it eventual consistency: a read may not show the latest write, not even one's own. What a stale read shows is
the whole region at one earlier moment, all accounts together. Shares of RAM and everything else that is not VPC
Lattice's own is as it is now.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import clock
from ..chance import Chance
from . import configuration
from .backend import LatticeBackend, all_backends
from .faults import StaleReads
from .history import Snapshot


def order_stale_reads(reads: StaleReads, chance: Chance | None = None) -> Callable[[], None]:
    """Order stale reads in this process, which see the past from now on; call the result to take them back."""
    withdraw = configuration.current().faults.read_stale(reads, chance)
    for backend in all_backends():
        with backend.lock:
            _keep_beginning(backend)
    return withdraw


def backend_to_ask(backend: LatticeBackend, operation: str) -> LatticeBackend:
    """The backend that this call is answered from: the present one, or for a stale read one of the past.

    Whoever calls holds the lock.
    """
    plan = configuration.current().faults
    if not plan.history.seconds:
        return backend
    _keep_beginning(backend)
    seconds = plan.staleness(operation)
    if seconds is None:
        return backend
    time = clock.current().time() - seconds
    snapshot = plan.history.at(backend.region_name, time)
    return _revived(snapshot, backend, time=time).backend_like(backend) if snapshot else backend


def _keep_beginning(backend: LatticeBackend) -> None:
    if not configuration.current().faults.history.begins_with(backend.region_name):
        backend.note_change()


@dataclass
class _Region:
    """A region of the past, which moves on with the reads."""

    time: float
    backends: dict[str, "_PastBackend"] = field(default_factory=dict)

    def backend_like(self, backend: LatticeBackend) -> "_PastBackend":
        """The backend of the same account, without anything if the account had nothing."""
        return self.add(backend.account_id, backend.region_name, {})

    def add(self, account: str, region: str, state: Any) -> "_PastBackend":
        """The backend of an account in this region, new with this state unless it exists."""
        if account not in self.backends:
            past = _PastBackend(region, account)
            past.__dict__.update(state)
            past.region = self
            self.backends[account] = past
        return self.backends[account]

    def settle(self, time: float) -> None:
        """Let all states be what they were at that time."""
        self.time = time
        for backend in self.backends.values():
            backend.settle(at=time)


class _PastBackend(LatticeBackend):
    """A backend that refers to others of its own time, and can only be read."""

    region: _Region

    def peers(self) -> Iterator[LatticeBackend]:
        return iter(list(self.region.backends.values()))

    def settle(self, *, at: float | None = None) -> None:
        super().settle(at=self.region.time if at is None else at)


def _revived(snapshot: Snapshot, backend: LatticeBackend, *, time: float) -> _Region:
    time = max(time, snapshot.time)  # before the first snapshot nothing is known
    region = snapshot.revived
    if region is None or region.time > time:  # time does not run backwards, but reads may differ in how far they go
        region = _Region(time)
        for account, state in snapshot.states().items():
            region.add(account, backend.region_name, state)
        configuration.current().faults.history.keep_revived(backend.region_name, snapshot, region)
    region.settle(time)
    revived: _Region = region
    return revived
