"""Conditions of GatewayClasses, Gateways and listeners."""

from typing import Any

from gateway_api_objects import NETWORK, Raw, condition_of, gateway, gateway_class, intent_of, listener, route

from trellis.gateway_api.intent_model import GatewayIntent, ListenerIntent


def only(**objects: Any) -> GatewayIntent:
    (found,) = intent_of(**objects).gateways
    return found


def accepted(found: GatewayIntent) -> tuple[str, str]:
    return found.conditions[0].status, found.conditions[0].reason


def states(found: ListenerIntent) -> dict[str, tuple[str, str]]:
    return {condition.type: (condition.status, condition.reason) for condition in found.conditions}


def test_an_own_class_is_accepted() -> None:
    (found,) = intent_of().classes
    assert (found.conditions[0].type, found.conditions[0].status) == ("Accepted", "True")


def test_a_class_with_parameters_is_not_accepted_nor_are_its_gateways() -> None:
    with_parameters = gateway_class()
    with_parameters["spec"]["parametersRef"] = {"group": "", "kind": "ConfigMap", "name": "x"}
    intent = intent_of(GatewayClass=[with_parameters], HTTPRoute=[route()])
    assert intent.classes[0].conditions[0].reason == "InvalidParameters"
    assert accepted(intent.gateways[0]) == ("False", "Invalid")
    assert condition_of(intent, "Accepted")[1] == "NoMatchingParent"


def test_listeners_of_other_protocols_are_not_supported_and_the_others_go_on() -> None:
    secure = {"name": "tls", "protocol": "TLS", "port": 443}
    found = only(Gateway=[gateway(listener(), secure)])
    assert accepted(found) == ("True", "ListenersNotValid")
    assert states(found.listeners[0])["Accepted"] == ("True", "Accepted")
    assert states(found.listeners[1])["Accepted"] == ("False", "UnsupportedProtocol")


def test_a_gateway_without_a_usable_listener_is_not_accepted() -> None:
    for listeners in ([{"name": "tcp", "protocol": "TCP", "port": 80}], []):
        raw = gateway()
        raw["spec"]["listeners"] = listeners
        assert accepted(only(Gateway=[raw])) == ("False", "ListenersNotValid")


def test_listeners_of_one_port_and_hostname_conflict_and_none_wins() -> None:
    found = only(Gateway=[gateway(listener("a"), listener("b"), listener("c", hostname="c.example.com"))])
    assert [states(item)["Conflicted"] for item in found.listeners] == [
        ("True", "HostnameConflict"),
        ("True", "HostnameConflict"),
        ("False", "NoConflicts"),
    ]
    assert [item.usable for item in found.listeners] == [False, False, True]


def test_two_protocols_on_one_port_conflict() -> None:
    found = only(Gateway=[gateway(listener("a"), {"name": "b", "protocol": "HTTPS", "port": 80})])
    assert {states(item)["Conflicted"] for item in found.listeners} == {("True", "ProtocolConflict")}


def test_kinds_that_a_listener_cannot_take_are_named() -> None:
    kinds = [{"kind": "HTTPRoute"}, {"kind": "GRPCRoute"}]
    (found,) = only(Gateway=[gateway(listener(allowedRoutes={"kinds": kinds}))]).listeners
    assert states(found)["ResolvedRefs"] == ("False", "InvalidRouteKinds")
    assert found.supported_kinds == ("HTTPRoute",)


def test_a_name_that_no_service_network_can_have_is_refused() -> None:
    assert accepted(only(Gateway=[gateway(name="my.network")])) == ("False", "Invalid")


def test_addresses_cannot_be_asked_for() -> None:
    assert accepted(only(Gateway=[gateway(addresses=[{"value": "10.0.0.1"}])])) == ("False", "UnsupportedAddress")


def test_a_malformed_gateway_gets_a_condition_and_its_routes_too() -> None:
    broken: Raw = gateway({**listener(), "port": "80"})
    intent = intent_of(Gateway=[broken], HTTPRoute=[route()])
    assert "spec.listeners[0].port" in intent.gateways[0].conditions[0].message
    assert condition_of(intent, "Accepted")[:2] == ("False", "NoMatchingParent")


def test_a_listener_counts_each_route_that_it_serves_once() -> None:
    parents = [{"name": NETWORK}, {"name": NETWORK, "sectionName": "http"}]
    refused = route(name="refused", hostnames=["*.example.com"])
    found = only(HTTPRoute=[route(parentRefs=parents), refused])
    assert found.listeners[0].attached_routes == 1
