"""Verdicts: what data are worth, which check decides, and in which order."""

from typing import Any

import pytest
from canary_making import DELAY, FIRST, HEALTHY, VERIFIED, request, step, traffic, verdict

from trellis.canary.evidence import MINUTE, AlarmState, TargetCounts
from trellis.canary.live_route import RouteAction, RouteDecision
from trellis.canary.verdict import Action, CheckEvidence, CheckResult, Verdict

BAKED, LATEST = VERIFIED + 600, VERIFIED + 600 + 1800


def row(found: Verdict, check: str, *, window: int | None = None) -> CheckEvidence:
    (only,) = (each for each in found.checks if each.check == check and each.window == window)
    return only


def outcome(found: Verdict) -> tuple[Action, str]:
    return found.action, found.reason


def test_a_good_canary_passes_when_it_is_baked_and_not_before() -> None:
    good = traffic(1000, 1)
    assert outcome(verdict(good, now=BAKED - 1)) == (Action.WAIT, "BAKING")
    assert outcome(verdict(good)) == (Action.ADVANCE, "PASSED")


def test_f05_a_canary_that_never_reports_is_extended_and_then_left_to_the_operator() -> None:
    for now, expected in ((BAKED, (Action.EXTEND, "NEVER_SEEN")), (LATEST, (Action.PAUSE, "INCONCLUSIVE_NEVER_SEEN"))):
        found = verdict((), traffic(1000, minutes=40), now=now)
        assert outcome(found) == expected
        assert found.states == {"v1": "OK", "v2": "NEVER_SEEN"}
        assert row(found, "splitCheck").verdict == CheckResult.FAIL


@pytest.mark.parametrize(
    ("analysis", "expected"),
    [
        ({"onInconclusive": "rollback"}, (Action.ROLLBACK, "INCONCLUSIVE_NEVER_SEEN")),
        ({"onInconclusive": "promote", "allowUnsafe": True}, (Action.ADVANCE, "UNSAFE_NEVER_SEEN")),
    ],
)
def test_f05_the_operator_chooses_what_no_data_mean(analysis: dict[str, Any], expected: tuple[Action, str]) -> None:
    assert outcome(verdict((), traffic(1000, minutes=40), now=LATEST, asked=request(analysis=analysis))) == expected


def test_f05_nobody_promotes_without_data_but_who_has_allowed_it() -> None:
    asked = request()
    careless = asked.analysis.model_copy(update={"on_inconclusive": "promote"})
    found = verdict((), traffic(1000, minutes=40), now=LATEST, asked=asked.model_copy(update={"analysis": careless}))
    assert found.action == Action.PAUSE


def test_f05_an_extension_by_an_operator_counts() -> None:
    assert verdict((), traffic(1000, minutes=40), now=LATEST, extra_seconds=600).action == Action.EXTEND


def test_f06_data_that_stop_are_a_gap_and_no_pass() -> None:
    found = verdict(traffic(1000, minutes=4))
    assert outcome(found) == (Action.EXTEND, "GAP")
    assert found.states["v2"] == "GAP"
    assert outcome(verdict(traffic(1000), traffic(1000, minutes=4))) == (Action.EXTEND, "GAP")


def test_f06_two_missing_minutes_are_no_gap() -> None:
    assert verdict(traffic(1000, minutes=5), traffic(1000, minutes=5)).action == Action.ADVANCE


def test_f06_a_version_seen_in_the_step_before_and_silent_since_is_a_gap() -> None:
    assert verdict(traffic(1000, first=FIRST - 600, minutes=3)).states["v2"] == "GAP"


def test_f07_no_traffic_at_all_is_neither_failure_nor_pass() -> None:
    for canary, baseline in ((traffic(0), traffic(0)), ((), ())):
        assert outcome(verdict(canary, baseline)) == (Action.EXTEND, "NO_TRAFFIC")


def test_a_canary_that_was_seen_late_lacks_data_and_has_no_gap() -> None:
    for minutes, expected in ((2, "THIN"), (3, "OK")):
        late = traffic(5000, minutes=minutes, first=FIRST + (7 - minutes) * MINUTE)
        assert verdict(late).states["v2"] == expected


def test_a_canary_with_few_requests_is_thin() -> None:
    found = verdict(traffic(10), traffic(10))
    assert outcome(found) == (Action.EXTEND, "THIN")
    assert row(found, "errorRate").verdict == CheckResult.INCONCLUSIVE


def test_a_step_may_ask_for_more_requests_than_the_others() -> None:
    assert verdict(traffic(1000), step=step(min_requests=10_000)).reason == "THIN"


