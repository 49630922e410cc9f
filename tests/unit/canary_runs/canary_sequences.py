"""Random interleavings of everybody who works on a canary's route, with what must hold whatever they do.

An action may be interrupted at any of its effects, by the death of its process or by a whole other action. Afterwards
everybody finishes, and a sweep follows. A failure names its seed: `run(seed)` is the same sequence again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, ClassVar

from canary_execution import Execution
from canary_invariants import BrokenError, Invariants
from canary_world import BASELINE, Killed, Stage, World, kill, stage

from trellis.canary.state import Phase
from trellis.errors import InvalidInputError, TrellisError
from trellis.planning.work import Status

LENGTH = 4
"""Actions of a sequence, before everybody finishes."""

PLACES = 8
"""How many effects may come before the one at which another action comes in between."""

PROMOTED = (0, 100)
_BEGINNINGS = 9
"""How many states a canary may have gone through before anybody else does anything."""

_WORDS = (
    *("shift", "shift", "shift", "finish", "stop", "takeover", "redrive", "start", "abort", "skip", "fail", "sweep"),
    *("apply", "merge", "read", "read", "plan", "plan", "reconcile", "reconcile"),
)


@dataclass
class Tally:
    """What sequences have done: actions, writes that were checked, and where actions came in the middle of another."""

    sequences: int = 0
    actions: int = 0
    writes: int = 0
    places: Counter[str] = field(default_factory=Counter)

    def add(self, sequence: "Sequence") -> None:
        """Count a sequence, when an action of it came in the middle of another."""
        self.sequences += bool(sequence.places)
        self.actions += sequence.actions
        self.writes += sequence.invariants.writes
        self.places.update(sequence.places)

    def merge(self, other: "Tally") -> None:
        """Count what another one has counted."""
        for member in fields(self):
            setattr(self, member.name, getattr(self, member.name) + getattr(other, member.name))

    def __str__(self) -> str:
        inside = self.places.total()
        return f"{self.sequences} sequences, {self.actions} actions, {inside} inside others, {self.writes} writes"


class Sequence:
    """One sequence on one world."""

    def __init__(self, it: World) -> None:
        self.it = it
        self.invariants = Invariants(it)
        self.random = Random(0)
        self.trace: list[str] = []
        self.actions = 0
        self.places: list[str] = []
        self._executions = [Execution(it, "orders-1")]
        self._read: list[dict[str, Any]] = []
        self._planned: list[dict[str, Any]] = []
        self._adopted = 0

    def begin(self, states: int) -> "Sequence":
        """Go that far with the canary alone."""
        for _ in range(states):
            self._executions[0].advance()
        return self

    def step(self) -> None:
        """One action; it, or a later one, has another one in its middle."""
        if not self.it.is_to_be_interrupted:
            other = self.random.choice((*_WORDS, "kill"))
            at = self.random.randrange(PLACES)
            self.it.interrupt(at, self._kill if other == "kill" else lambda: self._interrupt(other))
        self._act(self.random.choice(_WORDS))
        self.invariants.check_rest()

    def settle(self) -> None:
        """Everybody finishes; sweeps find what was left, until there is nothing."""
        self.it.finish_interruption()
        for _ in range(6):
            left = [*(execution.finished for execution in self._running()), *(self._late for _ in self._read)]
            left += [self._reconcile for _ in self._planned]
            self.random.shuffle(left)
            for finish in left:
                finish()
            if not self.it.sweep() and not left:
                break
        self.it.reconcile()

    def check_rest(self) -> None:
        """I2 and I5: everybody has come to an end, and the weights are somebody's."""
        it = self.it
        _check(not any(execution.is_running for execution in self._executions), "I5: an execution runs for ever")
        found = it.canaries.all()
        resting = (Phase.PROMOTED_PENDING_GIT, Phase.ROLLBACK_FAILED)
        _check(all(lease.phase in resting for lease in found), "I5: a lease is held for ever")
        _check(it.server.weights in (BASELINE, PROMOTED), "I2: the route is left in the middle")
        if not found:
            _check(it.lattice.shares() == {it.server.weights}, "I2: VPC Lattice carries something else")
        self.invariants.check_rest()

    def _act(self, word: str) -> None:
        self.actions += 1
        self.trace.append(word)
        try:
            self._words[word](self)
        except (TrellisError, Killed) as error:
            self.trace.append(type(error).__name__)

    def _interrupt(self, word: str) -> None:
        self.places.append(self.it.place)
        self.trace.append(f"({self.it.place}:")
        self._act(word)
        self.trace.append(")")

    def _kill(self) -> None:
        self.places.append(self.it.place)
        self.trace.append(f"(killed {self.it.place})")
        kill()

    def _adopt(self) -> None:
        """The executions that reapers have started."""
        started = self.it.states.started
        self._executions += [Execution(self.it, name, document) for name, document in started[self._adopted :]]
        self._adopted = len(started)

    def _running(self) -> list[Execution]:
        self._adopt()
        return [execution for execution in self._executions if execution.is_running]

    def _shift(self) -> None:
        if running := self._running():
            self.random.choice(running).advance()

    def _finish(self) -> None:
        if running := self._running():
            self.random.choice(running).finished()

    def _start(self) -> None:
        self._executions.append(Execution(self.it, f"orders-{len(self._executions) + 1}"))

    def _stop(self) -> None:
        execution = self.random.choice(self._executions)
        execution.stop()
        if execution.status == "ABORTED" and self.random.random() < 0.5:
            self.it.end_event(execution.arn)

    def _take_over(self) -> None:
        """A canary is stopped and rolled back, all in what may be the middle of one of its own calls."""
        if running := self._running():
            execution = self.random.choice(running)
            execution.stop()
            self.it.end_event(execution.arn)
            for other in self._running():
                other.finished()

    def _redrive(self) -> None:
        self.random.choice(self._executions).redrive()

    def _declare(self, weights: tuple[int, int]) -> None:
        self.it.server.apply(*weights)
        self.invariants.declared()

    def _merge(self) -> None:
        """Git says what was promoted; elsewhere nobody would write that."""
        if any(lease.phase is Phase.PROMOTED_PENDING_GIT for lease in self.it.canaries.all()):
            self._declare(PROMOTED)

    def _read_cluster(self) -> None:
        self._read.append(self.it.read())

    def _plan(self) -> None:
        """Half of the runs have something else to repair too: what they write does not hang on a canary."""
        if self.random.random() < 0.5:
            self.it.lattice.deregister()
        self._planned.append(self.it.plan(self._read.pop(0) if self._read else None))

    def _reconcile(self) -> None:
        if not self._planned:
            self._plan()
        planned = self._planned.pop(0)
        if Status.IN_PROGRESS in self.it.apply(planned):
            self._planned.append(planned)

    def _late(self) -> None:
        self._plan()
        self._reconcile()

    def _fail(self) -> None:
        self.it.cloudwatch.failing ^= {"v2"}

    def _say(self, name: str) -> None:
        try:
            self.it.say(name)
        except InvalidInputError:
            self.trace.append("refused")

    _words: ClassVar[Mapping[str, Callable[["Sequence"], Any]]] = {
        "shift": _shift,
        "finish": _finish,
        "start": _start,
        "stop": _stop,
        "takeover": _take_over,
        "redrive": _redrive,
        "apply": lambda self: self._declare(BASELINE),
        "merge": _merge,
        "read": _read_cluster,
        "plan": _plan,
        "reconcile": _reconcile,
        "sweep": lambda self: self.it.sweep(),
        "fail": _fail,
        "abort": lambda self: self._say("abort"),
        "skip": lambda self: self._say("skip"),
    }


