"""The annotation `trellis.dev/mode`: which services a route or its Gateway holds, and what a wrong value does."""

from typing import Any

import pytest
from gateway_api_objects import CLUSTER, Raw, condition_of, gateway, intent_of, route

from trellis.gateway_api import Intent, trim
from trellis.gateway_api.names import service_name

DATASTORE = service_name(CLUSTER, namespace="apps", hostname="datastore.lattice-test.io", route="datastore")


def annotated(raw: Raw, mode: str | None) -> Raw:
    return {**raw, "metadata": {**raw["metadata"], "annotations": {"trellis.dev/mode": mode} if mode else {}}}


def held(intent: Intent) -> dict[str, str]:
    return {found.name: found.by for found in intent.held}


@pytest.mark.parametrize(
    ("of_route", "of_gateway", "by"),
    [
        (None, None, None),
        ("plan", None, "HTTPRoute apps/datastore"),
        (None, "plan", "Gateway apps/eks-lattice-network"),
        ("remediate", "plan", None),
        ("plan", "remediate", "HTTPRoute apps/datastore"),
        ("remediate", None, None),
    ],
)
def test_a_routes_own_mode_wins_over_that_of_its_gateway(
    of_route: str | None, of_gateway: str | None, by: str | None
) -> None:
    intent = intent_of(HTTPRoute=[annotated(route(), of_route)], Gateway=[annotated(gateway(), of_gateway)])
    assert held(intent) == ({DATASTORE: by} if by else {})


def test_a_service_that_two_routes_share_is_held_by_the_stricter_one() -> None:
    routes = [annotated(route(), "remediate"), annotated(route(name="other"), "plan")]
    assert held(intent_of(HTTPRoute=routes)) == {DATASTORE: "HTTPRoute apps/other"}


def test_a_held_service_is_still_desired_for_the_report() -> None:
    intent = intent_of(HTTPRoute=[annotated(route(), "plan")])
    assert [service.name for service in intent.services] == [DATASTORE]


@pytest.mark.parametrize("value", ["Plan", "", "off", "remediate "])
def test_another_value_counts_as_plan_and_is_told(value: str) -> None:
    raw = route()
    raw["metadata"]["annotations"] = {"trellis.dev/mode": value}
    intent = intent_of(HTTPRoute=[raw])
    assert held(intent) == {DATASTORE: "HTTPRoute apps/datastore"}
    status, reason, message = condition_of(intent, "trellis.dev/ModeValid")
    assert (status, reason) == ("False", "UnsupportedValue")
    assert message.startswith(f"HTTPRoute apps/datastore: metadata.annotations[trellis.dev/mode]: {value!r} is neither")


def test_a_wrong_value_on_the_gateway_is_told_by_its_routes() -> None:
    message = condition_of(
        intent_of(HTTPRoute=[route()], Gateway=[annotated(gateway(), "no")]), "trellis.dev/ModeValid"
    )[2]
    assert message.startswith("Gateway apps/eks-lattice-network: metadata.annotations")


def test_a_valid_mode_needs_no_condition() -> None:
    intent = intent_of(HTTPRoute=[annotated(route(), "plan")])
    assert condition_of(intent, "trellis.dev/ModeValid") == ("", "", "")


@pytest.mark.parametrize("gone", [{"Gateway": []}, {"GatewayClass": []}, {"Service": []}])
def test_a_route_holds_its_service_whatever_happens_around_it(gone: dict[str, list[Any]]) -> None:
    assert DATASTORE in held(intent_of(HTTPRoute=[annotated(route(), "plan")], **gone))


def test_a_route_in_another_namespace_holds_nothing_of_this_one() -> None:
    foreign = annotated(route(name="thief", namespace="shop", created="2026-03-01"), "plan")
    assert DATASTORE not in held(intent_of(HTTPRoute=[route(), foreign]))


def test_a_route_that_is_being_deleted_holds_nothing() -> None:
    raw = annotated(route(), "plan")
    raw["metadata"]["deletionTimestamp"] = "2026-03-01T00:00:00Z"
    assert held(intent_of(HTTPRoute=[raw])) == {}


def test_a_snapshot_keeps_this_annotation_and_none_that_trellis_writes() -> None:
    annotations = {"trellis.dev/mode": "plan", "application-networking.k8s.aws/lattice-assigned-domain-name": "x"}
    raw = {"metadata": {"name": "datastore", "namespace": "apps", "annotations": annotations}, "spec": {}}
    assert trim(raw)["metadata"]["annotations"] == {"trellis.dev/mode": "plan"}
