"""Which services an unreadable object throws doubt on: those it may have a part in, and no others."""

import pytest
from gateway_api_objects import (
    Raw,
    backend,
    endpoint_slice,
    everyone,
    gateway,
    intent_of,
    metadata,
    namespace,
    path,
    route,
    rule,
    service,
)

from trellis.gateway_api import services_in_doubt

SHOP = route(rule(path("/"), to=[backend("till")]), name="shop", namespace="shop", hostnames=["shop.lattice-test.io"])


def broken(name: str, of_namespace: str) -> Raw:
    return {"metadata": metadata(name, of_namespace), "spec": 7}


def in_doubt(**more: list[Raw]) -> list[str]:
    objects: dict[str, list[Raw]] = {
        "HTTPRoute": [route(), SHOP],
        "Gateway": [everyone()],
        "Namespace": [namespace("apps"), namespace("shop")],
        "Service": [service("datastore-v1"), service("till", "shop")],
        "EndpointSlice": [
            endpoint_slice("datastore-v1", "10.0.0.1"),
            endpoint_slice("till", "10.0.0.2", namespace="shop"),
        ],
    }
    added = {kind: [*objects.get(kind, []), *raw] for kind, raw in more.items()}
    return [name.rpartition("-")[0] for name in services_in_doubt(intent_of(**{**objects, **added}))]


def test_nothing_is_in_doubt_while_everything_can_be_read() -> None:
    assert in_doubt() == []


def test_a_route_may_have_rules_in_any_service_of_its_namespace() -> None:
    assert in_doubt(HTTPRoute=[broken("second", "apps")]) == ["datastore"]


def test_a_gateway_may_lead_to_any_service() -> None:
    assert in_doubt(Gateway=[{**gateway(name="second"), "spec": 7}]) == ["datastore", "shop"]


def test_a_namespace_may_be_what_its_routes_are_let_in_for() -> None:
    assert in_doubt(Namespace=[{"metadata": {"name": "shop", "labels": 7}}]) == ["shop"]


def test_a_slice_has_a_part_in_the_services_of_its_backend() -> None:
    torn = endpoint_slice("till", "10.0.0.3", namespace="shop")
    assert in_doubt(EndpointSlice=[{**torn, "addressType": 7}]) == ["shop"]


@pytest.mark.parametrize("kind", ["Service", "ReferenceGrant"])
def test_a_broken_backend_throws_doubt_on_the_services_of_its_namespace(kind: str) -> None:
    assert in_doubt(**{kind: [broken("till-v2", "shop")]}) == ["shop"]


def test_a_slice_of_a_backend_that_nobody_uses_throws_no_doubt() -> None:
    torn = endpoint_slice("unused", "10.0.0.3", namespace="apps")
    assert in_doubt(EndpointSlice=[{**torn, "addressType": 7}]) == []
