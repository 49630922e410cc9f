"""backendRefs: Services, ports, ReferenceGrants, weights and endpoints."""

from typing import Any

import pytest
from gateway_api_objects import (
    Raw,
    backend,
    condition_of,
    desired_of,
    endpoint_slice,
    grant,
    intent_of,
    path,
    route,
    rule,
    service,
)

from trellis.gateway_api.weights import scaled
from trellis.model import Desired, FixedResponse, Forward, Target, TargetGroup

PROTOCOL_PORT = {"name": "http", "port": 80, "targetPort": 8080}


def to(*refs: Raw) -> Raw:
    return route(rule(path("/"), to=list(refs)))


def shares(desired: Desired) -> list[tuple[bool, int]]:
    """Whether each share has targets, and its weight."""
    found = desired.services[0]
    action = found.listeners[0].rules[0].action
    assert isinstance(action, Forward)
    groups = {group.name: group for group in found.target_groups}
    return [(bool(groups[share.target_group].targets), share.weight) for share in action.target_groups]


def only_group(**objects: Any) -> TargetGroup:
    (group,) = desired_of(HTTPRoute=[to(backend("datastore-v1"))], **objects).services[0].target_groups
    return group


@pytest.mark.parametrize(
    ("ref", "reason", "message"),
    [
        (backend("missing"), "BackendNotFound", "spec.rules[0].backendRefs[0].name: there is no Service apps/missing"),
        (
            backend("datastore-v1", 81),
            "BackendNotFound",
            "spec.rules[0].backendRefs[0].port: Service apps/datastore-v1",
        ),
        ({"name": "datastore-v1"}, "BackendNotFound", "spec.rules[0].backendRefs[0].port: a Service needs a port"),
        (backend("x", kind="ServiceImport"), "InvalidKind", "spec.rules[0].backendRefs[0].kind: ServiceImport"),
        (
            backend("x", namespace="shop"),
            "RefNotPermitted",
            "spec.rules[0].backendRefs[0].namespace: no ReferenceGrant",
        ),
        (backend("grpc"), "UnsupportedProtocol", "spec.rules[0].backendRefs[0].port: port 80 speaks kubernetes.io/h2c"),
        (backend("udp"), "UnsupportedProtocol", "spec.rules[0].backendRefs[0].port: port 80 speaks UDP"),
        (backend("external"), "InvalidKind", "spec.rules[0].backendRefs[0].name: Service apps/external is an External"),
    ],
)
def test_a_backend_that_cannot_be_used_is_named_and_without_another_answers_500(
    ref: Raw, reason: str, message: str
) -> None:
    services = [
        service("datastore-v1"),
        service("x", "shop"),
        service("grpc", ports=[{**PROTOCOL_PORT, "appProtocol": "kubernetes.io/h2c"}]),
        service("udp", ports=[{**PROTOCOL_PORT, "protocol": "UDP"}]),
        service("external", type="ExternalName"),
    ]
    objects = {"HTTPRoute": [to(ref)], "Service": services}
    found = condition_of(intent_of(**objects), "ResolvedRefs")
    assert found[:2] == ("False", reason)
    assert found[2].startswith(message)
    assert condition_of(intent_of(**objects), "Accepted")[0] == "True"
    assert desired_of(**objects).services[0].listeners[0].rules[0].action == FixedResponse(500)


def test_the_share_of_an_invalid_backend_goes_to_an_empty_target_group() -> None:
    desired = desired_of(HTTPRoute=[to(backend("datastore-v1", weight=90), backend("missing", weight=10))])
    assert shares(desired) == [(True, 90), (False, 10)]


def test_all_invalid_shares_of_a_service_use_one_empty_target_group() -> None:
    refs = [backend("datastore-v1"), backend("missing", weight=2), backend("lost", weight=3)]
    desired = desired_of(HTTPRoute=[to(*refs)])
    assert shares(desired) == [(True, 1), (False, 5)]


@pytest.mark.parametrize("refs", [[], [backend("datastore-v1", weight=0)], [backend("missing", weight=0)]])
def test_a_rule_without_any_weight_answers_500(refs: list[Raw]) -> None:
    desired = desired_of(HTTPRoute=[to(*refs)])
    assert desired.services[0].listeners[0].rules[0].action == FixedResponse(500)


def test_a_backend_of_weight_0_keeps_its_target_group() -> None:
    desired = desired_of(HTTPRoute=[to(backend("datastore-v1", weight=100), backend("datastore-v2", weight=0))])
    assert shares(desired) == [(True, 100), (True, 0)]


