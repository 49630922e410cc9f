"""What VPC Lattice cannot do is refused with the field named; the rest of the route goes on."""

from dataclasses import replace
from typing import Any

import pytest
from gateway_api_objects import (
    CLUSTER,
    Raw,
    backend,
    condition_of,
    desired_of,
    document,
    intent_of,
    path,
    route,
    rule,
    served,
)

from trellis.gateway_api import Quotas, build_desired, build_intent, parse_snapshot
from trellis.model import FixedResponse

GOOD = rule(path("/good", "Exact"))


def matched(**match: Any) -> Raw:
    return rule({**path("/bad", "Exact"), **match})


MATCHES = {
    "queryParams: VPC Lattice cannot match query": matched(queryParams=[{"name": "q", "value": "1"}]),
    "path.type: VPC Lattice matches paths": rule(path("/b.*", "RegularExpression")),
    "path.value: VPC Lattice takes paths of at most 200": rule(path("/" + "x" * 200)),
    "path.value: VPC Lattice takes paths that begin": rule(path("/ü", "Exact")),
    "path.value: must not contain": rule(path("/a//b")),
    "headers[0].type": matched(headers=[{"type": "RegularExpression", "name": "a", "value": ".*"}]),
    "headers: VPC Lattice matches at most 5": matched(headers=[{"name": f"h{n}", "value": "1"} for n in range(6)]),
    "headers[0].value: VPC Lattice takes": matched(headers=[{"name": "a", "value": "x" * 201}]),
    "headers[0].value: must be": matched(headers=[{"name": "a", "value": "ü"}]),
    "headers[0].name: VPC": matched(headers=[{"name": "a b", "value": "1"}]),
    "headers[1].name: occurs twice": matched(headers=[{"name": "a", "value": "1"}, {"name": "A", "value": "2"}]),
    "method: VPC Lattice takes methods": matched(method="X" * 17),
    "cookies: not known to Trellis": matched(cookies=[{"name": "a"}]),
}

ACTIONS: dict[str, Raw] = {
    "filters: VPC Lattice cannot": {"filters": [{"type": "RequestRedirect", "requestRedirect": {"port": 443}}]},
    "timeouts: ": {"timeouts": {"request": "1s"}},
    "retry: ": {"retry": {"attempts": 3}},
    "sessionPersistence: ": {"sessionPersistence": {"type": "Cookie"}},
    "mirrors: not known": {"mirrors": {"to": "x"}},
    "backendRefs[0].filters: ": {"backendRefs": [backend("datastore-v1", filters=[{"type": "RequestMirror"}])]},
    "backendRefs: VPC Lattice takes at most 10": {"backendRefs": [backend("datastore-v1", n) for n in range(1, 12)]},
}


@pytest.mark.parametrize("problem", MATCHES)
def test_a_match_that_cannot_be_expressed_is_dropped_and_named(problem: str) -> None:
    objects = {"HTTPRoute": [route(GOOD, MATCHES[problem])]}
    assert served(desired_of(**objects)) == [("exact", "/good")]
    status, reason, message = condition_of(intent_of(**objects), "PartiallyInvalid")
    assert (status, reason) == ("True", "UnsupportedValue")
    assert message.startswith(f"Dropped Rule(s): spec.rules[1].matches[0].{problem}")
    assert condition_of(intent_of(**objects), "Accepted")[0] == "True"


@pytest.mark.parametrize("problem", ACTIONS)
def test_a_rule_that_asks_for_the_impossible_answers_500_so_that_no_other_rule_gets_its_requests(problem: str) -> None:
    services = [service_of_ports()]
    objects = {"HTTPRoute": [route(GOOD, {**rule(path("/bad", "Exact")), **ACTIONS[problem]})], "Service": services}
    rules = desired_of(**objects).services[0].listeners[0].rules
    assert [(found.match.path.value, found.action == FixedResponse(500)) for found in rules] == [
        ("/good", False),
        ("/bad", True),
    ]
    assert condition_of(intent_of(**objects), "PartiallyInvalid")[2].startswith(
        f"Dropped Rule(s): spec.rules[1].{problem}"
    )


