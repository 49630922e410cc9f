"""Whether a canary may begin: every problem at once, each with its code."""

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from canary_making import HEALTHY, request, route, rule

from trellis.canary.evidence import AlarmState, TargetCounts
from trellis.canary.preflight import AWS_CONTROLLER, LeaseFacts, PreflightFacts, VersionFacts, preflight
from trellis.canary.request import CanaryRequest

V1 = VersionFacts(("tg-1",), HEALTHY, frozenset({"10.0.0.1:80"}))
V2 = VersionFacts(("tg-2",), HEALTHY, frozenset({"10.0.0.2:80"}))
FACTS = PreflightFacts(route(), datetime(2026, 11, 26, 12, 0, tzinfo=UTC), V1, V2)


def problems(asked: CanaryRequest | None = None, **facts: Any) -> list[str]:
    return [problem.code for problem in preflight(asked or request(), replace(FACTS, **facts)).problems]


def warnings(asked: CanaryRequest | None = None, **facts: Any) -> list[str]:
    return [problem.code for problem in preflight(asked or request(), replace(FACTS, **facts)).warnings]


def test_a_canary_may_begin_where_nothing_speaks_against_it() -> None:
    found = preflight(request(), FACTS)
    assert (found.problems, found.warnings) == ((), ())
    assert [each.key for each in found.rules] == ["PathPrefix:/"]


def test_all_problems_are_told_at_once() -> None:
    bad = route(rule(100, 5), deletionTimestamp="2026-01-01T00:00:00Z")
    codes = problems(
        request(alarms={"names": ["a"]}),
        route=bad,
        lease=LeaseFacts(holder="arn:other"),
        canary=VersionFacts(),
        lattice_agrees=False,
    )
    assert codes == [
        "E_LOCKED",
        "E_ALARM_NOT_FOUND",
        "E_ROUTE_DELETING",
        "E_CANARY_SHARE_NOT_ZERO",
        "E_TG_UNRESOLVED",
        "E_LATTICE_DRIFTED",
    ]


def test_f29_a_second_canary_is_refused_and_the_first_is_named() -> None:
    (found,) = preflight(request(), replace(FACTS, lease=LeaseFacts(holder="arn:first"))).problems
    assert found.code == "E_LOCKED"
    assert "arn:first" in found.message


def test_a_promotion_that_is_not_in_git_yet_comes_first() -> None:
    assert problems(lease=LeaseFacts(override_pending=True)) == ["E_OVERRIDE_PENDING"]


def test_f19_f20_a_route_that_is_gone_or_going_has_no_canary() -> None:
    assert problems(route=None) == ["E_ROUTE_NOT_FOUND"]
    assert problems(route=route(deletionTimestamp="2026-01-01T00:00:00Z")) == ["E_ROUTE_DELETING"]


@pytest.mark.parametrize(
    ("canary", "code"),
    [
        (TargetCounts(), "E_CANARY_NOT_READY"),
        (TargetCounts(unhealthy=2, initial=1, unused=1, draining=1), "E_CANARY_NOT_READY"),
    ],
)
def test_f21_a_canary_without_a_target_that_serves_does_not_begin(canary: TargetCounts, code: str) -> None:
    assert problems(canary=replace(V2, targets=canary)) == [code]


def test_a_baseline_without_targets_is_nothing_to_go_back_to() -> None:
    assert problems(baseline=replace(V1, targets=TargetCounts())) == ["E_BASELINE_NOT_READY"]


def test_both_services_with_the_same_pods_are_no_two_versions() -> None:
    assert problems(canary=replace(V2, endpoints=V1.endpoints)) == ["E_SAME_SELECTOR"]


@pytest.mark.parametrize(
    ("state", "codes"), [("ALARM", ["E_ALARM_ACTIVE"]), ("MISSING", ["E_ALARM_NOT_FOUND"]), ("INSUFFICIENT_DATA", [])]
)
def test_f12_an_alarm_that_is_missing_or_active_refuses(state: str, codes: list[str]) -> None:
    assert problems(request(alarms={"names": ["a"]}), alarms=(AlarmState("a", state),)) == codes


def test_f12_an_active_alarm_may_be_allowed_and_disabled_actions_are_told() -> None:
    asked = request(alarms={"names": ["a"], "allowActiveAtStart": True})
    active = AlarmState("a", "ALARM", actions_enabled=False)
    assert problems(asked, alarms=(active,)) == []
    assert warnings(asked, alarms=(active,)) == ["W_ALARM_ACTIONS_DISABLED"]


def test_a_hook_that_the_deployment_does_not_allow_is_denied() -> None:
    hook = "arn:aws:lambda:eu-west-1:111122223333:function:check"
    asked = request(hooks={"preStart": hook, "afterStep": f"{hook}:live"})
    assert problems(asked) == ["E_HOOK_DENIED", "E_HOOK_DENIED"]
    assert problems(asked, hook_functions=(hook,)) == ["E_HOOK_DENIED"]
    assert problems(asked, hook_functions=(hook, f"{hook}:live")) == []


def test_a_gate_that_nobody_is_kept_from_is_warned_of() -> None:
    gated = {"beforePromote": True}
    assert warnings(request(gates=gated)) == ["W_NO_REQUESTER"]
    assert warnings(request(gates=gated, requestedBy="alice")) == []
    assert warnings(request(gates={**gated, "forbidSelfApproval": False})) == []


