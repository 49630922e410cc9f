"""F01 to F04: a call that dies anywhere, or is made twice, has the effect of one call."""

from typing import Any

import pytest
from canary_execution import Execution
from canary_world import Killed, World, kill, world
from urllib3.exceptions import ReadTimeoutError

from trellis.errors import StepEndedError
from trellis.runs.canary_evaluation import EvaluationCall, evaluate
from trellis.runs.canary_shifting import ShiftCall, shift


def generation(it: World) -> int:
    assert it.server.route is not None
    return int(it.server.route["metadata"]["generation"])


def killed(it: World, canary: Execution, place: str) -> None:
    it.interrupt(place, kill)
    canary.advance()
    assert canary.tries


def test_f01_killed_after_the_patch_the_repeated_call_writes_nothing_more(it: World, canary: Execution) -> None:
    before = generation(it)
    killed(it, canary.until("Shift"), "after PATCH")
    assert it.lease.progress.pending is not None
    canary.until("Evaluate")
    assert (it.server.weights, generation(it), len(it.server.writes)) == ((50, 50), before + 1, 1)
    assert (it.lease.progress.pending, it.lease.progress.step) == (None, 0)


def test_f02_killed_between_lease_and_patch_the_repeated_call_converges(it: World, canary: Execution) -> None:
    killed(it, canary.until("Shift"), "before PATCH")
    assert (it.server.weights, it.lease.progress.pending) != ((50, 50), None)
    assert canary.until("Evaluate").is_running
    assert (it.server.weights, it.lease.progress.pending) == ((50, 50), None)


def test_f02_killed_while_it_rolls_back_it_still_does(it: World, canary: Execution) -> None:
    it.cloudwatch.failing.add("v2")
    for place in ("before PATCH", "after PATCH"):
        canary.until("RollBack")
        killed(it, canary, place)
    assert canary.finished().end == "RolledBack"
    assert it.server.weights == (100, 0)


def test_f03_a_patch_whose_answer_is_lost_is_not_applied_twice(it: World, canary: Execution) -> None:
    before = generation(it)

    def lost() -> None:
        raise ReadTimeoutError(None, "/", "no answer")  # type: ignore[arg-type]

    canary.until("Shift")
    it.interrupt("after PATCH", lost)
    canary.until("Evaluate")
    assert (canary.is_running, generation(it), len(it.server.writes)) == (True, before + 1, 1)


@pytest.mark.parametrize("place", ["before lease", "before PATCH", "after PATCH", "after lease"])
def test_f04_a_second_call_in_the_middle_of_the_first_shifts_once(it: World, canary: Execution, place: str) -> None:
    canary.until("Shift")
    it.interrupt(place, lambda: shift(it.tools, canary.call(ShiftCall, "shift")))
    canary.until("Evaluate")
    assert (it.server.weights, len(it.server.writes), it.lease.progress.step) == ((50, 50), 1, 0)
    assert [line["percent"] for line in it.lease.progress.steps] == [50]


def test_f04_an_evaluation_whose_answer_was_lost_says_the_same_again(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.now += 500
    asked = canary.call(EvaluationCall, "tick")
    said = [_said(it, asked) for _ in range(2)]
    assert said == ["SHIFT", "SHIFT"]
    assert it.lease.progress.going_to == 1


def test_f04_two_evaluations_at_once_advance_one_step(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    asked = canary.call(EvaluationCall, "tick")
    it.interrupt("before lease", lambda: _said(it, asked))
    canary.until("Reconcile")
    assert (it.server.weights, it.lease.progress.step) == ((0, 100), 1)
    assert it.names_told.count("StepShifted") == 2


@pytest.mark.parametrize("state", ["Prepare", "Shift", "Verify", "Evaluate", "Complete", "RollBack", "VerifyRollback"])
@pytest.mark.parametrize("number", range(6))
def test_f01_f02_whatever_is_killed_wherever_the_canary_ends_as_without(state: str, number: int) -> None:
    with world() as it:
        if "Roll" in state:
            it.cloudwatch.failing.add("v2")
        canary = Execution(it, "orders-1").until(state)
        it.interrupt(number, kill)
        canary.advance()
        it.finish_interruption()
        ended = canary.finished()
        assert (ended.end, it.server.weights) == (("RolledBack", (100, 0)) if "Roll" in state else ("", (0, 100)))


def test_the_next_look_comes_after_the_minute_however_long_this_one_takes(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.interrupt("before lease", lambda: setattr(it, "now", it.now + 7))
    answer = evaluate(it.tools, canary.call(EvaluationCall, "tick"))
    assert (it.now + answer["wait"]) % 60 == 5


def _said(it: World, asked: Any) -> str:
    try:
        evaluate(it.tools, asked)
    except StepEndedError as error:
        return str(error)
    except Killed:
        return "killed"
    return "wait"
