"""Copies of the state of a region, of the last seconds only and only while somebody orders stale reads.

Cost: every change pickles the whole region under its lock, and a stale read that needs a copy for the first time reads
it back: some 10 ms each for 1,000 resources. At most some 100 copies of 300 kB for 1,000 resources stay in memory. That
is the price of a past that is consistent: a read sees one moment, whole.
"""

import io
import pickle
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_READS = ("Get", "List")
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
# What a state of the past does not need: it creates nothing.
_NOT_KEPT = frozenset({"lock", "client_tokens", "_configuration"})
_MOMENTS = 50  # of a window that reads tell apart: no read sees more than 2 % further back than ordered

States = Mapping[str, Mapping[str, Any]]


def is_read(operation: str) -> bool:
    """Whether the operation only reads."""
    return operation.startswith(_READS)


@dataclass
class Snapshot:
    """The attributes of the backends by account at a moment of virtual time; `revived` is for whoever reads it."""

    time: float
    pickled: bytes
    revived: Any = None

    def states(self) -> States:
        """Fresh copies of what was kept."""
        states: States = _Unpickler(io.BytesIO(self.pickled)).load()
        return states


class History:
    """The snapshots by region; whoever calls holds the lock of the region. `seconds` is the window, 0 keeps nothing."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._snapshots: dict[str, deque[Snapshot]] = {}
        self._lock = threading.Lock()

    def remember(self, seconds: float) -> None:
        """Keep as much as reads of so many seconds ago need."""
        with self._lock:
            self.seconds = seconds
            if not seconds:
                self._snapshots = {}

    def begins_with(self, region: str) -> bool:
        """Whether something of the region is kept already."""
        return region in self._snapshots

    def keep(self, region: str, states: States, *, now: float) -> None:
        """Keep what the region is like from now on."""
        kept = {account: {n: v for n, v in state.items() if n not in _NOT_KEPT} for account, state in states.items()}
        snapshot = Snapshot(now, _pickled(kept))
        with self._lock:
            if not self.seconds:
                return
            snapshots = self._snapshots.setdefault(region, deque())
            if len(snapshots) > 1 and now - snapshots[-2].time < self.seconds / _MOMENTS:
                snapshots.pop()  # of changes in quick succession, the last is as good as all
            snapshots.append(snapshot)
            while len(snapshots) > 1 and snapshots[1].time <= now - self.seconds:
                snapshots.popleft()

    def at(self, region: str, time: float) -> Snapshot | None:
        """The snapshot that was true at this time, or the oldest; None when nothing is kept."""
        snapshots = self._snapshots.get(region)
        if not snapshots:
            return None
        return next((found for found in reversed(snapshots) if found.time <= time), snapshots[0])

    def keep_revived(self, region: str, snapshot: Snapshot, revived: Any) -> None:
        """Let the snapshot be the only one of its region that is kept in the form in which it is read."""
        for other in self._snapshots.get(region, ()):
            other.revived = None
        snapshot.revived = revived


def _pickled(states: States) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(states)
    return stream.getvalue()


class _Pickler(pickle.Pickler):
    """Leaves locks out, which are no state."""

    def persistent_id(self, obj: Any) -> str | None:
        return "lock" if isinstance(obj, _LOCKS) else None


class _Unpickler(pickle.Unpickler):
    """Puts fresh locks in their place."""

    def persistent_load(self, _: Any) -> Any:
        return threading.RLock()
