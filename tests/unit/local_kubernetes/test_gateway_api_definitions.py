"""The Gateway API's definitions: defaults, limits, CEL rules and versions."""

from __future__ import annotations

from typing import Any

import pytest

GROUP = "/apis/gateway.networking.k8s.io"
ROUTES = f"{GROUP}/v1/namespaces/shop/httproutes"
GATEWAYS = f"{GROUP}/v1/namespaces/shop/gateways"


def route(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "spec": {"parentRefs": [{"name": "mesh"}]} | spec}


def rule(**fields: Any) -> dict[str, Any]:
    return {"rules": [fields]}


def listener(**fields: Any) -> dict[str, Any]:
    return {"name": "http", "port": 80, "protocol": "HTTP"} | fields


def gateway(*listeners: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "mesh"}, "spec": {"gatewayClassName": "lattice", "listeners": list(listeners)}}


def test_a_route_gets_the_defaults_of_the_specification(gateway_api: Any) -> None:
    code, made = gateway_api("POST", ROUTES, route(**rule(backendRefs=[{"name": "web", "port": 80}])))
    assert code == 201, made
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "mesh"}
    backend = {"group": "", "kind": "Service", "name": "web", "port": 80, "weight": 1}
    matches = [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert made["spec"] == {"parentRefs": [parent], "rules": [{"backendRefs": [backend], "matches": matches}]}


def test_a_gateway_starts_as_pending_with_routes_from_its_namespace(gateway_api: Any) -> None:
    code, made = gateway_api("POST", GATEWAYS, gateway(listener()))
    assert code == 201, made
    assert made["spec"]["listeners"][0]["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    assert [(c["type"], c["status"]) for c in made["status"]["conditions"]] == [
        ("Accepted", "Unknown"),
        ("Programmed", "Unknown"),
    ]


def test_objects_are_served_in_every_version(gateway_api: Any) -> None:
    gateway_api("POST", ROUTES, route())
    code, read = gateway_api("GET", ROUTES.replace("/v1/", "/v1beta1/") + "/web")
    assert (code, read["apiVersion"]) == (200, "gateway.networking.k8s.io/v1beta1")


FILTERS = [
    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}},
    {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"remove": ["x-a"]}},
    {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "web", "port": 80}, "percent": 5}},
    {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}},
    {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}},
    {"type": "CORS", "cors": {"allowOrigins": ["https://example.com"]}},
    {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Filter", "name": "one"}},
]


@pytest.mark.parametrize("accepted", FILTERS, ids=lambda f: f["type"])
def test_every_filter_of_the_specification_is_accepted(refusing_api: Any, accepted: dict[str, Any]) -> None:
    code, answer = refusing_api(
        "POST", f"{ROUTES}?fieldValidation=Strict&dryRun=All", route(**rule(filters=[accepted]))
    )
    assert code == 201, answer


REFUSED = {
    "17 rules": {"rules": [{}] * 17},
    "no rules": {"rules": []},
    "65 matches": rule(matches=[{"path": {"value": f"/{n}"}} for n in range(65)]),
    "129 matches in all": {"rules": [{"matches": [{"path": {"value": f"/{n}"}} for n in range(43)]}] * 3},
    "17 hostnames": {"hostnames": [f"h{n}.example.com" for n in range(17)]},
    "an address as hostname": {"hostnames": ["UPPER.example.com"]},
    "17 backends": rule(backendRefs=[{"name": "web", "port": n + 1} for n in range(17)]),
    "a weight above a million": rule(backendRefs=[{"name": "web", "port": 80, "weight": 1_000_001}]),
    "a negative weight": rule(backendRefs=[{"name": "web", "port": 80, "weight": -1}]),
    "a Service without a port": rule(backendRefs=[{"name": "web"}]),
    "a relative path": rule(matches=[{"path": {"value": "shop"}}]),
    "a path with dots": rule(matches=[{"path": {"value": "/a/../b"}}]),
    "a path with a space": rule(matches=[{"path": {"value": "/a b"}}]),
    "an unknown method": rule(matches=[{"method": "BREW"}]),
    "the same header twice": rule(matches=[{"headers": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}]),
    "a redirect with backends": rule(filters=[FILTERS[3]], backendRefs=[{"name": "web", "port": 80}]),
    "a redirect and a rewrite": rule(filters=[FILTERS[3], FILTERS[4]]),
    "a filter without its settings": rule(filters=[{"type": "CORS"}]),
    "a filter twice": rule(filters=[FILTERS[0], FILTERS[0]]),
    "a backend that waits longer": rule(timeouts={"request": "1s", "backendRequest": "2s"}),
    "the same parent twice": {"parentRefs": [{"name": "mesh"}, {"name": "mesh"}]},
    "a parent with and without section": {"parentRefs": [{"name": "mesh"}, {"name": "mesh", "sectionName": "a"}]},
    "the same rule name twice": {"rules": [{"name": "a"}, {"name": "a"}]},
}


