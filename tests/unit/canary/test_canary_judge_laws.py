"""Laws of the judge: no pass without data, no dependence on order, no step back from evidence that is worse."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from canary_making import FIRST, HEALTHY, VERIFIED, law, request, step, traffic, verdict
from hypothesis import given
from hypothesis import strategies as st

from trellis.canary.evidence import MINUTE, AlarmState, Minute, Series
from trellis.canary.verdict import Action

PERCENTS = st.sampled_from([5.0, 25.0, 50.0, 100.0])
TICKS = st.integers(0, 45)
ANY_SHARE = request(analysis={"checks": {"splitCheck": {"enabled": False}}})


def filled(starts: Iterable[int], seed: int, most: int) -> Series:
    """Minutes with values by chance; drawing each one by itself would take most of the time."""
    random = Random(seed)
    volumes = [random.randrange(most + 1) for _ in range(60)]
    return tuple(
        Minute(
            FIRST + at * MINUTE,
            volumes[at],
            random.choice((0, 0, 0, 1, volumes[at] // 100, volumes[at] // 3)),
            random.randrange(6),
            random.choice((None, random.uniform(1, 200))),
        )
        for at in starts
    )


def minutes(*, most: int = 2000) -> st.SearchStrategy[Series]:
    """Minutes before and within the step, of which many or few are missing."""
    some = st.lists(st.integers(-5, 45), unique=True, max_size=50)
    most_of_them = st.sets(st.integers(-5, 45), max_size=3).map(lambda missing: sorted(set(range(-5, 46)) - missing))
    return st.builds(filled, some | most_of_them, st.integers(0, 1_000_000), st.just(most))


@law
@given(volume=st.integers(0, 60), missing=st.sets(st.integers(0, 40)), percent=PERCENTS, ticks=TICKS)
def test_nothing_passes_without_enough_data_of_the_canary(
    volume: int, missing: set[int], percent: float, ticks: int
) -> None:
    whole = traffic(volume, minutes=41)
    canary = tuple(minute for at, minute in enumerate(whole) if at not in missing)
    now = VERIFIED + ticks * MINUTE
    found = verdict(canary, traffic(1000, minutes=41), step=step(percent), now=now, asked=ANY_SHARE)
    known = [minute for minute in canary if minute.start + MINUTE <= now - 120]
    seen = range(known[0].start, now - 120 - MINUTE + 1, MINUTE) if known else ()
    enough = len(known) >= 3 and volume * len(known) >= 100 and len(seen) - len(known) < 3
    assert (found.action == Action.ADVANCE) == (enough and ticks >= 10)


@law
@given(canary=minutes(), baseline=minutes(), ticks=TICKS, data=st.data())
def test_the_order_of_the_evidence_does_not_matter(
    canary: Series, baseline: Series, ticks: int, data: st.DataObject
) -> None:
    alarms = tuple(AlarmState(name, state) for name, state in (("a", "OK"), ("b", "INSUFFICIENT_DATA"), ("c", "OK")))
    facts: dict[str, Any] = {"now": VERIFIED + ticks * MINUTE}
    mixed = (tuple(data.draw(st.permutations(each))) for each in (canary, baseline, alarms))
    other_canary, other_baseline, other_alarms = mixed
    assert verdict(canary, baseline, alarms=alarms, **facts) == verdict(
        other_canary, other_baseline, alarms=other_alarms, **facts
    )


@law
@given(canary=minutes(most=300), baseline=minutes(), ticks=TICKS)
def test_two_target_groups_of_a_version_count_as_one_with_the_sum(canary: Series, baseline: Series, ticks: int) -> None:
    now = VERIFIED + ticks * MINUTE
    halves = tuple(
        replace(each, requests=each.requests - part, failures=0, client_errors=0)
        if part == 0
        else replace(each, requests=1)
        for each in canary
        if each.requests
        for part in (0, 1)
    )
    whole = tuple(replace(each, requests=each.requests + 1) for each in canary if each.requests)
    assert verdict(halves, baseline, now=now).action == verdict(whole, baseline, now=now).action


@law
@given(canary=minutes(), baseline=minutes(), ticks=TICKS, unreadable=st.sampled_from(["metrics", "alarms", "targets"]))
def test_nothing_passes_while_a_source_cannot_be_read(
    canary: Series, baseline: Series, ticks: int, unreadable: str
) -> None:
    found = verdict(canary, baseline, now=VERIFIED + ticks * MINUTE, unreadable=(unreadable,), failed_reads=1)
    assert found.action != Action.ADVANCE


@law
@given(canary=minutes(), baseline=minutes(), ticks=st.integers(0, 39))
def test_a_verdict_always_ends_the_step_after_the_longest_extension(
    canary: Series, baseline: Series, ticks: int
) -> None:
    asked = request()
    latest = VERIFIED + 600 + 1800
    found = verdict(canary, baseline, now=latest + ticks, asked=asked, canary_targets=HEALTHY)
    assert found.action in (Action.ADVANCE, Action.PAUSE, Action.ROLLBACK)


@law
@given(canary=minutes(), baseline=minutes(), ticks=TICKS)
def test_every_check_that_decided_is_in_the_evidence(canary: Series, baseline: Series, ticks: int) -> None:
    found = verdict(canary, baseline, now=VERIFIED + ticks * MINUTE)
    if found.action in (Action.ROLLBACK, Action.PAUSE) and not found.reason.startswith("INCONCLUSIVE"):
        assert any(row.verdict == "FAIL" for row in found.checks)
    for row in found.checks:
        assert row.threshold or row.check.startswith("alarms")
