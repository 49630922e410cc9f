"""Objects that people get wrong, or mean to: each is reported, none harms another."""

from typing import Any

import pytest
from gateway_api_objects import (
    KINDS,
    Raw,
    backend,
    condition_of,
    desired_of,
    document,
    intent_of,
    path,
    route,
    rule,
    service,
)

from trellis.errors import InvalidInputError
from trellis.gateway_api import parse_snapshot, trim
from trellis.model import Forward

GOOD = route()


def bad_route(**spec: Any) -> Raw:
    return route(name="bad", **spec)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (bad_route(rules=[rule(to=[backend("x", "http")])]), "spec.rules[0].backendRefs[0].port: "),
        (bad_route(rules=[rule(to=[backend("x", True)])]), "spec.rules[0].backendRefs[0].port: "),
        (bad_route(rules=[rule(to=[backend("x", 70000)])]), "spec.rules[0].backendRefs[0].port: "),
        (bad_route(rules=[rule(to=[backend("x", weight=-1)])]), "spec.rules[0].backendRefs[0].weight: "),
        (bad_route(rules=[rule(to=[backend("x", weight=1_000_001)])]), "spec.rules[0].backendRefs[0].weight: "),
        (bad_route(rules=[rule(to=[backend("ünïcode")])]), "spec.rules[0].backendRefs[0].name: "),
        (bad_route(rules="all"), "spec.rules: "),
        (bad_route(hostnames=[7]), "spec.hostnames[0]: "),
    ],
)
def test_a_malformed_route_gets_a_condition_that_names_the_field_and_the_others_go_on(bad: Raw, message: str) -> None:
    objects = {"HTTPRoute": [bad, GOOD]}
    status, reason, found = condition_of(intent_of(**objects), "Accepted", "bad")
    assert (status, reason) == ("False", "UnsupportedValue")
    assert found.startswith(message)
    assert desired_of(**objects) == desired_of(HTTPRoute=[GOOD])


@pytest.mark.parametrize("garbage", [None, 7, "text", [], {}, {"metadata": None}, {"metadata": {"name": "Ünicode"}}])
def test_garbage_of_any_kind_is_reported_and_nothing_else_changes(garbage: Any) -> None:
    clean = document(HTTPRoute=[GOOD])
    dirty = {**clean, "objects": {kind: [garbage, *found] for kind, found in clean["objects"].items()}}
    snapshot = parse_snapshot(dirty)
    assert [bad.kind for bad in snapshot.malformed] == sorted(KINDS)
    assert snapshot.routes == parse_snapshot(clean).routes


def test_a_kind_that_was_not_read_is_unknown_and_not_empty() -> None:
    partial = document()
    del partial["objects"]["EndpointSlice"]
    with pytest.raises(InvalidInputError, match="EndpointSlice"):
        parse_snapshot(partial)


def test_a_weight_of_a_million_beside_one_of_one_keeps_both() -> None:
    refs = [backend("datastore-v1", weight=1_000_000), backend("datastore-v2", weight=1)]
    action = desired_of(HTTPRoute=[route(rule(path("/"), to=refs))]).services[0].listeners[0].rules[0].action
    assert isinstance(action, Forward)
    assert [share.weight for share in action.target_groups] == [999, 1]


def test_names_that_lattice_reserves_are_changed() -> None:
    desired = desired_of(
        HTTPRoute=[route(rule(to=[backend("tg")]), name="svc", hostnames=["svc-x.example.com"])],
        Service=[service("tg")],
    )
    assert desired.services[0].name.startswith("k-svc-x-")


def test_a_snapshot_keeps_nothing_of_an_annotation_of_a_megabyte() -> None:
    big = {
        **GOOD,
        "metadata": {**GOOD["metadata"], "annotations": {"big": "x" * 2**20}, "managedFields": ["x" * 2**20]},
    }
    assert len(str(trim(big))) < 2000


def test_a_message_never_grows_beyond_what_kubernetes_takes() -> None:
    hostnames = [f"*.{'x' * 200}{n}.example.com" for n in range(500)]
    assert len(condition_of(intent_of(HTTPRoute=[route(hostnames=hostnames)]), "Accepted")[2]) <= 4000


def test_two_parents_with_equal_refs_are_one() -> None:
    parents = [{"name": "eks-lattice-network"}] * 2
    assert len(intent_of(HTTPRoute=[route(parentRefs=parents)]).routes[0].parents) == 1