def test_f08_the_newest_minutes_are_not_judged_before_they_are_complete() -> None:
    late = traffic(1000, 900, minutes=1, first=FIRST + 6 * MINUTE)
    canary = traffic(1000, minutes=6) + late
    end = FIRST + 7 * MINUTE
    assert verdict(canary, now=end + DELAY - 1).action == Action.WAIT
    assert outcome(verdict(canary, now=end + DELAY)) == (Action.ROLLBACK, "HARD_STOP")


def test_f08_a_hard_stop_does_not_wait_for_minutes_to_be_complete_where_their_counts_agree() -> None:
    end = FIRST + MINUTE
    for answers, action in ((1000, Action.ROLLBACK), (700, Action.WAIT), (None, Action.WAIT)):
        newest = traffic(1000, 900, minutes=1, answers=answers)
        assert verdict(newest, now=end).action == action
        assert verdict(newest, now=end - 1).action == Action.WAIT


def test_f08_the_newest_minutes_never_speak_for_a_canary() -> None:
    asked = request(analysis={"minRequests": 1000})
    canary = traffic(100, answers=100, minutes=9)
    assert outcome(verdict(canary, asked=asked)) == (Action.EXTEND, "THIN")


def test_f10_what_happened_before_the_step_is_not_judged() -> None:
    stale = traffic(1000, 900, minutes=3, first=VERIFIED - 3 * MINUTE, answers=1000)
    assert verdict(stale + traffic(1000)).action == Action.ADVANCE


def test_f10_while_a_step_settles_only_a_hard_stop_counts() -> None:
    for failures, expected in ((90, (Action.ADVANCE, "PASSED")), (100, (Action.ROLLBACK, "HARD_STOP"))):
        settling = traffic(1000, failures, minutes=1, first=VERIFIED, answers=1000)
        assert outcome(verdict(settling + traffic(1000))) == expected


@pytest.mark.parametrize("after", [0, 30, 59])
def test_a_canary_that_fails_from_its_first_request_is_stopped_at_the_end_of_that_minute(after: int) -> None:
    first = traffic(1000, 1000, minutes=1, first=VERIFIED, answers=1000)
    for now, action in ((VERIFIED + MINUTE - 1, Action.WAIT), (VERIFIED + MINUTE, Action.ROLLBACK)):
        assert verdict(first, verified_at=VERIFIED + after, now=now).action == action


@pytest.mark.parametrize("source", ["metrics", "alarms", "targets"])
def test_f09_f13_what_cannot_be_read_never_passes_and_at_last_rolls_back(source: str) -> None:
    good = traffic(1000)
    found = verdict(good, unreadable=(source,), failed_reads=4)
    assert outcome(found) == (Action.EXTEND, "UNREADABLE")
    found = verdict(good, unreadable=(source,), failed_reads=5, now=VERIFIED + 300)
    assert outcome(found) == (Action.ROLLBACK, "EVIDENCE_UNREADABLE")


def test_f09_metrics_that_cannot_be_read_are_no_gap() -> None:
    assert verdict((), (), unreadable=("metrics",)).states == {"v1": "UNREADABLE", "v2": "UNREADABLE"}


def test_f13_targets_that_cannot_be_read_are_not_dead() -> None:
    found = verdict(traffic(1000), unreadable=("targets",), canary_targets=TargetCounts(), now=VERIFIED + 300)
    assert found.action == Action.WAIT


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("inconclusive", (Action.EXTEND, "ALARM_INSUFFICIENT_DATA")),
        ("fail", (Action.ROLLBACK, "ALARM")),
        ("ignore", (Action.ADVANCE, "PASSED")),
    ],
)
def test_f11_insufficient_data_mean_what_the_operator_says(policy: str, expected: tuple[Action, str]) -> None:
    asked = request(alarms={"names": ["a"], "insufficientData": policy})
    for state in ("INSUFFICIENT_DATA", "MISSING"):
        assert outcome(verdict(traffic(1000), asked=asked, alarms=(AlarmState("a", state),))) == expected


def test_f11_an_alarm_in_alarm_rolls_back_at_once() -> None:
    found = verdict((), alarms=(AlarmState("b", "OK"), AlarmState("a", "ALARM", VERIFIED)), now=VERIFIED + 10)
    assert outcome(found) == (Action.ROLLBACK, "ALARM")
    assert row(found, "alarms:a").state == "ALARM"


def test_f12_an_alarm_that_was_active_at_the_start_counts_once_it_has_recovered() -> None:
    asked = request(alarms={"names": ["a"], "allowActiveAtStart": True})
    before, after = AlarmState("a", "ALARM", VERIFIED - 3600), AlarmState("a", "ALARM", VERIFIED + 100)
    assert verdict(traffic(1000), asked=asked, alarms=(before,)).action == Action.ADVANCE
    assert verdict(traffic(1000), asked=asked, alarms=(after,)).action == Action.ROLLBACK


