"""F29 to F33: two canaries for one route, executions that are stopped, redriven, or never told of."""

from typing import Any

import pytest
from canary_execution import Execution
from canary_world import BASELINE, World, asked, kill

from trellis.canary.liveness import MAX_TICKS, tick_seconds
from trellis.canary.request import parse_request
from trellis.canary.state import Phase


def recover(it: World) -> Execution:
    """Run the execution that a reaper has started last, to its end."""
    name, document = it.states.started[-1]
    return Execution(it, name, document).finished()


def stopped(it: World, canary: Execution, *, tell: bool = True) -> None:
    canary.stop()
    if tell:
        it.end_event(canary.arn)


def test_f29_of_two_canaries_at_the_same_moment_one_begins(it: World, canary: Execution) -> None:
    other = Execution(it, "orders-2")
    it.interrupt("before lease", other.advance)
    canary.finished()
    assert (canary.end, other.state) == ("Rejected", "Shift")
    assert "E_LOCKED" in canary.because
    assert other.arn in canary.because


def test_f29_the_same_execution_may_prepare_again(it: World, canary: Execution) -> None:
    it.interrupt("after lease", canary.advance)
    canary.advance()
    assert canary.finished().end == ""
    assert it.lease.progress.canary == "orders-1"


@pytest.mark.parametrize("state", ["Shift", "Reconcile", "Verify", "Evaluate", "Complete", "RollBack"])
def test_f30_a_stopped_canary_is_rolled_back_wherever_it_was(it: World, canary: Execution, state: str) -> None:
    if state == "RollBack":
        it.cloudwatch.failing.add("v2")
    stopped(it, canary.until(state))
    assert recover(it).end == "RolledBack"
    assert (it.server.weights, it.lattice.shares(), it.is_locked) == (BASELINE, {BASELINE}, False)


@pytest.mark.parametrize("step", [0, 1])
def test_f30_a_late_patch_of_a_stopped_execution_fails(it: World, canary: Execution, step: int) -> None:
    """The first step's is the hardest: the route is at the baseline, so nothing but the epoch tells them apart."""
    canary.until("Shift")
    if step:
        canary.until("Evaluate").until("Shift")

    def taken_over() -> None:
        stopped(it, canary)
        recover(it)

    it.interrupt("before PATCH", taken_over)
    canary.advance()
    assert (it.server.weights, it.is_locked) == (BASELINE, False)


def test_f30_a_late_patch_before_the_takeover_reaches_the_route_is_taken_back(it: World, canary: Execution) -> None:
    canary.until("Shift")
    it.interrupt("before PATCH", lambda: stopped(it, canary))
    canary.advance()
    assert it.server.weights == (50, 50)
    assert recover(it).end == "RolledBack"
    assert it.server.weights == BASELINE


def test_f31_without_an_event_the_sweep_rolls_back(it: World, canary: Execution) -> None:
    stopped(it, canary.until("Evaluate"), tell=False)
    assert it.sweep() == ["recovered"]
    assert recover(it).end == "RolledBack"
    assert it.server.weights == BASELINE


def test_f31_an_event_that_comes_twice_or_late_changes_nothing_more(it: World, canary: Execution) -> None:
    stopped(it, canary.until("Evaluate"))
    assert it.end_event(canary.arn) == 0
    recover(it)
    assert (it.end_event(canary.arn), it.sweep(), len(it.states.started)) == (0, [], 1)


def test_f31_a_reaper_that_dies_before_it_starts_anything_is_followed_by_the_sweep(
    it: World, canary: Execution
) -> None:
    canary.until("Evaluate")
    it.states.start_execution = _nothing  # type: ignore[method-assign]
    stopped(it, canary)
    del it.states.start_execution
    assert it.sweep() == ["recovered"]
    assert recover(it).end == "RolledBack"


