"""The sequences can fail: without any one of the guards, they find an invariant broken."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from canary_invariants import BrokenError
from canary_sequences import sequences

from trellis.canary import patch
from trellis.canary.overlay import marks
from trellis.canary.state import Lease
from trellis.fleet.canaries import Canaries
from trellis.runs import applying, canary_reaping, canary_rollback, canary_shifting, canary_weights, intending, planning

SEQUENCES = 1_500
"""So many have to suffice; most guards are missed after a few."""

Break = Callable[[pytest.MonkeyPatch], None]


def without_test_of(path: str) -> Break:
    def act(monkeypatch: pytest.MonkeyPatch) -> None:
        tests = patch._identity

        def fewer(*asked: Any) -> Iterator[patch.Operation]:
            return (test for test in tests(*asked) if path not in test["path"])

        monkeypatch.setattr(patch, "_identity", fewer)

    return act


def without_announcement(monkeypatch: pytest.MonkeyPatch) -> None:
    save = Canaries.save

    def saved(self: Canaries, lease: Lease, **more: bool) -> Lease:
        return save(self, replace(lease, progress=replace(lease.progress, pending=None)), **more)

    monkeypatch.setattr(Canaries, "save", saved)


def with_the_last_step_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = canary_shifting._weights
    monkeypatch.setattr(canary_shifting, "_weights", lambda *asked: weights(*asked[:3], 100.0))


def without_leases_in_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intending, "overlaid", lambda snapshot, _: snapshot)


def without_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "moved", lambda *_: frozenset())


def without_marks_of_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a snapshot was as young as its plan."""
    intended = intending.intended

    def young(tools: Any, run: Any, cluster: Any) -> Any:
        now = marks(tools.canaries.of_cluster(cluster.name))
        return replace(intended(tools, run, cluster), marks=now, moved=frozenset())

    monkeypatch.setattr(planning, "intended", young)


def without_reapers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_reaping, "_recovered", lambda *_: None)


def without_weights_of_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_rollback, "rollback_vector", lambda live, _: live.vector)


def with_another_change(monkeypatch: pytest.MonkeyPatch) -> None:
    made = canary_weights.patch_of
    more = {"op": "replace", "path": "/metadata/annotations/team", "value": "canary"}
    monkeypatch.setattr(canary_weights, "patch_of", lambda *asked: [*made(*asked), more])


@pytest.mark.parametrize(
    ("broken", "invariant"),
    [
        pytest.param(without_test_of("epoch"), "I1", id="a patch does not test the epoch"),
        pytest.param(without_test_of("generation"), "I1", id="a patch does not test the generation"),
        pytest.param(without_announcement, "I1", id="a shift is not announced"),
        pytest.param(without_weights_of_the_baseline, "I2", id="a rollback writes no weights"),
        pytest.param(with_the_last_step_at_once, "I3", id="a shift goes too far"),
        pytest.param(without_leases_in_plans, "I4", id="a run ignores the leases"),
        pytest.param(without_another_look, "I4", id="a run does not look again before it writes"),
        pytest.param(without_marks_of_the_reading, "I4", id="a run does not know when it has read"),
        pytest.param(without_reapers, "I5", id="nobody takes over"),
        pytest.param(with_another_change, "I6", id="a patch changes something else"),
    ],
)
def test_without_a_guard_the_sequences_find_what_it_guards(
    monkeypatch: pytest.MonkeyPatch, broken: Break, invariant: str
) -> None:
    broken(monkeypatch)
    assert f"{invariant}: " in found()


def found() -> str:
    """The first invariant that is broken."""
    with sequences() as made:
        for seed in range(SEQUENCES):
            try:
                made.run(seed)
            except BrokenError as error:
                return str(error)
    return ""