def test_f12_an_alarm_without_actions_is_judged_all_the_same() -> None:
    silent = AlarmState("a", "ALARM", VERIFIED, actions_enabled=False)
    assert verdict(traffic(1000), alarms=(silent,)).reason == "ALARM"


def test_f22_a_canary_without_targets_is_rolled_back_within_one_tick() -> None:
    dead = TargetCounts(unhealthy=2, initial=1, draining=1, unused=1)
    found = verdict(traffic(1000), canary_targets=dead, now=VERIFIED + 60)
    assert outcome(found) == (Action.ROLLBACK, "NO_HEALTHY_TARGETS")


def test_targets_without_health_check_count_as_alive_and_too_few_do_not_pass() -> None:
    asked = request(safety={"minHealthyCanaryTargets": 3})
    assert verdict(traffic(1000), canary_targets=TargetCounts(unavailable=1)).action == Action.ADVANCE
    assert outcome(verdict(traffic(1000), asked=asked)) == (Action.EXTEND, "TOO_FEW_TARGETS")


def test_f38_connections_that_fail_are_failures_even_if_no_request_is_counted() -> None:
    found = verdict(traffic(0, 30))
    assert outcome(found) == (Action.ROLLBACK, "HARD_STOP")
    assert found.requests["v2"] == found.failures["v2"] == 210


def test_f39_when_both_are_equally_bad_nobody_is_promoted_or_rolled_back() -> None:
    found = verdict(traffic(1000, 50), traffic(1000, 52))
    assert outcome(found) == (Action.PAUSE, "BOTH_BAD")


def test_f39_a_hard_stop_rolls_back_whatever_the_baseline_does() -> None:
    assert verdict(traffic(1000, 500), traffic(1000, 500)).reason == "HARD_STOP"


def test_f39_both_bad_and_the_canary_worse_is_the_canarys_failure() -> None:
    found = verdict(traffic(1000, 80), traffic(1000, 20))
    assert outcome(found) == (Action.ROLLBACK, "ERROR_RATE_RELATIVE")


def test_f39_both_bad_and_the_canary_slower_is_the_canarys_failure_too() -> None:
    canary, baseline = traffic(1000, 50, latency_ms=500), traffic(1000, 52, latency_ms=100)
    assert outcome(verdict(canary, baseline)) == (Action.ROLLBACK, "ERROR_RATE")


def test_f39_too_few_requests_to_compare_are_no_proof_that_both_are_bad() -> None:
    found = verdict(traffic(40, 3), traffic(40, 3), asked=request(analysis={"minRequestsRelative": 5000}))
    assert outcome(found) == (Action.ROLLBACK, "ERROR_RATE")


@pytest.mark.parametrize(("bad", "action"), [(1, Action.WAIT), (2, Action.ROLLBACK)])
def test_one_bad_window_of_three_is_forgiven_and_two_are_not(bad: int, action: Action) -> None:
    canary = traffic(1000, 30, minutes=bad) + traffic(1000, minutes=3 - bad, first=FIRST + bad * MINUTE)
    assert verdict(canary, now=FIRST + 3 * MINUTE + DELAY).action == action


def test_two_bad_windows_with_two_good_ones_between_are_forgiven() -> None:
    canary = tuple(
        minute
        for at, bad in enumerate((30, 0, 0, 30))
        for minute in traffic(1000, bad, minutes=1, first=FIRST + at * MINUTE)
    )
    assert verdict(canary, now=FIRST + 4 * MINUTE + DELAY).action == Action.WAIT


def test_old_bad_windows_are_forgotten_until_the_whole_step_is_judged() -> None:
    canary = traffic(1000, 80, minutes=1) + traffic(1000, minutes=6, first=FIRST + MINUTE)
    assert verdict(canary, now=FIRST + 5 * MINUTE + DELAY).action == Action.WAIT
    assert verdict(canary).reason == "ERROR_RATE_RELATIVE"


def test_evidence_has_the_numbers_behind_the_verdict() -> None:
    found = row(verdict(traffic(1000, 30), traffic(1000, 2)), "relativeErrorRate")
    assert (found.v1, found.v2, found.n1, found.n2) == (0.2, 3.0, 7000, 7000)
    assert found.z is not None
    assert found.z > 10
    assert found.verdict == CheckResult.FAIL


def slow(milliseconds: float, minutes: int = 7) -> Any:
    return traffic(1000, minutes=minutes, latency_ms=milliseconds)


def test_a_slower_canary_is_rolled_back_once_it_is_warm() -> None:
    cold = verdict(slow(500, 1), slow(100, 1), now=FIRST + MINUTE + DELAY)
    assert row(cold, "latency", window=FIRST).verdict == CheckResult.WARN
    assert outcome(verdict(slow(500), slow(100))) == (Action.ROLLBACK, "LATENCY")


def test_a_canary_that_is_slower_by_little_passes() -> None:
    assert verdict(slow(140), slow(100)).action == Action.ADVANCE


