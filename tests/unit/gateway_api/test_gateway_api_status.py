"""Statuses: what comes from AWS, what other controllers wrote, and when a time moves."""

from typing import Any

from gateway_api_objects import Raw, desired_of, intent_of, route

from trellis.gateway_api import (
    NameResult,
    NetworkResult,
    ObjectStatus,
    Results,
    ServiceResult,
    build_status,
    merge_status,
)

T1, T2 = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"
HOSTNAMES = ["a.example.com", "b.example.com"]
OTHERS: Raw = {"controllerName": "example.com/other", "parentRef": {"name": "other"}, "conditions": []}


def statuses(results: Results, **objects: Any) -> dict[str, ObjectStatus]:
    return {found.kind: found for found in build_status(intent_of(**objects), results)}


def reasons(found: ObjectStatus) -> dict[str, tuple[str, str]]:
    conditions = found.status["parents"][0]["conditions"]
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in conditions}


def entry(status: str = "True", **ref: Any) -> Raw:
    condition = {"type": "Accepted", "status": status, "reason": "R", "message": "", "observedGeneration": 1}
    return {"controllerName": "trellis.dev/vpc-lattice", "parentRef": {"name": "n", **ref}, "conditions": [condition]}


def test_one_service_of_several_that_is_refused_is_not_programmed() -> None:
    objects = {"HTTPRoute": [route(hostnames=HOSTNAMES)]}
    one, two = (service.name for service in desired_of(**objects).services)
    refused = ServiceResult(two, "REFUSED", reason="NotOwned", message="belongs to somebody else")
    found = statuses(Results(services=(ServiceResult(one, "PROGRAMMED", "one.on.aws"), refused)), **objects)
    assert reasons(found["HTTPRoute"])["Programmed"] == ("False", "NotOwned")


def test_the_annotation_lists_all_domain_names() -> None:
    objects = {"HTTPRoute": [route(hostnames=HOSTNAMES)]}
    names = [service.name for service in desired_of(**objects).services]
    results = Results(services=tuple(ServiceResult(name, "PROGRAMMED", f"{name}.on.aws") for name in names))
    (value,) = statuses(results, **objects)["HTTPRoute"].annotations.values()
    assert value == ",".join(f"{name}.on.aws" for name in sorted(names))


def test_the_addresses_of_a_gateway_are_at_most_sixteen() -> None:
    objects = {"HTTPRoute": [route(hostnames=[f"h{n}.example.com" for n in range(20)])]}
    results = Results(
        services=tuple(ServiceResult(s.name, "PROGRAMMED", s.name) for s in desired_of(**objects).services)
    )
    assert len(statuses(results, **objects)["Gateway"].status["addresses"]) == 16


def test_dns_trouble_is_told_with_its_reason() -> None:
    refused = NameResult("datastore.lattice-test.io", "REFUSED", "NoHostedZone", "no zone")
    found = statuses(Results(names=(refused,)), HTTPRoute=[route()])
    assert reasons(found["HTTPRoute"])["trellis.dev/DNSReady"] == ("False", "NoHostedZone")


def test_a_route_without_hostname_has_no_dns_condition() -> None:
    assert "trellis.dev/DNSReady" not in reasons(statuses(Results(), HTTPRoute=[route(hostnames=[])])["HTTPRoute"])


def test_a_route_that_is_not_accepted_is_not_programmed() -> None:
    found = statuses(Results(), HTTPRoute=[route(hostnames=["*.example.com"])])
    assert reasons(found["HTTPRoute"])["Programmed"] == ("False", "Invalid")


def test_a_network_that_is_refused_shows_at_the_gateway_and_its_listeners() -> None:
    refused = NetworkResult("eks-lattice-network", "REFUSED", "VpcAlreadyAssociated", "the VPC is in another network")
    status = statuses(Results(networks=(refused,)))["Gateway"].status
    assert status["conditions"][-1]["reason"] == "VpcAlreadyAssociated"
    assert status["listeners"][0]["conditions"][-1]["reason"] == "VpcAlreadyAssociated"


def test_entries_of_other_controllers_keep_their_places() -> None:
    merged = merge_status({"parents": [entry("False"), OTHERS]}, {"parents": [entry()]}, T1)
    assert merged is not None
    assert [found["controllerName"] for found in merged["parents"]] == ["trellis.dev/vpc-lattice", "example.com/other"]


def test_the_time_moves_with_the_status_and_not_with_the_reason() -> None:
    written = merge_status(None, {"parents": [entry()]}, T1)
    other_reason = {"parents": [entry()]}
    other_reason["parents"][0]["conditions"][0]["reason"] = "Other"
    same = merge_status(written, other_reason, T2)
    changed = merge_status(written, {"parents": [entry("False")]}, T2)
    assert same is not None
    assert changed is not None
    assert same["parents"][0]["conditions"][0]["lastTransitionTime"] == T1
    assert changed["parents"][0]["conditions"][0]["lastTransitionTime"] == T2


def test_defaults_that_the_api_server_fills_in_make_no_difference() -> None:
    written = merge_status(None, {"parents": [entry(group="gateway.networking.k8s.io", kind="Gateway")]}, T1)
    merged = merge_status(written, {"parents": [entry()]}, T2)
    assert merged is not None
    assert merged["parents"][0]["conditions"][0]["lastTransitionTime"] == T1


def test_conditions_and_fields_of_others_stay_on_gateways_and_classes() -> None:
    theirs = {"type": "SupportedVersion", "status": "True"}
    existing = {"conditions": [theirs], "supportedFeatures": [{"name": "Gateway"}]}
    merged = merge_status(existing, {"conditions": entry()["conditions"]}, T1)
    assert merged is not None
    assert merged["conditions"][0] == theirs
    assert merged["supportedFeatures"] == [{"name": "Gateway"}]


def test_a_status_that_makes_no_sense_is_replaced() -> None:
    for nonsense in ({"parents": "x"}, {"parents": [7, {"parentRef": 3, "controllerName": "trellis.dev/vpc-lattice"}]}):
        merged = merge_status(nonsense, {"parents": [entry()]}, T1)
        assert merged is not None
        assert len(merged["parents"]) == 1


def test_an_errors_name_becomes_a_reason_that_kubernetes_accepts() -> None:
    objects = {"HTTPRoute": [route(hostnames=HOSTNAMES[:1])]}
    (service,) = desired_of(**objects).services
    late = ServiceResult(service.name, "PENDING", reason="States.Timeout", message="took too long")
    found = statuses(Results(services=(late,)), **objects)
    assert reasons(found["HTTPRoute"])["Programmed"] == ("False", "StatesTimeout")