@pytest.mark.parametrize("spec", REFUSED.values(), ids=REFUSED.keys())
def test_a_route_beyond_the_specification_is_invalid(refusing_api: Any, spec: dict[str, Any]) -> None:
    code, status = refusing_api("POST", ROUTES, route(**spec))
    assert (code, status["reason"]) == (422, "Invalid")


BAD_LISTENERS = {
    "none": [],
    "the same name": [listener(), listener(port=81)],
    "the same port, protocol and host": [listener(), listener(name="b")],
    "tls on HTTP": [listener(tls={"mode": "Passthrough"})],
    "passthrough on HTTPS": [listener(protocol="HTTPS", port=443, tls={"mode": "Passthrough"})],
    "no certificate": [listener(protocol="HTTPS", port=443, tls={})],
    "port zero": [listener(port=0)],
    "hostname on TCP": [listener(protocol="TCP", hostname="a.example.com")],
}


@pytest.mark.parametrize("listeners", BAD_LISTENERS.values(), ids=BAD_LISTENERS.keys())
def test_a_gateway_beyond_the_specification_is_invalid(refusing_api: Any, listeners: list[Any]) -> None:
    code, status = refusing_api("POST", GATEWAYS, gateway(*listeners))
    assert (code, status["reason"]) == (422, "Invalid")


def test_the_most_a_route_may_hold_is_accepted(gateway_api: Any) -> None:
    matches = [{"path": {"value": f"/{n}"}} for n in range(64)]
    backends = [{"name": "web", "port": n + 1, "weight": 1_000_000} for n in range(16)]
    code, answer = gateway_api("POST", ROUTES, route(rules=[{"matches": matches, "backendRefs": backends}] * 2))
    assert code == 201, answer


def test_the_controller_name_of_a_class_cannot_change(gateway_api: Any) -> None:
    body = {"metadata": {"name": "lattice"}, "spec": {"controllerName": "example.com/a"}}
    gateway_api("POST", f"{GROUP}/v1/gatewayclasses", body)
    patch = {"spec": {"controllerName": "example.com/b"}}
    merge = "application/merge-patch+json"
    code, status = gateway_api("PATCH", f"{GROUP}/v1/gatewayclasses/lattice", patch, content_type=merge)
    assert (code, "immutable" in status["message"]) == (422, True)


def test_a_grant_is_stored_as_v1beta1(gateway_api: Any) -> None:
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "web"}
    body = {"metadata": {"name": "g"}, "spec": {"from": [source], "to": [{"group": "", "kind": "Service"}]}}
    code, made = gateway_api("POST", f"{GROUP}/v1beta1/namespaces/shop/referencegrants", body)
    assert (code, made["apiVersion"]) == (201, "gateway.networking.k8s.io/v1beta1")


def test_status_and_spec_have_their_own_endpoints(gateway_api: Any) -> None:
    gateway_api("POST", ROUTES, route() | {"status": {"parents": []}})
    merge = "application/merge-patch+json"
    gateway_api(
        "PATCH",
        f"{ROUTES}/web/status",
        {"spec": {"hostnames": ["x.io"]}, "status": {"parents": []}},
        content_type=merge,
    )
    _, read = gateway_api("GET", f"{ROUTES}/web")
    assert read["status"] == {"parents": []}
    assert (read["metadata"]["generation"], "hostnames" in read["spec"]) == (1, False)
    _, changed = gateway_api("PATCH", f"{ROUTES}/web", {"spec": {"hostnames": ["x.io"]}}, content_type=merge)
    assert changed["metadata"]["generation"] == 2


def test_unknown_fields_are_pruned(gateway_api: Any) -> None:
    _, made = gateway_api("POST", ROUTES, route(colour="red"))
    assert "colour" not in made["spec"]


def test_a_protected_group_needs_the_approval_annotation(api: Any) -> None:
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    names = {"plural": "things", "kind": "Thing"}
    spec = {"group": "x.k8s.io", "names": names, "scope": "Cluster", "versions": [version]}
    body = {"metadata": {"name": "things.x.k8s.io"}, "spec": spec}
    code, status = api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    assert (code, "approval annotation" in status["message"]) == (422, True)


def test_a_deleted_definition_takes_its_objects_and_endpoints_with_it(gateway_api: Any) -> None:
    gateway_api("POST", ROUTES, route())
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    gateway_api("DELETE", f"{definitions}/httproutes.gateway.networking.k8s.io")
    assert gateway_api("GET", ROUTES)[0] == 404
    resources = gateway_api("GET", f"{GROUP}/v1")[1]["resources"]
    assert "httproutes" not in {resource["name"] for resource in resources}