def test_f09_metrics_that_may_not_be_read_refuse() -> None:
    assert problems(metrics_forbidden=True) == ["E_METRICS_FORBIDDEN"]


@pytest.mark.parametrize(
    ("weights", "code"),
    [
        ((100, 1), "E_CANARY_SHARE_NOT_ZERO"),
        ((0, 0), "E_BASELINE_SHARE"),
        ((1000, 0), "E_WEIGHT_RANGE"),
        ((3, 0, ("other", 1)), "E_WEIGHT_PRECISION"),
    ],
)
def test_f40_weights_that_cannot_be_shifted_refuse(weights: tuple[Any, ...], code: str) -> None:
    assert problems(route=route(rule(*weights))) == [code]


def test_the_documented_case_of_weights_1_and_1_is_refused() -> None:
    assert problems(route=route(rule(None, None))) == ["E_CANARY_SHARE_NOT_ZERO"]


def status(**condition: Any) -> dict[str, Any]:
    there = copy.deepcopy(FACTS.route)
    assert isinstance(there, dict)
    there["status"]["parents"][0]["conditions"][0].update(condition)
    return there


def test_a_route_that_lattice_does_not_serve_or_has_not_looked_at_is_refused() -> None:
    foreign = route()
    foreign["status"]["parents"][0]["controllerName"] = "example.com/other"
    assert problems(route=foreign) == ["E_NOT_LATTICE"]
    assert problems(route={**route(), "status": {}}) == ["E_NOT_LATTICE"]
    assert problems(route=status(status="False")) == ["E_NOT_ACCEPTED"]
    assert problems(route=status(observedGeneration=6)) == ["E_NOT_ACCEPTED"]
    assert problems(route=status(type="Other")) == ["E_NOT_ACCEPTED"]


def test_a_route_whose_references_are_not_resolved_is_refused() -> None:
    there = route()
    there["status"]["parents"][0]["conditions"][1]["status"] = "False"
    assert problems(route=there) == ["E_UNRESOLVED_REFS"]


def test_the_chosen_rules_must_have_both_versions() -> None:
    assert problems(route=route({"backendRefs": [{"name": "orders-v1"}]})) == ["E_BACKEND_ABSENT"]
    asked = request(ruleSelector={"mode": "byName", "names": ["main", "missing"]})
    assert problems(asked, route=route(rule(name="main"))) == ["E_BACKEND_ABSENT"]
    twice = rule(100, 0, ("orders-v2", 0))
    assert problems(route=route(twice, rule(path="/b"))) == ["E_BACKEND_AMBIGUOUS"]


def test_the_aws_controller_takes_one_match_per_rule() -> None:
    there = route({**rule(), "matches": [{"path": {"value": "/a"}}, {"path": {"value": "/b"}}]})
    assert problems(route=there) == []
    there["status"]["parents"][0]["controllerName"] = AWS_CONTROLLER
    assert problems(route=there) == ["E_MULTI_MATCH"]


def test_no_canary_begins_in_a_blackout() -> None:
    asked = request(safety={"blackout": ["Thu 10:00/PT4H UTC"]})
    assert problems(asked) == ["E_BLACKOUT"]
    assert problems(asked, now=datetime(2026, 11, 26, 14, 0, tzinfo=UTC)) == []


def test_f41_to_shift_some_of_the_rules_with_both_versions_is_refused() -> None:
    by_name = request(ruleSelector={"mode": "byName", "names": ["main"]})
    assert problems(by_name, route=route(rule(name="main"), rule(path="/b"))) == ["E_TG_SHARED"]
    assert problems(by_name, route=route(rule(name="main"))) == []


def test_f41_metrics_that_are_also_those_of_other_rules_are_warned_of() -> None:
    preview = {"matches": [{"path": {"value": "/preview"}}], "backendRefs": [{"name": "orders-v2", "port": 80}]}
    assert warnings(route=route(rule(), preview)) == ["W_TG_SHARED"]
    assert warnings(baseline=replace(V1, is_shared=True)) == ["W_TG_SHARED"]
    assert warnings(route=route(rule(), rule(path="/b"))) == []


def test_little_traffic_is_warned_of_for_each_step_that_lacks_it() -> None:
    assert warnings(hourly_requests=3600.0) == ["W_LOW_TRAFFIC"]
    assert warnings(hourly_requests=36_000.0) == []


def test_fewer_targets_unchecked_targets_and_gitops_are_warned_of() -> None:
    managed = route(managedFields=[{"manager": "argocd-controller", "fieldsV1": {"f:spec": {}}}, {"manager": "helm"}])
    found = warnings(canary=replace(V2, targets=TargetCounts(unavailable=1)), route=managed)
    assert found == ["W_NO_HEALTHCHECK", "W_V2_CAPACITY", "W_GITOPS_MANAGED"]


def test_a_custom_metric_of_a_version_with_several_target_groups_cannot_be_asked_for() -> None:
    query = {"Id": "m", "Expression": "SEARCH('${canaryTg}')"}
    custom = {"name": "own", "metricDataQueries": [query], "direction": "higher", "max": 1}
    asked = request(analysis={"custom": [custom]})
    assert problems(asked) == []
    assert problems(asked, canary=replace(V2, target_groups=("tg-2", "tg-3"))) == ["E_TG_UNRESOLVED"]