@pytest.mark.parametrize("state", ["Shift", "Verify", "Evaluate", "Complete"])
def test_f32_redriven_after_its_rollback_it_writes_nothing(it: World, canary: Execution, state: str) -> None:
    stopped(it, canary.until(state))
    recover(it)
    writes = len(it.server.writes)
    canary.redrive()
    assert canary.finished().end == "LeaseLost"
    assert (it.server.weights, len(it.server.writes)) == (BASELINE, writes)


def test_f32_redriven_beside_another_canary_it_writes_nothing(it: World, canary: Execution) -> None:
    stopped(it, canary.until("Evaluate"))
    recover(it)
    other = Execution(it, "orders-2").until("Evaluate")
    writes = len(it.server.writes)
    canary.redrive()
    assert canary.finished().end == "LeaseLost"
    assert (it.server.weights, len(it.server.writes), other.finished().end) == ((50, 50), writes, "")


def test_f32_a_redriven_rollback_converges(it: World, canary: Execution) -> None:
    it.cloudwatch.failing.add("v2")
    for state in ("RollBack", "VerifyRollback"):
        canary.until(state).stop("TIMED_OUT")
        canary.redrive()
    assert canary.finished().end == "RolledBack"
    assert it.server.weights == BASELINE


def test_f32_redriven_while_it_is_held_for_a_person_it_shifts_nothing(it: World) -> None:
    canary = Execution(it, "orders-1", asked(safety={"onStop": "hold"})).until("Evaluate")
    stopped(it, canary)
    assert it.lease.progress.held
    canary.redrive()
    assert canary.finished().end == "LeaseLost"
    assert (it.server.weights, it.lease.phase) == ((50, 50), Phase.BAKING)
    it.say("abort")
    assert it.sweep() == ["recovered"]
    assert recover(it).end == "RolledBack"


def test_f33_the_deadline_of_the_canary_comes_before_the_machines(it: World) -> None:
    document = asked(safety={"maxDurationSeconds": 3600}, analysis={"maxExtendSeconds": 0, "minRequests": 10**6})
    canary = Execution(it, "orders-1", document).finished()
    assert (canary.end, it.server.weights) == ("RolledBack", BASELINE)
    assert canary.because.startswith("DEADLINE")


def test_f33_a_long_canary_ticks_slower_and_fits_into_one_history() -> None:
    longest = parse_request(asked(safety={"maxDurationSeconds": 86_400}, analysis={"tickSeconds": 10}))
    assert 86_400 / tick_seconds(longest) <= MAX_TICKS
    assert MAX_TICKS * 9 < 25_000


def _nothing(**_: Any) -> None:
    """As if the function had died here."""


def edited(it: World) -> Execution:
    """A canary that waits for a person, because somebody has set weights of his own."""
    canary = Execution(it, "orders-1", asked(safety={"onExternalEdit": "hold"})).until("Evaluate")
    it.server.apply(93, 7)
    it.reconcile()
    canary.advance()
    assert it.lease.phase is Phase.PAUSED
    return canary


@pytest.mark.parametrize("ended_by", ["stop", "abort"])
def test_f30_an_operators_own_weights_stay_and_are_served(it: World, ended_by: str) -> None:
    canary = edited(it)
    if ended_by == "abort":
        it.say("abort")
        assert canary.finished().end == "RolledBack"
    else:
        stopped(it, canary)
        assert recover(it).end == "RolledBack"
    assert (it.server.weights, it.lattice.shares(), it.is_locked) == ((93, 7), {(93, 7)}, False)


@pytest.mark.parametrize("place", ["before lease", "after lease", "before PATCH", "after PATCH"])
def test_f30_they_stay_also_where_a_call_died_on_the_way(it: World, place: str) -> None:
    canary = edited(it)
    it.say("abort")
    canary.until("RollBack")
    it.interrupt(place, kill)
    assert canary.finished().end == "RolledBack"
    assert (it.server.weights, it.lattice.shares()) == ((93, 7), {(93, 7)})
