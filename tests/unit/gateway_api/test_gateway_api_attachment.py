"""Which routes attach to which listeners: names, ports, kinds, namespaces, hostnames, several parents."""

from typing import Any

import pytest
from gateway_api_objects import (
    CLUSTER,
    NETWORK,
    Raw,
    condition_of,
    desired_of,
    document,
    everyone,
    gateway,
    gateway_class,
    intent_of,
    listener,
    route,
)

from trellis.gateway_api import build_intent, parse_snapshot

OTHERS_CLASS = gateway_class("application-networking.k8s.aws/gateway-api-controller", "others")


def refs(*parents: Raw) -> dict[str, Any]:
    return {"parentRefs": [{"name": "eks-lattice-network", "namespace": "apps", **parent} for parent in parents]}


def from_(where: str, **more: Any) -> Raw:
    return {"namespaces": {"from": where, **more}}


@pytest.mark.parametrize(
    ("parent", "accepted", "reason"),
    [
        ({}, "True", "Accepted"),
        ({"sectionName": "http"}, "True", "Accepted"),
        ({"port": 80}, "True", "Accepted"),
        ({"sectionName": "https"}, "False", "NoMatchingParent"),
        ({"port": 81}, "False", "NoMatchingParent"),
        ({"sectionName": "http", "port": 81}, "False", "NoMatchingParent"),
    ],
)
def test_a_parent_ref_names_listeners_by_section_and_port(parent: Raw, accepted: str, reason: str) -> None:
    intent = intent_of(HTTPRoute=[route(**refs(parent))])
    assert condition_of(intent, "Accepted")[:2] == (accepted, reason)


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        (from_("Same"), "NotAllowedByListeners"),
        (from_("All"), "Accepted"),
        (from_("Selector", selector={"matchLabels": {"team": "shop"}}), "Accepted"),
        (from_("Selector", selector={"matchLabels": {"team": "apps"}}), "NotAllowedByListeners"),
        (from_("Selector"), "NotAllowedByListeners"),
        (from_("None"), "NotAllowedByListeners"),
        ({**from_("All"), "kinds": [{"kind": "GRPCRoute"}]}, "NotAllowedByListeners"),
        ({**from_("All"), "kinds": [{"kind": "HTTPRoute"}]}, "Accepted"),
    ],
)
def test_allowed_routes_decide_by_namespace_and_kind(allowed: Raw, reason: str) -> None:
    objects = {
        "Gateway": [gateway(listener(allowedRoutes=allowed))],
        "HTTPRoute": [route(namespace="shop", hostnames=["a.example.com"])],
    }
    assert condition_of(intent_of(**objects), "Accepted")[1] == reason


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ({"key": "team", "operator": "In", "values": ["shop"]}, True),
        ({"key": "team", "operator": "NotIn", "values": ["shop"]}, False),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, True),
        ({"key": "team", "operator": "Exists"}, True),
        ({"key": "team", "operator": "DoesNotExist"}, False),
        ({"key": "team", "operator": "Like", "values": ["s*"]}, False),
    ],
)
def test_selectors_know_the_operators_of_labels(expression: Raw, allowed: bool) -> None:
    selected = from_("Selector", selector={"matchExpressions": [expression]})
    objects = {"Gateway": [gateway(listener(allowedRoutes=selected))], "HTTPRoute": [route(namespace="shop")]}
    assert (condition_of(intent_of(**objects), "Accepted")[0] == "True") is allowed