def test_latency_beyond_what_is_allowed_at_all_needs_no_baseline() -> None:
    asked = request(analysis={"checks": {"latency": {"maxMs": 300}}})
    assert verdict(slow(301), slow(300), asked=asked).reason == "LATENCY"


def test_client_errors_count_only_where_they_are_asked_for() -> None:
    canary, baseline = traffic(1000, client_errors=300), traffic(1000, client_errors=100)
    asked = request(analysis={"checks": {"clientErrors": {"enabled": True}}})
    assert verdict(canary, baseline).action == Action.ADVANCE
    assert verdict(canary, baseline, asked=asked).reason == "CLIENT_ERRORS"


def test_a_share_that_is_not_the_weights_is_no_pass() -> None:
    found = verdict(traffic(300), traffic(1000))
    assert outcome(found) == (Action.EXTEND, "SPLIT_MISMATCH")
    assert found.measured_percent == pytest.approx(23.08, abs=0.01)


def test_at_100_percent_the_baseline_from_before_is_compared_with() -> None:
    last, before = step(100), traffic(1000, 1, first=FIRST - 3600)
    assert verdict(traffic(2000, 2), traffic(0), captured=before, step=last).action == Action.ADVANCE
    found = verdict(traffic(2000, 19), traffic(0), captured=before, step=last)
    assert found.reason == "ERROR_RATE_RELATIVE"
    assert row(found, "relativeErrorRate").n1 == 7000


def test_a_last_step_that_is_not_to_be_judged_still_stops_hard() -> None:
    last = step(100, bake_seconds=0)
    assert outcome(verdict((), step=last, now=VERIFIED)) == (Action.ADVANCE, "NOT_JUDGED")
    assert verdict((), step=last, now=VERIFIED, canary_targets=TargetCounts()).action == Action.ROLLBACK


def custom(**members: Any) -> dict[str, Any]:
    query = {"Id": "m", "Expression": "SELECT 1"}
    return {"custom": [{"name": "apdex", "metricDataQueries": [query], "direction": "lower", "min": 0.9, **members}]}


def test_a_metric_of_the_operators_own_fails_warns_or_is_missing() -> None:
    bad = {"apdex": {FIRST + at * MINUTE: 0.5 for at in range(7)}}
    asked = request(analysis=custom())
    assert verdict(traffic(1000), asked=asked, custom=bad).reason == "CUSTOM"
    assert verdict(traffic(1000), asked=request(analysis=custom(weight="warn")), custom=bad).action == Action.ADVANCE
    assert outcome(verdict(traffic(1000), asked=asked)) == (Action.EXTEND, "CUSTOM_WITHOUT_DATA")


def test_a_check_in_dry_run_tells_what_it_would_have_done() -> None:
    asked = request(analysis={"dryRunChecks": ["errorRate", "relativeErrorRate"]})
    found = verdict(traffic(1000, 30), asked=asked)
    assert found.action == Action.ADVANCE
    assert row(found, "errorRate").verdict == CheckResult.WOULD_FAIL


URGENT: list[tuple[dict[str, Any], tuple[Action, str]]] = [
    ({"is_aborted": True}, (Action.ROLLBACK, "ABORTED")),
    ({"lease_lost": True}, (Action.DETACH, "LEASE_LOST")),
    ({"route": RouteDecision(RouteAction.STOP, "ROUTE_REPLACED")}, (Action.STOP, "ROUTE_REPLACED")),
    ({"deadline_at": VERIFIED}, (Action.ROLLBACK, "DEADLINE")),
    ({"canary": traffic(1000, 900)}, (Action.ROLLBACK, "HARD_STOP")),
    ({"alarms": (AlarmState("a", "ALARM", VERIFIED),)}, (Action.ROLLBACK, "ALARM")),
    ({"canary_targets": TargetCounts()}, (Action.ROLLBACK, "NO_HEALTHY_TARGETS")),
    ({"route": RouteDecision(RouteAction.REASSERT, "EXTERNAL_REVERT")}, (Action.REASSERT, "EXTERNAL_REVERT")),
]


@pytest.mark.parametrize("first", range(len(URGENT)))
def test_the_most_urgent_reason_decides(first: int) -> None:
    facts: dict[str, Any] = {"canary": traffic(1000, 30), "canary_targets": HEALTHY}
    for found, _ in reversed(URGENT[first:]):
        facts.update(found)
    assert outcome(verdict(facts.pop("canary"), **facts)) == URGENT[first][1]


def test_a_backend_that_is_gone_holds_before_anything_is_judged() -> None:
    gone = RouteDecision(RouteAction.HOLD, "BACKEND_GONE")
    assert outcome(verdict(traffic(1000, 900), route=gone)) == (Action.HOLD, "BACKEND_GONE")
