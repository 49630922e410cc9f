"""What holds at every single write, whoever writes: to the route, and to VPC Lattice.

- I1: a patch tests everything that could have changed, was announced in the lease by the epoch that it brings, and
  never follows one of a later epoch.
- I3: the canary's share grows only as far as a pass, or an operator's command that stands in the lease, has allowed the
  holder of that epoch.
- I4: a run writes the weights that a lease wants, and where no canary is under way, what somebody has declared.
- I6: nothing but weights, and the canary's own annotations, changes.
"""

from collections.abc import Mapping

from canary_cluster import Written
from canary_leases import KEY
from canary_world import World

from trellis.canary.rules import Vector
from trellis.canary.state import Phase

Weights = tuple[int, ...]

_ALWAYS = {"uid", "generation"}
_FIRST, _LAST = 50, 100
"""Shares of the two steps, see `canary_world.asked`."""

_ALLOWS: Mapping[str, int] = {"Started": _FIRST, "StepPassed": _LAST}
_FORWARD = ("skip", "promote")


class BrokenError(AssertionError):
    """An invariant that does not hold. No handler of the product's errors takes it for one of those."""


class Invariants:
    """Watches one world; `writes` counts what was looked at."""

    def __init__(self, it: World) -> None:
        self._it = it
        self._rest = it.server.rest
        self._allowed: dict[int, int] = {}
        self._told = 0
        self._announced: set[tuple[int, Weights]] = set()
        self._wanted: list[frozenset[Weights]] = [frozenset({it.server.weights})]
        self._since: int | None = None
        self.writes = 0
        it.server.watch, it.lattice.watch = self._patched, self._programmed
        it.table.watch, it.leases.watch = self._leased, self._begun

    def declared(self) -> None:
        """Somebody has applied manifests: where no canary is under way, they are what is wanted from now on."""
        self._rest = self._it.server.rest
        if not self._it.is_locked:
            self._wanted.append(self._wanted[-1] | {self._it.server.weights})

    def check_rest(self) -> None:
        """I6, when nobody writes."""
        _check(self._it.server.rest == self._rest, "I6: something else was changed")

    def _patched(self, written: Written) -> None:
        self.writes += 1
        _check(written.tested >= _ALWAYS, "I1: a patch that tests too little")
        _check(("resourceVersion" if written.found is None else "epoch") in written.tested, "I1: no epoch is tested")
        _check(written.found is None or written.found <= written.epoch, "I1: a later epoch has written before")
        _check((written.epoch, written.weights) in self._announced, "I1: nobody has announced these weights")
        if written.weights[1] > written.before[1]:
            _check(written.weights[1] <= self._allows(written.epoch), "I3: nobody has allowed this share")
        self.check_rest()

    def _programmed(self) -> None:
        """Every state of the lease since the run began to work on the service may be what it works from."""
        self.writes += 1
        since = len(self._wanted) - 1 if self._since is None else self._since
        wanted = frozenset().union(*self._wanted[since:])
        carried = self._it.lattice.shares()
        _check(carried <= wanted, f"I4: {carried} is carried where {set(wanted)} is wanted")

    def _leased(self) -> None:
        lease = self._it.canaries.find(KEY)
        if lease is None:
            return
        if any(note.get("name") in _FORWARD for note in lease.progress.notes) and lease.phase is not Phase.ROLLING_BACK:
            self._allowed[lease.epoch] = _LAST
        if lease.progress.pending is not None:
            self._announced.add((lease.epoch, _weights(lease.progress.pending)))
        if lease.phase is Phase.RELEASED:
            self._wanted.append(frozenset({self._it.server.weights}))
        else:
            self._wanted.append(frozenset({_weights(lease.progress.expected)}))

    def _begun(self) -> None:
        """A run holds a service: nobody else writes to it before that run has ended."""
        self._since = len(self._wanted) - 1

    def _allows(self, epoch: int) -> int:
        for name, detail in self._it.told[self._told :]:
            share = max(self._allowed.get(detail["epoch"], 0), _ALLOWS.get(name, 0))
            self._allowed[detail["epoch"]] = share
        self._told = len(self._it.told)
        return self._allowed.get(epoch, 0)


def _weights(vector: Vector) -> Weights:
    (weights,) = vector.values()
    return tuple(weights.values())


def _check(holds: object, what: str) -> None:
    if not holds:
        raise BrokenError(what)
