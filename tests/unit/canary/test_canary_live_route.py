"""What became of a route while a canary runs, and what the canary does about it."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from canary_making import request, route, rule

from trellis.canary.live_route import Expectation, LiveRoute, RouteAction, RouteDecision, RouteState, classify, decide
from trellis.canary.rollback import rollback_vector
from trellis.canary.rules import find_rules, outline_of, pair_of, vector_of

PAIR = pair_of(request())
GIT = route(rule(100, 0), rule(1, 0, path="/b"))
SERVED = route(rule(75, 25), rule(75, 25, path="/b"))
RULES = find_rules(GIT, PAIR).rules
EXPECTED = Expectation(
    uid="uid-1",
    baseline=vector_of(RULES),
    expected=vector_of(find_rules(SERVED, PAIR).rules),
    outline=outline_of(GIT, RULES),
)
SAFETY = request().safety


def state(there: dict[str, Any] | None, expectation: Expectation = EXPECTED) -> LiveRoute:
    return classify(there, PAIR, expectation)


def decision(there: dict[str, Any] | None, *, reasserts: int = 0, **safety: Any) -> RouteDecision:
    return decide(state(there), request(safety=safety).safety, reasserts=reasserts)


def test_a_route_as_expected_lets_the_canary_go_on() -> None:
    assert state(SERVED).state == RouteState.EXPECTED
    assert decision(SERVED) == RouteDecision(RouteAction.CONTINUE)


def test_f02_a_write_whose_answer_was_lost_explains_either_state() -> None:
    pending = replace(EXPECTED, expected=EXPECTED.baseline, pending=EXPECTED.expected)
    assert state(GIT, pending).state == RouteState.EXPECTED
    assert state(SERVED, pending).state == RouteState.PENDING


def test_f14_weights_as_in_git_are_put_back_three_times_and_then_it_is_over() -> None:
    partly = route(rule(75, 25), rule(1, 0, path="/b"))
    for reverted in (GIT, partly):
        assert state(reverted).state == RouteState.REVERTED
        for reasserts, action in ((2, RouteAction.REASSERT), (3, RouteAction.ROLLBACK)):
            assert decision(reverted, reasserts=reasserts) == RouteDecision(action, "EXTERNAL_REVERT")


def test_f14_the_operator_says_how_often() -> None:
    assert decision(GIT, maxReasserts=0).action == RouteAction.ROLLBACK


def test_f15_another_field_that_changes_is_told_and_the_canary_goes_on() -> None:
    changed = copy.deepcopy(SERVED)
    changed["spec"]["rules"][0]["filters"] = [{"type": "RequestHeaderModifier"}]
    changed["spec"]["rules"][1]["matches"][0]["path"]["value"] = "/c"
    changed["spec"]["rules"].append({"backendRefs": [{"name": "other"}]})
    assert decision(changed) == RouteDecision(RouteAction.CONTINUE, "RULE_CHANGED")
    assert state(changed).rules["PathPrefix:/b"].index == 1


def test_f15_another_backend_that_comes_or_goes_changes_the_rule_only() -> None:
    more = route(rule(75, 25, ("other", 5)), rule(75, 25, path="/b"))
    assert decision(more) == RouteDecision(RouteAction.CONTINUE, "RULE_CHANGED")


@pytest.mark.parametrize("weights", [(93, 7), (0, 100), (0, 0), (100, 25)])
def test_f16_a_weight_of_somebody_elses_is_never_stepped_from(weights: tuple[int, int]) -> None:
    edited = route(rule(*weights), rule(75, 25, path="/b"))
    assert state(edited).state == RouteState.EDITED
    assert decision(edited) == RouteDecision(RouteAction.ROLLBACK, "EXTERNAL_EDIT")
    assert decision(edited, onExternalEdit="hold") == RouteDecision(RouteAction.HOLD, "EXTERNAL_EDIT")


def test_f17_another_order_is_no_change_of_weights() -> None:
    moved = copy.deepcopy(SERVED)
    moved["spec"]["rules"].reverse()
    moved["spec"]["rules"][0]["backendRefs"].reverse()
    found = state(moved)
    assert found.state == RouteState.EXPECTED
    assert found.rules["PathPrefix:/"].index == 1


def without_canary() -> dict[str, Any]:
    less = copy.deepcopy(SERVED)
    del less["spec"]["rules"][0]["backendRefs"][1]
    return less


def test_f18_a_backend_or_rule_that_is_gone_stops_all_writing() -> None:
    for less in (without_canary(), route(rule(75, 25, path="/b"))):
        found = state(less)
        assert (found.state, found.gone) == (RouteState.BACKEND_GONE, ("PathPrefix:/",))
        assert decision(less) == RouteDecision(RouteAction.HOLD, "BACKEND_GONE")


def test_f18_only_what_still_exists_goes_back() -> None:
    assert rollback_vector(state(without_canary()), EXPECTED.baseline) == {
        "PathPrefix:/b": {"orders-v1:80": 1, "orders-v2:80": 0}
    }


def test_f19_a_route_that_is_gone_or_another_one_ends_the_canary() -> None:
    other = copy.deepcopy(SERVED)
    other["metadata"]["uid"] = "uid-2"
    assert decision(None) == RouteDecision(RouteAction.STOP, "ROUTE_GONE")
    assert decision(other) == RouteDecision(RouteAction.STOP, "ROUTE_REPLACED")


def test_f20_a_route_that_is_being_deleted_ends_the_canary_whatever_its_weights() -> None:
    for there in (SERVED, GIT, without_canary()):
        going = copy.deepcopy(there)
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        assert decision(going) == RouteDecision(RouteAction.STOP, "DELETING")