def test_a_backend_that_is_named_twice_gets_the_sum() -> None:
    assert shares(desired_of(HTTPRoute=[to(backend("datastore-v1"), backend("datastore-v1"))])) == [(True, 2)]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((90, 10), (90, 10)),
        ((1000, 500), (2, 1)),
        ((1_000_000, 1), (999, 1)),
        ((1_000_000, 0), (1, 0)),
        ((999, 0), (999, 0)),
        ((700_001, 300_000), (999, 428)),
        ((), ()),
    ],
)
def test_weights_keep_their_ratios(weights: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert scaled(weights) == expected


@pytest.mark.parametrize(("name", "reason"), [(None, "ResolvedRefs"), ("x", "ResolvedRefs"), ("y", "RefNotPermitted")])
def test_a_reference_grant_opens_the_services_that_it_names(name: str | None, reason: str) -> None:
    objects = {
        "HTTPRoute": [to(backend("x", namespace="shop"))],
        "Service": [service("x", "shop")],
        "ReferenceGrant": [grant("apps", "shop", name)],
    }
    assert condition_of(intent_of(**objects), "ResolvedRefs")[1] == reason


def test_a_grant_to_another_namespace_or_in_another_namespace_opens_nothing() -> None:
    for wrong in (grant("other", "shop"), grant("apps", "apps")):
        objects = {
            "HTTPRoute": [to(backend("x", namespace="shop"))],
            "Service": [service("x", "shop")],
            "ReferenceGrant": [wrong],
        }
        assert condition_of(intent_of(**objects), "ResolvedRefs")[1] == "RefNotPermitted"


@pytest.mark.parametrize(
    ("conditions", "registered"),
    [({}, True), ({"ready": True}, True), ({"ready": False}, False), ({"ready": True, "terminating": True}, False)],
)
def test_only_endpoints_that_are_ready_are_targets(conditions: Raw, registered: bool) -> None:
    endpoints = [{"addresses": ["192.168.48.10"], "conditions": conditions}]
    group = only_group(EndpointSlice=[endpoint_slice("datastore-v1", endpoints=endpoints)])
    assert bool(group.targets) is registered


def test_only_the_slices_port_of_the_services_port_name_counts() -> None:
    ports = [{"name": "metrics", "port": 9090}, {"name": "http", "port": 8081}]
    group = only_group(EndpointSlice=[endpoint_slice("datastore-v1", "192.168.48.10", ports=ports)])
    assert group.targets == (Target("192.168.48.10", 8081),)


def test_targets_of_several_slices_are_sorted_and_each_is_there_once() -> None:
    slices = [endpoint_slice("datastore-v1", *part) for part in (["192.168.48.12", "192.168.48.11"], ["192.168.48.11"])]
    group = only_group(EndpointSlice=slices)
    assert group.targets == (Target("192.168.48.11", 8080), Target("192.168.48.12", 8080))


def test_addresses_that_no_vpc_has_are_no_targets() -> None:
    group = only_group(EndpointSlice=[endpoint_slice("datastore-v1", "169.254.169.254", "127.0.0.1", "nonsense")])
    assert group.targets == ()


def test_a_dual_stack_service_uses_its_ipv4_addresses() -> None:
    slices = [
        endpoint_slice("datastore-v1", "192.168.48.10"),
        endpoint_slice("datastore-v1", "fd00::1", addressType="IPv6"),
    ]
    group = only_group(EndpointSlice=slices, Service=[service("datastore-v1", ipFamilies=["IPv6", "IPv4"])])
    assert (group.ip_address_type, [target.id for target in group.targets]) == ("IPV4", ["192.168.48.10"])


def test_an_ipv6_service_gets_an_ipv6_target_group() -> None:
    slices = [endpoint_slice("datastore-v1", "2600:1f13::10", addressType="IPv6")]
    group = only_group(EndpointSlice=slices, Service=[service("datastore-v1", ipFamilies=["IPv6"])])
    assert (group.ip_address_type, group.targets) == ("IPV6", (Target("2600:1f13::10", 8080),))


def test_a_service_scaled_to_zero_keeps_its_target_group() -> None:
    empty, full = only_group(EndpointSlice=[]), only_group()
    assert (empty.name, empty.port) == (full.name, full.port)


@pytest.mark.parametrize(("target_port", "port"), [(8080, 8080), ("web", 80), (None, 80), ("8080", 8080)])
def test_the_target_groups_port_follows_from_the_service(target_port: int | str | None, port: int) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": target_port}]
    assert only_group(Service=[service("datastore-v1", ports=ports)]).port == port


def test_an_immutable_change_is_another_name() -> None:
    ports = [{"name": "http", "port": 80, "targetPort": 9090}]
    assert only_group(Service=[service("datastore-v1", ports=ports)]).name != only_group().name


def test_more_than_a_thousand_endpoints_are_cut_and_the_route_says_so() -> None:
    addresses = [f"10.0.{n // 250}.{n % 250}" for n in range(1001)]
    objects = {
        "HTTPRoute": [to(backend("datastore-v1"))],
        "EndpointSlice": [endpoint_slice("datastore-v1", *addresses)],
    }
    assert len(desired_of(**objects).services[0].target_groups[0].targets) == 1000
    status, _, message = condition_of(intent_of(**objects), "ResolvedRefs")
    assert status == "True"
    assert message.startswith("spec.rules[0].backendRefs[0]: 1 endpoints are left out")


def test_two_ports_of_a_service_are_two_target_groups() -> None:
    ports = [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]
    objects = {"Service": [service("datastore-v1", ports=ports)]}
    desired = desired_of(HTTPRoute=[to(backend("datastore-v1"), backend("datastore-v1", 81))], **objects)
    assert len(desired.services[0].target_groups) == 2
