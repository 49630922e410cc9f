"""Laws of the judge: no pass without data, no dependence on order, no step back from evidence that is worse."""

from dataclasses import replace
from typing import Any

from canary_making import FIRST, HEALTHY, VERIFIED, law, request, step, verdict
from hypothesis import given
from hypothesis import strategies as st

from trellis.canary.evidence import MINUTE, AlarmState, Minute, Series, series_document, series_of
from trellis.canary.verdict import Action

PERCENTS = st.sampled_from([5.0, 25.0, 50.0, 100.0])
TICKS = st.integers(0, 45)


@st.composite
def minutes(draw: st.DrawFn, *, most: int = 2000) -> Series:
    """Minutes before and within the step, of which many are missing."""
    some = st.lists(st.integers(-5, 45), unique=True, max_size=50)
    most_of_them = st.sets(st.integers(-5, 45), max_size=3).map(lambda missing: sorted(set(range(-5, 46)) - missing))
    starts = draw(some | most_of_them)
    volume = st.integers(0, most)
    return tuple(
        Minute(
            FIRST + at * MINUTE,
            requests := draw(volume),
            draw(st.sampled_from([0, 0, 0, 1, requests // 100, requests // 3])),
            draw(st.integers(0, 5)),
            draw(st.none() | st.floats(1, 5000)),
        )
        for at in starts
    )


@law
@given(canary=minutes(), baseline=minutes(), percent=PERCENTS, ticks=TICKS)
def test_nothing_passes_without_enough_data_of_the_canary(
    canary: Series, baseline: Series, percent: float, ticks: int
) -> None:
    now = VERIFIED + ticks * MINUTE
    found = verdict(canary, baseline, step=step(percent), now=now, captured=baseline)
    if found.action == Action.ADVANCE:
        known = [minute for minute in canary if FIRST <= minute.start <= now - 120 - MINUTE]
        assert len(known) >= 3
        assert sum(minute.total for minute in known) >= 100
        missing = range(max(FIRST, min(minute.start for minute in canary)), now - 120 - MINUTE + 1, MINUTE)
        assert len(set(missing) - {minute.start for minute in known}) < 3
        assert found.states["v2"] == "OK"


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


@law
@given(series=minutes())
def test_a_series_survives_being_kept(series: Series) -> None:
    assert series_of(series_document(series)) == series
