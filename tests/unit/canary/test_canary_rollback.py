"""Going back needs a baseline that can serve; and nobody is taken for dead because clocks differ."""

import pytest
from canary_making import HEALTHY, VERIFIED, request

from trellis.canary.evidence import TargetCounts
from trellis.canary.liveness import Liveness, liveness, seconds_to_next_look, tick_seconds
from trellis.canary.rollback import Guard, rollback_guard

SAFETY = request().safety


def test_f23_a_baseline_without_targets_gets_no_traffic_back() -> None:
    dead = TargetCounts(unhealthy=3, draining=1)
    assert rollback_guard(HEALTHY, SAFETY) == Guard.PROCEED
    assert rollback_guard(TargetCounts(unavailable=1), SAFETY) == Guard.PROCEED
    assert rollback_guard(dead, SAFETY) == Guard.HOLD
    assert rollback_guard(dead, SAFETY, force=True) == Guard.PROCEED


def test_f23_a_baseline_that_cannot_be_read_is_neither_dead_nor_alive() -> None:
    assert rollback_guard(None, SAFETY) == Guard.UNKNOWN


def test_f23_the_operator_says_how_many_targets_are_needed() -> None:
    assert rollback_guard(HEALTHY, request(safety={"minHealthyBaselineTargets": 3}).safety) == Guard.HOLD


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        (-3600, Liveness.ALIVE),
        (120, Liveness.ALIVE),
        (360, Liveness.ALIVE),
        (361, Liveness.LATE),
        (1080, Liveness.LATE),
        (1081, Liveness.DEAD),
    ],
)
def test_f35_a_canary_is_taken_over_only_after_a_silence_that_no_clock_explains(
    silent: int, expected: Liveness
) -> None:
    asked = request()
    assert liveness(asked, heartbeat_at=VERIFIED, now=VERIFIED + silent) == expected


@pytest.mark.parametrize("tick", [10, 60, 600])
def test_f35_two_ticks_of_skew_never_make_a_living_canary_late(tick: int) -> None:
    asked = request(analysis={"tickSeconds": tick})
    skewed = VERIFIED + 3 * tick_seconds(asked)
    assert liveness(asked, heartbeat_at=VERIFIED, now=skewed) == Liveness.ALIVE


@pytest.mark.parametrize(
    ("second", "tick", "wait"), [(5, 60, 60), (6, 60, 59), (4, 60, 1), (35, 60, 30), (5, 600, 600), (35, 90, 30)]
)
def test_a_tick_comes_shortly_after_the_end_of_a_minute(second: int, tick: int, wait: int) -> None:
    asked = request(analysis={"tickSeconds": tick})
    whole = VERIFIED // 60 * 60
    assert seconds_to_next_look(asked, now=whole + second) == wait


def test_a_tick_shorter_than_a_minute_stays_as_it_is() -> None:
    assert seconds_to_next_look(request(analysis={"tickSeconds": 45}), now=VERIFIED + 17) == 45