@pytest.mark.parametrize(
    ("of_listener", "of_route", "domain"),
    [
        (None, ["a.example.com"], "a.example.com"),
        ("a.example.com", [], "a.example.com"),
        ("*.example.com", ["a.b.example.com"], "a.b.example.com"),
        ("a.example.com", ["*.example.com"], "a.example.com"),
        ("a.example.com", ["b.example.com"], "NoMatchingListenerHostname"),
        ("*.example.com", ["example.com"], "NoMatchingListenerHostname"),
        ("*.example.com", ["other.org"], "NoMatchingListenerHostname"),
        ("*.example.com", [], "UnsupportedValue"),
        (None, ["*.example.com"], "UnsupportedValue"),
        (None, ["bücher.example"], "UnsupportedValue"),
        (None, ["192.168.1.1"], "UnsupportedValue"),
        (None, ["example"], "UnsupportedValue"),
        (None, ["A.example.com"], "UnsupportedValue"),
        (None, [f"{'a' * 64}.example.com"], "UnsupportedValue"),
    ],
)
def test_the_hostname_is_what_listener_and_route_have_in_common(
    of_listener: str | None, of_route: list[str], domain: str
) -> None:
    objects = {"Gateway": [gateway(listener(hostname=of_listener))], "HTTPRoute": [route(hostnames=of_route)]}
    found = [service.custom_domain_name for service in desired_of(**objects).services]
    assert (found or [condition_of(intent_of(**objects), "Accepted")[1]]) == [domain]


def test_a_hostname_that_cannot_be_used_does_not_harm_the_others() -> None:
    objects = {"HTTPRoute": [route(hostnames=["*.example.com", "a.example.com"])]}
    assert [name.hostname for name in desired_of(**objects).names] == ["a.example.com"]
    assert "spec.hostnames[0]: '*.example.com'" in condition_of(intent_of(**objects), "PartiallyInvalid")[2]


def test_each_hostname_is_a_service_with_target_groups_of_its_own() -> None:
    services = desired_of(HTTPRoute=[route(hostnames=["a.example.com", "b.example.com"])]).services
    assert [service.custom_domain_name for service in services] == ["a.example.com", "b.example.com"]
    assert services[0].target_groups[0].name != services[1].target_groups[0].name


def test_a_route_without_hostname_is_a_service_of_its_own_without_a_custom_domain() -> None:
    desired = desired_of(HTTPRoute=[route(name="one", hostnames=[]), route(name="two", hostnames=[])])
    assert [service.name[:3] for service in desired.services] == ["one", "two"]
    assert {service.custom_domain_name for service in desired.services} == {None}
    assert desired.names == ()


def test_a_hostname_belongs_to_the_namespace_of_the_oldest_route() -> None:
    allowed = [gateway(listener(allowedRoutes=from_("All")))]
    thief = route(name="thief", namespace="shop", created="2026-02-02")
    objects = {"Gateway": allowed, "HTTPRoute": [thief, route(created="2026-02-01")]}
    (service,) = desired_of(**objects).services
    assert service.stands_for == "HTTPRoute apps/datastore"
    status, reason, message = condition_of(intent_of(**objects), "Accepted", "thief")
    assert (status, reason) == ("False", "HostnameConflict")
    assert "datastore.lattice-test.io belongs to namespace apps, which has it by HTTPRoute apps/datastore" in message


def test_an_older_route_into_which_the_hostname_is_written_later_does_not_get_it() -> None:
    """A route's age does not say since when it claims the hostname; the service that exists does."""
    thief = route(name="thief", namespace="shop", created="2025-01-01")
    snapshot = parse_snapshot(document(Gateway=[everyone()], HTTPRoute=[thief, route()]))
    newcomers = build_intent(snapshot, CLUSTER)
    assert {found.namespace for found in newcomers.contenders} == {"apps", "shop"}
    assert [found.namespace for found in newcomers.services] == ["shop"]
    served = [found.service for found in newcomers.contenders if found.namespace == "apps"]
    intent = build_intent(snapshot, CLUSTER, incumbents=served)
    assert [found.name for found in intent.services] == served
    status, reason, message = condition_of(intent, "Accepted", "thief")
    assert (status, reason) == ("False", "HostnameConflict")
    assert "belongs to namespace apps, which has it by HTTPRoute apps/datastore" in message


def test_a_hostname_that_one_namespace_alone_claims_has_no_contenders() -> None:
    mine = [route(), route(name="more"), route(name="other", namespace="shop", hostnames=["other.lattice-test.io"])]
    assert intent_of(Gateway=[everyone()], HTTPRoute=mine).contenders == ()


