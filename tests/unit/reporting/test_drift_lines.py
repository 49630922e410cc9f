"""What of a plan is drift, and what a report says of each."""

from dataclasses import replace
from typing import Any

import pytest
from drifted_fleet import EVE, Drifting, cluster, group, rule, service, with_rules, with_weights

from trellis.reporting.drift import drifts

GROUPS = (group("a", "10.0.0.1", "10.0.0.2"), group("b", "10.0.0.3"))
RULES = (rule("split", "/split", ("a", 90), ("b", 10)), rule("all", "/", ("a", 1)))
STORE = service("store", RULES, GROUPS)


def drifting(*, before: tuple[Any, ...] | None = None) -> Drifting:
    """A cluster with the service `store`, which the last converged run has left as it is wanted now, or otherwise."""
    return Drifting(cluster("blue"), (STORE,), before)


def told(found: Drifting, **more: Any) -> list[tuple[str, str, str]]:
    """Resource, field and action of each line."""
    return [(line["resource"], line["field"], line["action"]) for line in found.report(**more)["drifts"]]


def test_changed_weights_are_one_line_with_what_was_expected_and_found() -> None:
    blue = drifting()
    blue.change("store", with_weights(0, 7, 7))
    (line,) = blue.report()["drifts"]
    assert (line["resource"], line["field"], line["kind"]) == ("rule store/http-80/split", "action", "UpdateRule")
    assert line["expected"] == {"forward": {"k8s-a": 90, "k8s-b": 10}}
    assert line["found"] == {"forward": {"k8s-a": 7, "k8s-b": 7}}


def test_each_changed_field_of_a_rule_has_its_own_line() -> None:
    blue = drifting()
    other = replace(rule("split", "/other", ("a", 1), ("b", 1)), priority=10)
    blue.change("store", with_rules(lambda found: (other, *found[1:])))
    assert sorted(field for _, field, _ in told(blue)) == ["action", "match"]


def test_a_deleted_rule_is_missed_by_its_presence() -> None:
    blue = drifting()
    blue.change("store", with_rules(lambda found: found[:1]))
    (line,) = blue.report()["drifts"]
    assert (line["field"], line["found"], line["expected"]["priority"]) == ("presence", None, 20)


def test_a_rule_that_somebody_added_is_drift() -> None:
    blue = drifting()
    blue.change("store", with_rules(lambda found: (*found, replace(rule("new", "/new", ("a", 1)), priority=30))))
    (line,) = blue.report()["drifts"]
    assert (line["resource"], line["expected"], line["found"]["priority"]) == ("rule store/http-80/new", None, 30)


def test_exchanged_priorities_are_a_line_for_each_rule() -> None:
    blue = drifting()
    blue.change("store", with_rules(lambda found: tuple(replace(one, priority=30 - one.priority) for one in found)))
    lines = {line["resource"]: (line["expected"], line["found"]) for line in blue.report()["drifts"]}
    assert lines == {"rule store/http-80/split": (10, 20), "rule store/http-80/all": (20, 10)}


def test_the_rollout_of_a_new_rule_is_no_drift() -> None:
    before = service("store", RULES[:1], GROUPS)
    blue = drifting(before=(before,))
    blue.change("store", lambda _: before)
    assert told(blue) == []


def test_a_rule_that_is_not_wanted_any_more_is_no_drift() -> None:
    more = service("store", (*RULES, rule("old", "/old", ("a", 1))), GROUPS)
    blue = drifting(before=(more,))
    blue.change("store", lambda _: more)
    assert told(blue) == []


def test_a_new_pod_is_a_rollout_and_a_deregistered_one_is_drift() -> None:
    before = service("store", RULES, (group("a", "10.0.0.1"), GROUPS[1]))
    blue = drifting(before=(before,))
    blue.change("store", lambda found: replace(found, target_groups=(group("a", "10.0.9.9"), GROUPS[1])))
    (line,) = blue.report()["drifts"]
    assert (line["expected"], line["found"]) == (["10.0.0.1:8080"], ["10.0.9.9:8080"])


