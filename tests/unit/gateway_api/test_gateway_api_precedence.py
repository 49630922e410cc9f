"""Which rule goes first, and what becomes of matches that several rules ask for."""

import pytest
from gateway_api_objects import Raw, backend, condition_of, desired_of, intent_of, path, route, rule, served

from trellis.model import Forward

V2 = [backend("datastore-v2")]


def headers(*names: str) -> Raw:
    return {"headers": [{"name": name, "value": "x"} for name in names]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(path("/a", "Exact"), path("/a/b/c/d"), id="exact path before a longer prefix"),
        pytest.param(path("/ab/c"), path("/ab"), id="longer prefix before a shorter"),
        pytest.param({**path("/a"), "method": "GET"}, {**path("/a"), **headers("x", "y")}, id="method before headers"),
        pytest.param(
            {**path("/a"), **headers("x", "y")}, {**path("/a"), **headers("x")}, id="more headers before fewer"
        ),
        pytest.param(path("/aa"), {**path("/a"), "method": "GET"}, id="longer prefix before a method"),
    ],
)
def test_the_more_specific_match_goes_first(first: Raw, second: Raw) -> None:
    for rules in ([rule(first, to=V2), rule(second)], [rule(second), rule(first, to=V2)]):
        found = desired_of(HTTPRoute=[route(*rules)]).services[0].listeners[0].rules
        action = found[0].action
        assert isinstance(action, Forward)
        assert "v2" in action.target_groups[0].target_group


def test_equally_specific_matches_stay_in_the_order_of_the_rules() -> None:
    desired = desired_of(HTTPRoute=[route(rule(path("/two", "Exact")), rule(path("/one", "Exact")))])
    assert served(desired) == [("exact", "/two"), ("exact", "/one")]


def test_priorities_leave_room_between_the_rules() -> None:
    found = desired_of(HTTPRoute=[route(rule(path("/a"), path("/b", "Exact"), path("/")))]).services[0]
    assert [item.priority for item in found.listeners[0].rules] == [10, 20, 30, 40]


def test_every_match_of_a_rule_becomes_a_rule() -> None:
    desired = desired_of(HTTPRoute=[route(rule(path("/a", "Exact"), path("/b", "Exact")))])
    assert served(desired) == [("exact", "/a"), ("exact", "/b")]


def test_a_prefix_is_of_whole_path_elements() -> None:
    desired = desired_of(HTTPRoute=[route(rule(path("/foo/")))])
    assert served(desired) == [("exact", "/foo"), ("prefix", "/foo/")]


def test_a_rule_without_matches_takes_everything() -> None:
    assert served(desired_of(HTTPRoute=[route(rule())])) == [("prefix", "/")]


def test_an_exact_path_keeps_its_requests_from_the_prefix_of_an_older_route() -> None:
    older = route(rule(path("/foo")), created="2026-01-01", name="older")
    younger = route(rule(path("/foo", "Exact"), to=V2), created="2026-01-02", name="younger")
    desired = desired_of(HTTPRoute=[younger, older])
    assert served(desired) == [("exact", "/foo"), ("prefix", "/foo/")]
    action = desired.services[0].listeners[0].rules[0].action
    assert isinstance(action, Forward)
    assert "v2" in action.target_groups[0].target_group


def test_routes_of_a_namespace_share_the_service_of_their_hostname() -> None:
    routes = [route(rule(path("/a", "Exact")), name="one"), route(rule(path("/b", "Exact")), name="two")]
    (service,) = desired_of(HTTPRoute=routes).services
    assert len(service.listeners[0].rules) == 2
    assert service.stands_for == "HTTPRoute apps/one and 1 more"


def test_the_older_route_wins_a_match_and_the_younger_is_told() -> None:
    older = route(rule(path("/a", "Exact"), to=V2), created="2026-01-01", name="z-older")
    younger = route(rule(path("/a", "Exact")), created="2026-01-02", name="a-younger")
    objects = {"HTTPRoute": [younger, older]}
    action = desired_of(**objects).services[0].listeners[0].rules[0].action
    assert isinstance(action, Forward)
    assert "v2" in action.target_groups[0].target_group
    status, _, message = condition_of(intent_of(**objects), "Accepted", "a-younger")
    assert status == "True"
    assert message.startswith("spec.rules[0].matches[0]: the same match belongs to the older HTTPRoute apps/z-older")


def test_header_names_are_one_whatever_their_case() -> None:
    matches = [{**path("/"), "headers": [{"name": name, "value": "1"}]} for name in ("X-Canary", "x-canary")]
    (found,) = desired_of(HTTPRoute=[route(rule(matches[0]), rule(matches[1]))]).services[0].listeners[0].rules
    assert found.match.headers[0].name == "x-canary"
