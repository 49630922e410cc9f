"""Which rule a request matches."""

import pytest
from dataplane_fakes import path_rule

from trellis_local.dataplane.matching import UnknownMatchError, matches, select_action
from trellis_local.dataplane.messages import Request
from trellis_local.lattice.view import ListenerView


def path(kind: str, value: str, **more):
    return {"httpMatch": {"pathMatch": {"match": {kind: value}, **more}}}


def header(kind: str, value: str, **more):
    return {"httpMatch": {"headerMatches": [{"name": "X-Team", "match": {kind: value}, **more}]}}


@pytest.mark.parametrize(
    ("match", "target", "expected"),
    [
        (path("exact", "/popular"), "/popular", True),
        (path("exact", "/popular"), "/popular?x=1", True),
        (path("exact", "/popular"), "/popular/", False),
        (path("exact", "/popular"), "/Popular", False),
        (path("exact", "/popular", caseSensitive=False), "/Popular", True),
        (path("prefix", "/pop"), "/popular", True),
        (path("prefix", "/POP", caseSensitive=False), "/popular", True),
        (path("prefix", "/pop"), "/", False),
        (path("prefix", "/popular"), "/x?y=/popular", False),
    ],
)
def test_paths(match, target, expected):
    assert matches(match, Request("GET", target)) is expected


@pytest.mark.parametrize(
    ("match", "value", "expected"),
    [
        (header("exact", "blue"), "Blue", True),
        (header("exact", "blue", caseSensitive=True), "Blue", False),
        (header("exact", "blue"), "blues", False),
        (header("prefix", "bl"), "blue", True),
        (header("contains", "lu"), "blue", True),
        (header("contains", "LU", caseSensitive=True), "blue", False),
    ],
)
def test_header_values(match, value, expected):
    assert matches(match, Request("GET", "/", (("x-tEAM", value),))) is expected


def test_a_missing_header_does_not_match():
    assert not matches(header("contains", ""), Request("GET", "/"))


def test_methods_match_exactly():
    assert matches({"httpMatch": {"method": "GET"}}, Request("GET", "/"))
    assert not matches({"httpMatch": {"method": "GET"}}, Request("get", "/"))


def test_an_empty_method_matches_every_method():
    assert matches({"httpMatch": {"method": "", **path("prefix", "/a")["httpMatch"]}}, Request("PUT", "/a"))


def test_all_conditions_must_hold():
    both = {"httpMatch": {"method": "GET", **path("exact", "/a")["httpMatch"], **header("exact", "b")["httpMatch"]}}
    assert matches(both, Request("GET", "/a", (("x-team", "b"),)))
    assert not matches(both, Request("GET", "/a", (("x-team", "c"),)))


@pytest.mark.parametrize(
    "match",
    [
        {"tcpMatch": {}},
        {"httpMatch": {"queryMatches": []}},
        path("regex", ".*"),
        header("suffix", "x"),
        {"httpMatch": {"pathMatch": {"match": {}}}},
    ],
)
def test_a_match_that_lattice_does_not_have_is_an_error(match):
    with pytest.raises(UnknownMatchError):
        matches(match, Request("GET", "/", (("x-team", "b"),)))


def test_the_lowest_priority_number_wins():
    rules = (path_rule(20, "/", {"is": "twenty"}), path_rule(3, "/", {"is": "three"}))
    listener = ListenerView("listener-1", 80, "HTTP", rules, {"is": "default"})
    assert select_action(listener, Request("GET", "/")) == {"is": "three"}


def test_the_default_action_takes_the_rest():
    listener = ListenerView("listener-1", 80, "HTTP", (path_rule(1, "/a", {"is": "a"}),), {"is": "default"})
    assert select_action(listener, Request("GET", "/b")) == {"is": "default"}
