"""Which rules hold both versions, and how they are found again wherever they are."""

from typing import Any

from canary_making import request, route, rule

from trellis.canary.live_route import locate
from trellis.canary.rules import find_rules, outline_of, pair_of, select_rules, vector_of

PAIR = pair_of(request())


def test_all_rules_with_both_versions_are_found_with_the_others_weights() -> None:
    found = find_rules(route(rule(90, 10, ("orders-v0", 5)), rule(path="/b"), {"backendRefs": []}), PAIR)
    assert vector_of(found.rules) == {
        "PathPrefix:/": {"orders-v1:80": 90, "orders-v2:80": 10, "orders-v0:80": 5},
        "PathPrefix:/b": {"orders-v1:80": 100, "orders-v2:80": 0},
    }
    assert found.rules[0].weights.others == (5,)


def test_f40_a_weight_that_is_not_written_is_1() -> None:
    (found,) = find_rules(route(rule(None, 0)), PAIR).rules
    assert found.weights.baseline == 1


def test_rules_with_one_version_only_or_one_of_another_namespace_are_none() -> None:
    other = {"backendRefs": [{"name": "orders-v1"}, {"name": "orders-v2", "namespace": "other"}]}
    wrong_kind = {"backendRefs": [{"name": "orders-v1"}, {"name": "orders-v2", "kind": "ServiceImport"}]}
    assert find_rules(route({"backendRefs": [{"name": "orders-v1"}]}, other, wrong_kind), PAIR).rules == ()


def test_a_version_that_stands_there_twice_needs_its_port() -> None:
    twice = rule(90, 0, ("orders-v1", 5))
    twice["backendRefs"][2]["port"] = 81
    assert find_rules(route(twice), PAIR).ambiguous == (0,)
    named = pair_of(request(baseline={"name": "orders-v1", "port": 80}))
    assert len(find_rules(route(twice), named).rules) == 1


def test_equal_backends_and_equal_matches_keep_apart() -> None:
    same = rule(90, 10, ("other", 1), ("other", 2))
    found = find_rules(route(same, same), PAIR).rules
    assert [each.key for each in found] == ["PathPrefix:/", "PathPrefix:/ #2"]
    assert list(found[0].vector) == ["orders-v1:80", "orders-v2:80", "other:80", "other:80#2"]


def test_long_matches_have_short_keys_that_differ() -> None:
    found = find_rules(route(rule(path="/a" * 400), rule(path="/a" * 400 + "b")), PAIR).rules
    assert len({each.key for each in found}) == 2
    assert all(len(each.key) <= 120 for each in found)


def selected(**selector: Any) -> list[int]:
    asked = request(ruleSelector=selector)
    header = {"matches": [{"method": "GET", "headers": [{"name": "X-A", "value": "1"}]}]}
    there = route(rule(name="first"), {**rule(path="/b", name="second")}, {**rule(), **header})
    return [each.index for each in select_rules(there, find_rules(there, PAIR), asked.rule_selector)]


def test_rules_are_chosen_by_name_or_match() -> None:
    assert selected(mode="all") == [0, 1, 2]
    assert selected(mode="byName", names=["second"]) == [1]
    assert selected(mode="byMatch", matches=[{"path": {"value": "/b"}}]) == [1]
    assert selected(mode="byMatch", matches=[{"method": "GET", "headers": [{"name": "x-a", "value": "1"}]}]) == [2]
    assert selected(mode="byMatch", matches=[{"path": {"type": "Exact", "value": "/b"}}]) == []


def test_f17_rules_and_backends_in_another_order_are_the_same_rules() -> None:
    before = route(rule(90, 10), rule(80, 20, path="/b"))
    vector = vector_of(find_rules(before, PAIR).rules)
    moved = route(rule(1, 1, path="/new"), rule(80, 20, path="/b"), rule(90, 10))
    moved["spec"]["rules"][2]["backendRefs"].reverse()
    found = locate(moved, PAIR, vector)
    assert {key: each.index for key, each in found.items()} == {"PathPrefix:/": 2, "PathPrefix:/b": 1}
    assert vector_of(tuple(found.values())) == vector
    assert (found["PathPrefix:/"].baseline, found["PathPrefix:/"].canary) == (1, 0)


def test_f15_a_rule_whose_match_has_changed_is_found_if_it_is_the_only_one() -> None:
    vector = vector_of(find_rules(route(rule()), PAIR).rules)
    assert locate(route(rule(path="/v2")), PAIR, vector)["PathPrefix:/"].index == 0
    assert locate(route(rule(path="/v2"), rule(path="/v3")), PAIR, vector) == {}


def test_the_outline_of_a_route_knows_everything_but_the_weights() -> None:
    def outline(there: dict[str, Any]) -> str:
        return outline_of(there, find_rules(there, PAIR).rules)

    other = {"backendRefs": [{"name": "other", "weight": 1}]}
    assert outline(route(rule(90, 10))) == outline(route(rule(1, 2)))
    assert outline(route(rule())) != outline(route(rule(path="/b")))
    assert outline(route(rule(), other)) != outline(route(rule(), {"backendRefs": [{"name": "other", "weight": 2}]}))