def test_drift_is_seen_beside_a_rollout_in_the_same_service() -> None:
    before = service("store", RULES[:1], GROUPS)
    blue = drifting(before=(before,))
    blue.change("store", lambda _: with_weights(0, 7, 7)(before))
    assert [(resource, field) for resource, field, _ in told(blue)] == [("rule store/http-80/split", "action")]


def test_before_any_run_has_converged_nothing_is_drift() -> None:
    blue = drifting()
    blue.change("store", with_weights(0, 7, 7))
    assert drifts(blue.plan(), None) == ()


def test_a_lost_association_and_a_closed_security_group_are_drift() -> None:
    blue = drifting()
    blue.joined = blue.opened = False
    assert [field for _, field, _ in told(blue)] == ["presence"] * 3


def test_another_basis_makes_it_a_rollout() -> None:
    blue = drifting()
    blue.joined = False
    plan, before = blue.plan(), blue.plan(now=False)
    assert drifts(plan, {**before, "basis": {**before["basis"], "network": "other"}}) == ()


@pytest.mark.parametrize(
    ("verdict", "action"), [("APPLY", "repaired"), ("REPORT_ONLY", "reported"), ("STOPPED_BY_GUARD", "stopped")]
)
def test_the_action_follows_from_how_the_run_ended(verdict: str, action: str) -> None:
    blue = drifting()
    blue.change("store", with_weights(0, 7, 7))
    assert [found for _, _, found in told(blue, verdict=verdict)] == [action]


@pytest.mark.parametrize(("status", "action"), [("REFUSED", "refused"), ("FAILED", "failed")])
def test_what_still_differs_at_the_end_says_why(status: str, action: str) -> None:
    blue = drifting()
    blue.change("store", with_weights(0, 7, 7))
    refusal = {"resource": "rule", "reason": "AccessDeniedError", "message": "denied"}
    outcome = {"kind": "apply_service", "name": "store", "status": status, "done": [], "refusals": [refusal]}
    (line,) = blue.report(outcomes=[outcome])["drifts"]
    assert (line["action"], line["because"], line["age"]) == (action, "denied", None)


def test_the_age_is_counted_from_the_earliest_cause_to_the_end_of_the_run() -> None:
    blue = drifting()
    blue.change("store", with_weights(0, 7, 7))
    for second in ("09:15:01", "09:14:58"):
        blue.blame("apply_service/store", "vpc-lattice:UpdateRule", EVE, f"2026-11-02T{second}Z")
    (line,) = blue.report()["drifts"]
    assert (line["age"], [cause["actor"] for cause in line["causes"]]) == (11, [EVE, EVE])


def test_a_resource_that_somebody_has_taken_is_refused_and_told_of_once() -> None:
    refusal = {"resource": "service store", "reason": "NotOwned", "message": "was not made by Trellis"}
    item = {"kind": "apply_service", "name": "store", "plan": {"changes": [], "refusals": [refusal]}}
    before = drifting().plan(now=False)
    taken = {**before, "items": [item]}
    (found,) = drifts(taken, before)
    assert (found.kind, found.field, found.found) == ("Refusal", "NotOwned", "was not made by Trellis")
    assert drifts(taken, taken) == ()


def test_a_changed_record_is_drift_and_a_new_hostname_is_not() -> None:
    records = {
        "kind": "ChangeResourceRecordSets",
        "resource": "record store.lattice-test.io in lattice-test.io",
        "expected": ["store.lattice-test.io 60 CNAME right"],
        "found": ["store.lattice-test.io 60 CNAME wrong"],
        "deletes": False,
    }
    item = {"kind": "sync_dns", "name": "blue", "plan": {"changes": [records], "refusals": []}}
    name = {"hostname": "store.lattice-test.io", "service": "store", "stands_for": "HTTPRoute apps/store"}
    plan = drifting().plan(now=False)
    plan |= {"basis": {**plan["basis"], "ttl": 60}, "desired": {**plan["desired"], "names": [name]}}
    (found,) = drifts({**plan, "items": [item]}, plan)
    assert (found.field, found.found) == ("records", records["found"])
    assert drifts({**plan, "items": [item]}, {**plan, "desired": {**plan["desired"], "names": []}}) == ()
