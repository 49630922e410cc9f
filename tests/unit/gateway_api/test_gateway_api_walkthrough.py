"""The walk-through's case from raw objects to AWS resources and statuses."""

from gateway_api_objects import CLUSTER, Raw, backend, condition_of, desired_of, document, intent_of, path, route, rule

from trellis.gateway_api import (
    NameResult,
    NetworkResult,
    ObjectStatus,
    Results,
    ServiceResult,
    build_desired,
    build_intent,
    build_status,
    merge_status,
    parse_snapshot,
)
from trellis.model import FixedResponse, Forward, PathMatch, Target

DOMAIN = "datastore-0cfe1f49ff3266204.7d67968.vpc-lattice-svcs.us-west-2.on.aws"
ANNOTATION = "application-networking.k8s.aws/lattice-assigned-domain-name"


def datastore() -> Raw:
    weighted = [backend("datastore-v1", weight=90), backend("datastore-v2", weight=10)]
    return route(rule(path("/popular", "Exact")), rule(path("/summary", "Exact"), to=weighted))


def statuses(results: Results) -> dict[str, ObjectStatus]:
    return {found.kind: found for found in build_status(intent_of(HTTPRoute=[datastore()]), results)}


def done() -> Results:
    name = desired_of(HTTPRoute=[datastore()]).services[0].name
    return Results(
        (ServiceResult(name, "PROGRAMMED", DOMAIN),),
        (NameResult("datastore.lattice-test.io", "READY"),),
        (NetworkResult("eks-lattice-network", "PROGRAMMED"),),
    )


def test_one_service_with_the_custom_domain_in_the_network_of_the_gateway() -> None:
    (service,) = desired_of(HTTPRoute=[datastore()]).services
    assert service.custom_domain_name == "datastore.lattice-test.io"
    assert service.service_networks == ("eks-lattice-network",)
    assert service.name.startswith("datastore-")
    assert service.stands_for == "HTTPRoute apps/datastore"


def test_an_http_listener_with_two_rules_and_404_for_the_rest() -> None:
    (listener,) = desired_of(HTTPRoute=[datastore()]).services[0].listeners
    assert (listener.name, listener.protocol, listener.port) == ("http-80", "HTTP", 80)
    assert listener.default_action == FixedResponse(404)
    assert [(rule.priority, rule.match.path) for rule in listener.rules] == [
        (10, PathMatch("exact", "/popular")),
        (20, PathMatch("exact", "/summary")),
    ]


def test_two_target_groups_with_the_pods_addresses() -> None:
    groups = desired_of(HTTPRoute=[datastore()]).services[0].target_groups
    assert [(group.stands_for, group.port, group.vpc_id) for group in groups] == [
        ("Service apps/datastore-v1 port 80", 8080, CLUSTER.vpc_id),
        ("Service apps/datastore-v2 port 80", 8080, CLUSTER.vpc_id),
    ]
    assert groups[0].targets == (Target("192.168.48.10", 8080), Target("192.168.48.11", 8080))


def test_the_traffic_is_shared_as_the_weights_say() -> None:
    service = desired_of(HTTPRoute=[datastore()]).services[0]
    action = service.listeners[0].rules[1].action
    assert isinstance(action, Forward)
    assert [(share.target_group, share.weight) for share in action.target_groups] == [
        (service.target_groups[0].name, 90),
        (service.target_groups[1].name, 10),
    ]


def test_the_hostname_leads_to_the_service() -> None:
    desired = desired_of(HTTPRoute=[datastore()])
    assert [(name.hostname, name.service) for name in desired.names] == [
        ("datastore.lattice-test.io", desired.services[0].name)
    ]


def test_the_route_is_accepted_with_all_references_resolved() -> None:
    intent = intent_of(HTTPRoute=[datastore()])
    assert condition_of(intent, "Accepted")[:2] == ("True", "Accepted")
    assert condition_of(intent, "ResolvedRefs")[:2] == ("True", "ResolvedRefs")
    assert condition_of(intent, "PartiallyInvalid") == ("", "", "")


def test_the_status_of_the_route_says_programmed_and_carries_the_domain_name() -> None:
    found = statuses(done())["HTTPRoute"]
    (parent,) = found.status["parents"]
    assert parent["controllerName"] == "trellis.dev/vpc-lattice"
    assert parent["parentRef"]["name"] == "eks-lattice-network"
    assert {(c["type"], c["status"], c["observedGeneration"]) for c in parent["conditions"]} == {
        ("Accepted", "True", 3),
        ("ResolvedRefs", "True", 3),
        ("Programmed", "True", 3),
        ("trellis.dev/DNSReady", "True", 3),
    }
    assert found.annotations == {ANNOTATION: DOMAIN}


def test_the_status_of_the_gateway_has_the_address_and_counts_the_route() -> None:
    status = statuses(done())["Gateway"].status
    assert status["addresses"] == [{"type": "Hostname", "value": DOMAIN}]
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [("Accepted", "True"), ("Programmed", "True")]
    assert [(found["name"], found["attachedRoutes"]) for found in status["listeners"]] == [("http", 1)]
    assert status["listeners"][0]["supportedKinds"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]


def test_before_aws_has_answered_everything_is_pending() -> None:
    found = statuses(Results())["HTTPRoute"]
    states = {c["type"]: (c["status"], c["reason"]) for c in found.status["parents"][0]["conditions"]}
    assert states["Programmed"] == ("False", "Pending")
    assert states["trellis.dev/DNSReady"] == ("False", "Pending")
    assert found.annotations == {ANNOTATION: None}


def test_a_status_that_is_written_is_not_written_again() -> None:
    for found in build_status(intent_of(HTTPRoute=[datastore()]), done()):
        written = merge_status(None, found.status, "2026-03-01T00:00:00Z")
        assert written is not None
        assert merge_status(written, found.status, "2026-03-02T00:00:00Z") is None


def test_a_route_that_is_gone_leaves_nothing_to_want() -> None:
    desired = build_desired(build_intent(parse_snapshot(document(HTTPRoute=[])), CLUSTER), CLUSTER)
    assert desired.services == ()
    assert desired.names == ()
