"""Random interleavings of everybody who works on a canary's route, with what must hold whatever they do.

An action may be interrupted at any of its effects, by the death of its process or by a whole other action. Afterwards
everybody finishes, and a sweep follows. A failure names its seed: `run(seed)` is the same sequence again.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, ClassVar

import pytest
from canary_cluster import Written
from canary_execution import Execution
from canary_world import BASELINE, World, asked, kill, world

from trellis.canary.state import Phase
from trellis.errors import InvalidInputError, TrellisError

SEEDS = 2_500
"""Sequences; with some ten thousand actions, of which more than half have another one in their middle."""

CHUNKS = 10
LENGTH = 4
PROMOTED = (0, 100)
_GUARDS = {"uid", "generation"}
_WORDS = ("shift", "shift", "shift", "stop", "redrive", "apply", "plan", "reconcile", "sweep", "fail", "abort", "skip")


class Sequence:
    """One sequence on one world."""

    def __init__(self, it: World, seed: int) -> None:
        self._it = it
        self._random = Random(seed)
        self._executions = [Execution(it, "orders-1", asked())]
        self._plans: list[Any] = []
        self._rest = it.server.rest
        self._seen = 0
        self._epoch = 0
        self._begun = 0
        self.trace: list[str] = []
        for _ in range(self._random.randrange(1, 9)):
            self._executions[0].advance()
        self.check()

    def step(self) -> None:
        """One action, perhaps with another one in its middle."""
        word = self._random.choice(_WORDS)
        if self._random.random() < 0.6:
            other = self._random.choice((*_WORDS, "kill"))
            at = self._random.randrange(5)
            self._it.interrupt(at, kill if other == "kill" and word == "shift" else lambda: self._act(other))
            self.trace.append(f"at {at}: {other}")
        self._act(word)
        self._it.finish_interruption()
        self.check()

    def settle(self) -> None:
        """Everybody finishes; sweeps find what was left."""
        for _ in range(4):
            self._adopt()
            for execution in self._executions:
                execution.finished()
                self.check()
            self._it.sweep()
        self._adopt()
        for execution in self._executions:
            execution.finished()
        self._it.reconcile()
        self.check()

    def check_rest(self) -> None:
        """I2 and I5: everybody has come to an end, and the weights are somebody's."""
        it = self._it
        assert not any(execution.is_running for execution in self._executions), "I5"
        found = it.canaries.all()
        assert all(lease.phase in (Phase.PROMOTED_PENDING_GIT, Phase.ROLLBACK_FAILED) for lease in found), "I5"
        assert it.server.weights in (BASELINE, PROMOTED), "I2"
        if not found:
            assert it.lattice.shares() == {it.server.weights}, "I2"

    def check(self) -> None:
        """I1, I3 and I6."""
        it = self._it
        for written in it.server.writes[self._seen :]:
            self._check_write(written)
        self._seen = len(it.server.writes)
        assert it.server.rest == self._rest, "I6"

    def _check_write(self, written: Written) -> None:
        assert written.tested >= _GUARDS, "I1"
        assert written.tested & {"epoch", "resourceVersion"}, "I1"
        assert written.epoch >= self._epoch, "I1: a writer of an older epoch"
        self._epoch = written.epoch
        allowed = 50 if "Started" in self._it.names_told else 0
        if {"StepPassed", "CommandFollowed"} & set(self._it.names_told):
            allowed = 100
        assert written.weights[1] <= allowed, "I3"

    def _act(self, word: str) -> None:
        self.trace.append(word)
        try:
            self._words[word](self)
        except TrellisError as error:
            self.trace.append(type(error).__name__)

    def _adopt(self) -> None:
        """The executions that reapers have started."""
        for name, document in self._it.states.started[self._begun :]:
            self._executions.append(Execution(self._it, name, document))
        self._begun = len(self._it.states.started)

    def _shift(self) -> None:
        self._adopt()
        running = [execution for execution in self._executions if execution.is_running]
        if running:
            self._random.choice(running).advance()

    def _stop(self) -> None:
        execution = self._random.choice(self._executions)
        execution.stop()
        if execution.status == "ABORTED" and self._random.random() < 0.5:
            self._it.end_event(execution.arn)

    def _redrive(self) -> None:
        self._random.choice(self._executions).redrive()

    def _apply_manifests(self) -> None:
        self._it.server.apply(*BASELINE)
        self._rest = self._it.server.rest

    def _plan(self) -> None:
        self._plans.append(self._it.plan())

    def _reconcile(self) -> None:
        """I4: a run beside a canary carries what the lease wants, or leaves the service alone."""
        before = self._it.lattice.shares()
        done = self._it.apply(self._plans.pop(0) if self._plans else self._it.plan())
        lease = self._it.canaries.all()
        if lease and self._it.lattice.shares() != before and done == ["PROGRAMMED"]:
            (wanted,) = (tuple(weights.values()) for weights in lease[0].progress.expected.values())
            assert self._it.lattice.shares() == {wanted}, "I4"

    def _sweep(self) -> None:
        self._it.sweep()

    def _fail(self) -> None:
        self._it.cloudwatch.failing ^= {"v2"}

    def _say(self, name: str) -> None:
        try:
            self._it.say(name)
        except InvalidInputError:
            self.trace.append("refused")

    _words: ClassVar[Mapping[str, Callable[["Sequence"], None]]] = {
        "shift": _shift,
        "stop": _stop,
        "redrive": _redrive,
        "apply": _apply_manifests,
        "plan": _plan,
        "reconcile": _reconcile,
        "sweep": _sweep,
        "fail": _fail,
        "kill": _shift,
        "abort": lambda self: self._say("abort"),
        "skip": lambda self: self._say("skip"),
    }


def run(seed: int, dynamodb: Any = None) -> tuple[Any, ...]:
    """One sequence; how it ended."""
    with world(dynamodb) as it:
        sequence = Sequence(it, seed)
        try:
            for _ in range(LENGTH):
                sequence.step()
            sequence.settle()
            sequence.check_rest()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}: {sequence.trace}") from error
        return it.server.weights, it.names_told, sequence.trace


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_is_interleaved_the_invariants_hold(chunk: int) -> None:
    for seed in range(chunk, SEEDS, CHUNKS):
        run(seed)


@pytest.mark.parametrize("seed", range(3))
def test_the_small_table_is_like_dynamodb(dynamodb: Any, seed: int) -> None:
    assert run(seed) == run(seed, dynamodb)