def test_a_listeners_hostname_claims_as_a_routes_does() -> None:
    gateways = [everyone(), gateway(listener(hostname="datastore.lattice-test.io"), namespace="shop")]
    thief = route(name="thief", namespace="shop", created="2026-02-02", parentRefs=[{"name": NETWORK}], hostnames=[])
    intent = intent_of(Gateway=gateways, HTTPRoute=[thief, route()])
    assert condition_of(intent, "Accepted", "thief")[1] == "HostnameConflict"
    assert [found.namespace for found in intent.services] == ["apps"]


def test_an_owner_whose_rules_are_refused_keeps_its_hostname() -> None:
    allowed = [gateway(listener(allowedRoutes=from_("All")))]
    owner = route({"timeouts": {"request": "1s"}}, created="2026-02-01")
    thief = route(name="thief", namespace="shop", created="2026-02-02")
    objects = {"Gateway": allowed, "HTTPRoute": [thief, owner]}
    assert desired_of(**objects).services == ()


def test_each_parent_is_judged_by_its_own_gateway() -> None:
    gateways = [gateway(), gateway(listener("web", 8080), name="second-network")]
    parents = [{"sectionName": "http"}, {"name": "second-network", "sectionName": "http"}, {"name": "second-network"}]
    objects = {"Gateway": gateways, "HTTPRoute": [route(**refs(*parents))]}
    intent = intent_of(**objects)
    assert [condition_of(intent, "Accepted", parent=n)[1] for n in range(3)] == [
        "Accepted",
        "NoMatchingParent",
        "Accepted",
    ]
    (service,) = desired_of(**objects).services
    assert service.service_networks == ("eks-lattice-network", "second-network")
    assert [found.port for found in service.listeners] == [80, 8080]


def test_rules_go_to_the_listeners_that_their_route_is_attached_to() -> None:
    listeners = [listener("one", 80), listener("two", 8080)]
    routes = [route(name=name, **refs({"sectionName": name})) for name in ("one", "two")]
    (service,) = desired_of(Gateway=[gateway(*listeners)], HTTPRoute=routes).services
    assert [(found.name, len(found.rules)) for found in service.listeners] == [("http-80", 1), ("http-8080", 1)]


def test_more_listeners_than_the_quota_are_refused_in_the_order_of_the_gateway() -> None:
    listeners = [listener("c", 8082), listener("b", 8081), listener("a", 8080)]
    objects = {"Gateway": [gateway(*listeners)], "HTTPRoute": [route()]}
    assert [found.port for found in desired_of(**objects).services[0].listeners] == [8081, 8082]
    message = condition_of(intent_of(**objects), "PartiallyInvalid")[2]
    assert "not served by listener a of port 8080" in message
    assert "L-D64E952E" in message


def test_what_belongs_to_another_controller_is_left_alone() -> None:
    objects = {
        "GatewayClass": [OTHERS_CLASS],
        "Gateway": [gateway(gatewayClassName="others")],
        "HTTPRoute": [route()],
    }
    intent = intent_of(**objects)
    assert (intent.classes, intent.gateways, intent.routes, intent.services) == ((), (), (), ())


def test_of_a_route_with_parents_of_two_controllers_only_the_own_one_is_judged() -> None:
    others = gateway(name="others", gatewayClassName="others")
    objects = {
        "GatewayClass": [gateway_class(), OTHERS_CLASS],
        "Gateway": [gateway(), others],
        "HTTPRoute": [route(**refs({"name": "others"}, {}, {"kind": "Service", "group": ""}, {"name": "missing"}))],
    }
    (found,) = intent_of(**objects).routes
    assert [parent.gateway for parent in found.parents] == [("apps", "eks-lattice-network")]


def test_a_route_that_is_being_deleted_wants_nothing() -> None:
    going = route()
    going["metadata"]["deletionTimestamp"] = "2026-03-01T00:00:00Z"
    assert desired_of(HTTPRoute=[going]).services == ()