class Sequences:
    """Sequences on copies of a few worlds, in each of which a canary has come a little further."""

    def __init__(self, made: Stage, dynamodb: Any = None) -> None:
        self._stage = made
        self._dynamodb = dynamodb
        self._begun: dict[int, Sequence] = {}

    def run(self, seed: int) -> Sequence:
        """One sequence, to its end; raises BrokenError."""
        random = Random(seed)
        sequence = self._copied(random.randrange(1, _BEGINNINGS))
        sequence.random = random
        try:
            for _ in range(LENGTH):
                sequence.step()
            sequence.settle()
            sequence.check_rest()
        except BrokenError as error:
            raise BrokenError(f"seed {seed}: {error}: {' '.join(sequence.trace)}") from error
        return sequence

    def _copied(self, states: int) -> Sequence:
        if self._dynamodb:
            return self._made(states)
        if states not in self._begun:
            self._begun[states] = self._made(states)
        copied = deepcopy(self._begun[states])
        self._stage.world = copied.it
        return copied

    def _made(self, states: int) -> Sequence:
        it = self._stage.world = World(self._dynamodb)
        it.reconcile()
        return Sequence(it).begin(states)


@contextmanager
def sequences(dynamodb: Any = None) -> Iterator[Sequences]:
    """Use as `with sequences() as made: made.run(seed)`."""
    with stage() as made:
        yield Sequences(made, dynamodb)


def _check(holds: object, what: str) -> None:
    if not holds:
        raise BrokenError(what)
