"""Patches: they change what they should, nothing else, and nothing at all where the route is not what was read."""

import copy
import json
from typing import Any

import jsonpatch
import pytest
from canary_making import request, route, rule

from trellis.canary.live_route import locate
from trellis.canary.patch import (
    BASELINE,
    EPOCH,
    RouteWrite,
    annotations_of,
    git_patch,
    no_annotations,
    patch_of,
)
from trellis.canary.rules import find_rules, pair_of, vector_of

PAIR = pair_of(request())
BEFORE = route(rule(90, 10, ("other", 5)), rule(100, 0, path="/b"), annotations={EPOCH: "7", "keep": "me"})
VECTOR = vector_of(find_rules(BEFORE, PAIR).rules)
SHIFTED = {**VECTOR, "PathPrefix:/": {"orders-v1:80": 50, "orders-v2:80": 50, "other:80": 5}}


def patch(there: dict[str, Any] = BEFORE, **write: Any) -> list[dict[str, Any]]:
    wanted = {"weights": SHIFTED, "held_epoch": 7, **write}
    return patch_of(there, locate(there, PAIR, VECTOR), RouteWrite(**wanted))


def applied(operations: list[dict[str, Any]], there: dict[str, Any] = BEFORE) -> dict[str, Any]:
    found: dict[str, Any] = jsonpatch.apply_patch(copy.deepcopy(there), operations)
    return found


def test_only_the_weights_change() -> None:
    after = applied(patch())
    assert [ref["weight"] for ref in after["spec"]["rules"][0]["backendRefs"]] == [50, 50, 5]
    after["spec"]["rules"][0] = BEFORE["spec"]["rules"][0]
    assert after == BEFORE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("metadata", "uid"), "uid-2"),
        (("metadata", "generation"), 8),
        (("metadata", "annotations", EPOCH), "8"),
        (("spec", "rules", 0, "backendRefs", 0, "name"), "orders-v9"),
        (("spec", "rules", 0, "backendRefs", 2, "name"), "other-v2"),
        (("spec", "rules", 0, "backendRefs", 1, "weight"), 7),
    ],
)
def test_f17_f19_a_route_that_is_not_the_one_that_was_read_is_not_changed(path: tuple[Any, ...], value: Any) -> None:
    moved = copy.deepcopy(BEFORE)
    place: Any = moved
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied(patch(), moved)


def test_f17_the_indices_of_a_patch_are_those_of_the_route_now() -> None:
    moved = copy.deepcopy(BEFORE)
    moved["spec"]["rules"].reverse()
    moved["spec"]["rules"][1]["backendRefs"].reverse()
    after = applied(patch(moved), moved)
    assert vector_of(find_rules(after, PAIR).rules)["PathPrefix:/"] == SHIFTED["PathPrefix:/"]


def test_f01_f03_a_patch_that_is_applied_already_is_empty() -> None:
    assert patch(applied(patch())) == []


def test_f18_what_is_gone_is_not_written() -> None:
    less = copy.deepcopy(BEFORE)
    del less["spec"]["rules"][0]["backendRefs"][2]
    after = applied(patch(less), less)
    assert [ref["weight"] for ref in after["spec"]["rules"][0]["backendRefs"]] == [50, 50]


def test_f40_a_weight_that_was_not_written_is_added() -> None:
    bare = route(rule(None, 0))
    vector = {"PathPrefix:/": {"orders-v1:80": 95, "orders-v2:80": 5}}
    operations = patch_of(bare, locate(bare, PAIR, vector), RouteWrite(weights=vector))
    after = applied(operations, bare)
    assert [ref["weight"] for ref in after["spec"]["rules"][0]["backendRefs"]] == [95, 5]


def test_annotations_come_and_go_and_those_of_others_stay() -> None:
    wanted = annotations_of(execution="arn", epoch=7, phase="BAKING", baseline=VECTOR, expected=SHIFTED)
    with_them = applied(patch(weights={}, annotations=wanted))
    assert json.loads(with_them["metadata"]["annotations"][BASELINE]) == VECTOR
    without = applied(patch(with_them, weights={}, annotations=no_annotations()), with_them)
    assert without["metadata"]["annotations"] == {"keep": "me"}


def test_the_first_annotation_of_a_route_is_written_too() -> None:
    bare = route(rule())
    operations = patch_of(bare, {}, RouteWrite(annotations={EPOCH: "1"}))
    assert applied(operations, bare)["metadata"]["annotations"] == {EPOCH: "1"}


def test_a_takeover_writes_the_next_epoch_only_over_the_one_it_knows() -> None:
    operations = patch(weights={}, annotations={EPOCH: "8"})
    taken = applied(operations)
    assert taken["metadata"]["annotations"][EPOCH] == "8"
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied(patch(), taken)


def test_the_patch_for_git_says_what_is_served() -> None:
    declared = route(rule(None, 0), rule(100, 0, path="/b"))
    served = {"PathPrefix:/": {"orders-v1:80": 0, "orders-v2:80": 100}}
    operations = git_patch(find_rules(declared, PAIR).rules, served)
    after = applied(operations, declared)
    assert vector_of(find_rules(after, PAIR).rules)["PathPrefix:/"] == served["PathPrefix:/"]
    assert after["spec"]["rules"][1] == declared["spec"]["rules"][1]