def service_of_ports() -> Raw:
    ports = [{"name": f"p{n}", "port": n, "targetPort": 8080} for n in (*range(1, 12), 80)]
    return {"metadata": {"name": "datastore-v1", "namespace": "apps"}, "spec": {"ports": ports}}


@pytest.mark.parametrize("bad", [*MATCHES.values(), {**GOOD, "timeouts": {"request": "1s"}}])
def test_a_route_of_which_nothing_is_left_is_not_accepted(bad: Raw) -> None:
    objects = {"HTTPRoute": [route(bad)]}
    assert desired_of(**objects).services == ()
    assert condition_of(intent_of(**objects), "Accepted")[:2] == ("False", "UnsupportedValue")
    assert condition_of(intent_of(**objects), "PartiallyInvalid") == ("", "", "")


def test_one_bad_match_of_a_rule_leaves_the_others_as_they_are() -> None:
    bad = {**path("/bad"), "queryParams": [{"name": "q", "value": "1"}]}
    assert served(desired_of(HTTPRoute=[route(rule(path("/good", "Exact"), bad))])) == [("exact", "/good")]


def test_two_hundred_matches_fill_the_quota_by_precedence_and_the_rest_is_named() -> None:
    matches = [path(f"/{'x' * n}", "Exact") for n in range(1, 180)] + [path("/"), *[path(f"/p{n}") for n in range(20)]]
    objects = {"HTTPRoute": [route(rule(*matches))]}
    assert len(served(desired_of(**objects))) == 10
    message = condition_of(intent_of(**objects), "PartiallyInvalid")[2]
    assert "quota L-CF78395E, which AWS can raise" in message
    assert message.endswith("and 180 more")


def test_a_path_prefix_counts_twice_in_the_quota() -> None:
    objects = {"HTTPRoute": [route(rule(*[path(f"/p{n}") for n in range(6)]))]}
    assert len(served(desired_of(**objects))) == 10
    assert "spec.rules[0].matches[5]" in condition_of(intent_of(**objects), "PartiallyInvalid")[2]


def test_an_account_with_a_raised_quota_gets_more_rules() -> None:
    matches = [path(f"/{n}", "Exact") for n in range(300)]
    quotas = replace(Quotas(), rules=Quotas().rules.of(500))
    intent = build_intent(parse_snapshot(document(HTTPRoute=[route(rule(*matches))])), CLUSTER, quotas=quotas)
    rules = build_desired(intent, CLUSTER).services[0].listeners[0].rules
    assert (len(rules), len({found.priority for found in rules})) == (300, 300)
    assert rules[-1].priority <= 2000


def test_a_younger_route_never_takes_the_quota_of_an_older() -> None:
    older = route(rule(*[path(f"/p{n}") for n in range(5)]), name="older", created="2026-01-01")
    younger = route(rule(path("/exact", "Exact")), name="younger", created="2026-01-02")
    objects = {"HTTPRoute": [younger, older]}
    assert ("exact", "/exact") not in served(desired_of(**objects))
    status, reason, message = condition_of(intent_of(**objects), "Accepted", "younger")
    assert (status, reason) == ("False", "UnsupportedValue")
    assert "L-CF78395E" in message


def test_more_than_ten_target_groups_of_a_service_are_refused() -> None:
    rules = [
        rule(path(f"/{n}", "Exact"), to=[backend("datastore-v1", n) for n in pair]) for n, pair in enumerate(PAIRS)
    ]
    objects = {"HTTPRoute": [route(*rules)], "Service": [service_of_ports()]}
    assert len(desired_of(**objects).services[0].target_groups) == 10
    assert "L-3DEC3B9F" in condition_of(intent_of(**objects), "PartiallyInvalid")[2]


PAIRS = [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 80)]
