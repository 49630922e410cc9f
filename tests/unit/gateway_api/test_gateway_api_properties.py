"""Laws that hold for all objects: no order, no surprise, no invalid name."""

import json
import re
from random import Random
from typing import Any

from gateway_api_objects import CLUSTER, KINDS, Raw, backend, document, everyone, route, rule, service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trellis.gateway_api import Results, build_desired, build_intent, build_status, merge_status, parse_snapshot, trim
from trellis.gateway_api.weights import scaled
from trellis.model import Desired, Forward

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.from_regex(r"\A[a-z0-9]([-a-z0-9.]{0,30}[a-z0-9])?\Z")
paths = st.sampled_from(["/", "/a", "/a/", "/a/b", "/b"])
matches = st.fixed_dictionaries(
    {"path": st.fixed_dictionaries({"type": st.sampled_from(["Exact", "PathPrefix"]), "value": paths})},
    optional={"method": st.sampled_from(["GET", "POST"])},
)
refs = st.builds(
    lambda name, weight: backend(name, weight=weight),
    st.sampled_from(["datastore-v1", "datastore-v2", "missing"]),
    st.integers(0, 1_000_000),
)
rules = st.builds(lambda found, to: rule(*found, to=to), st.lists(matches, max_size=3), st.lists(refs, max_size=3))


@st.composite
def routes(draw: st.DrawFn) -> list[Raw]:
    count = draw(st.integers(1, 4))
    return [
        route(
            *draw(st.lists(rules, min_size=1, max_size=3)),
            name=f"route-{number}",
            namespace=draw(st.sampled_from(["apps", "shop"])),
            created=draw(st.sampled_from(["2026-01-01", "2026-01-02"])),
            hostnames=draw(st.lists(st.sampled_from(["a.example.com", "b.example.com"]), max_size=2, unique=True)),
        )
        for number in range(count)
    ]


def desired_from(raw: Raw) -> Desired:
    return build_desired(build_intent(parse_snapshot(raw), CLUSTER), CLUSTER)


@quick
@given(routes(), st.integers())
def test_the_order_of_objects_makes_no_difference(found: list[Raw], seed: int) -> None:
    ordered = document(Gateway=[everyone()], HTTPRoute=found)
    shuffled = json.loads(json.dumps(ordered))
    for objects in shuffled["objects"].values():
        Random(seed).shuffle(objects)
    assert desired_from(shuffled) == desired_from(ordered)
    statuses = [build_status(build_intent(parse_snapshot(raw), CLUSTER), Results()) for raw in (ordered, shuffled)]
    assert statuses[0] == statuses[1]


@quick
@given(routes())
def test_what_is_desired_is_valid_for_vpc_lattice(found: list[Raw]) -> None:
    for desired in desired_from(document(Gateway=[everyone()], HTTPRoute=found)).services:
        groups = [group.name for group in desired.target_groups]
        assert len(groups) == len(set(groups)) <= 10
        for listener in desired.listeners:
            keys = [(item.name, item.priority, item.match) for item in listener.rules]
            assert 1 <= len(keys) <= 10
            assert all(len(set(part)) == len(keys) for part in zip(*keys, strict=True))
            for action in (item.action for item in listener.rules if isinstance(item.action, Forward)):
                assert {share.target_group for share in action.target_groups} <= set(groups)
                assert all(0 <= share.weight <= 999 for share in action.target_groups)
                assert any(share.weight for share in action.target_groups)


@quick
@given(names, names, names)
def test_every_name_is_valid_for_vpc_lattice(namespace: str, name: str, label: str) -> None:
    hostnames = [f"{label.split('.', maxsplit=1)[0].strip('-') or 'x'}.example.com"]
    for wanted in (hostnames, []):
        raw = document(
            Gateway=[everyone()],
            HTTPRoute=[
                route(rule(to=[backend(name), backend("missing")]), name=name, namespace=namespace, hostnames=wanted)
            ],
            Service=[service(name, namespace)],
        )
        for found in desired_from(raw).services:
            assert re.fullmatch(r"(?!svc-)(?=.{3,40}$)[a-z0-9]+(-[a-z0-9]+)*", found.name)
            for group in found.target_groups:
                assert re.fullmatch(r"(?!tg-)(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*", group.name)


@quick
@given(st.lists(st.integers(0, 1_000_000), max_size=10))
def test_scaled_weights_keep_zero_and_order_and_ratio(weights: list[int]) -> None:
    found = scaled(weights)
    assert [bool(weight) for weight in found] == [bool(weight) for weight in weights]
    assert all(0 <= weight <= 999 for weight in found)
    largest = max(weights, default=0)
    for before, after in zip(weights, found, strict=True):
        if largest and before:
            assert abs(after / max(found) - before / largest) <= 1 / 999


@quick
@given(st.dictionaries(st.sampled_from(KINDS), st.lists(json_values, max_size=3)))
def test_garbage_never_raises(found: dict[str, list[Any]]) -> None:
    raw = document(**found)
    intent = build_intent(parse_snapshot(raw), CLUSTER)
    build_desired(intent, CLUSTER)
    build_status(intent, Results())


@st.composite
def damaged(draw: st.DrawFn) -> Raw:
    """The usual objects with garbage somewhere inside."""
    raw: Raw = json.loads(json.dumps(document(HTTPRoute=[route()])))
    part = raw["objects"][draw(st.sampled_from(KINDS))]
    for _ in range(draw(st.integers(0, 6))):
        keys = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) or not isinstance(part[key], dict | list):
            part[key] = draw(json_values)
            break
        part = part[key]
    return raw


@quick
@given(damaged())
def test_damage_anywhere_never_raises(raw: Raw) -> None:
    intent = build_intent(parse_snapshot(raw), CLUSTER)
    build_desired(intent, CLUSTER)
    for found in build_status(intent, Results()):
        assert merge_status(None, found.status, "2026-03-01T00:00:00Z") is not None


@quick
@given(routes())
def test_trimming_changes_nothing_of_what_is_desired(found: list[Raw]) -> None:
    raw = document(Gateway=[everyone()], HTTPRoute=found)
    trimmed = {**raw, "objects": {kind: [trim(item) for item in items] for kind, items in raw["objects"].items()}}
    assert desired_from(trimmed) == desired_from(raw)


@quick
@given(json_values, st.dictionaries(st.sampled_from(["metadata", "spec", "status", "endpoints"]), json_values))
def test_garbage_is_trimmed_without_raising(existing: Any, raw: Raw) -> None:
    trim(raw)
    merge_status(existing, {"conditions": []}, "2026-03-01T00:00:00Z")
