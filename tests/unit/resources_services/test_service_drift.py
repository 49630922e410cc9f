"""What somebody changed by hand under a service that Trellis owns is put right; what stands in the way is reported."""

from dataclasses import replace
from typing import Any

from service_lab import NAME, NETWORK, Lab, path, with_rules

from trellis.model import FixedResponse, HealthCheck, Rule, Service
from trellis_local.lattice import configuration


def test_a_listener_made_by_hand_is_deleted(lab: Lab) -> None:
    lab.converge(lab.service())
    service, _ = lab.ids()
    lab.other.create_listener(serviceIdentifier=service, name="by-hand", protocol="HTTP", port=8080, **_not_found())
    assert lab.writes_of(lab.service()) == ["DeleteListener"]


def test_a_listener_made_by_hand_on_a_wanted_port_makes_room(lab: Lab) -> None:
    lab.converge(replace(lab.service(), listeners=()))
    service = lab.other.list_services()["items"][0]["id"]
    lab.other.create_listener(serviceIdentifier=service, name="by-hand", protocol="HTTP", port=80, **_not_found())
    assert lab.writes_of(lab.service()) == ["DeleteListener", "CreateListener", "CreateRule", "CreateRule"]


def test_a_default_action_changed_by_hand_is_put_right(lab: Lab) -> None:
    lab.converge(lab.service())
    service, listener = lab.ids()
    action = {"fixedResponse": {"statusCode": 500}}
    lab.other.update_listener(serviceIdentifier=service, listenerIdentifier=listener, defaultAction=action)
    assert lab.writes_of(lab.service()) == ["UpdateListener"]


def test_an_association_made_by_hand_is_deleted(lab: Lab) -> None:
    lab.converge(lab.service())
    network = lab.other.create_service_network(name="another-network")
    lab.other.create_service_network_service_association(
        serviceIdentifier=lab.ids()[0], serviceNetworkIdentifier=network["id"]
    )
    assert lab.writes_of(lab.service()) == ["DeleteServiceNetworkServiceAssociation"]
    assert lab.state()["services"][NAME]["networks"] == [NETWORK]


def test_an_association_that_somebody_deleted_is_made_again(lab: Lab) -> None:
    lab.converge(lab.service())
    found = lab.other.list_service_network_service_associations(serviceIdentifier=lab.ids()[0])["items"]
    lab.other.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=found[0]["id"])
    assert lab.writes_of(lab.service()) == ["CreateServiceNetworkServiceAssociation"]


def test_a_target_registered_by_hand_is_deregistered(lab: Lab) -> None:
    lab.converge(lab.service())
    group = lab.other.list_target_groups()["items"][0]["id"]
    lab.other.register_targets(targetGroupIdentifier=group, targets=[{"id": "192.168.48.99", "port": 1}])
    assert lab.writes_of(lab.service()) == ["DeregisterTargets"]


def with_health_check(service: Service, check: HealthCheck | None) -> Service:
    groups = tuple(replace(group, health_check=check) for group in service.target_groups)
    return replace(service, target_groups=groups)


def health_check_of(lab: Lab) -> dict[str, Any]:
    group = lab.other.list_target_groups()["items"][0]["id"]
    found: dict[str, Any] = lab.other.get_target_group(targetGroupIdentifier=group)["config"]["healthCheck"]
    return found


def test_a_health_check_changed_by_hand_is_put_right(lab: Lab) -> None:
    lab.converge(lab.service())
    before = health_check_of(lab)
    group = lab.other.list_target_groups()["items"][0]["id"]
    lab.other.update_target_group(targetGroupIdentifier=group, healthCheck={"path": "/elsewhere", "port": 9})
    assert lab.writes_of(lab.service()) == ["UpdateTargetGroup"]
    assert health_check_of(lab) == {**before, "protocolVersion": "HTTP1"}
    assert lab.writes_of(lab.service()) == []


def test_a_health_check_of_which_nothing_is_known_stays(lab: Lab) -> None:
    lab.converge(with_health_check(lab.service(), HealthCheck(path="/ready")))
    assert lab.writes_of(with_health_check(lab.service(), None)) == []
    assert health_check_of(lab)["path"] == "/ready"


def test_a_group_gets_the_health_check_that_it_is_to_have(lab: Lab) -> None:
    check = HealthCheck(
        protocol="HTTPS",
        protocol_version="HTTP2",
        port=9000,
        path="/ready",
        interval_seconds=10,
        timeout_seconds=2,
        healthy_threshold=3,
        unhealthy_threshold=4,
        matcher="200-299",
    )
    assert lab.writes_of(with_health_check(lab.service(), check)).count("UpdateTargetGroup") == 2
    assert health_check_of(lab) == {
        "enabled": True,
        "protocol": "HTTPS",
        "protocolVersion": "HTTP2",
        "port": 9000,
        "path": "/ready",
        "healthCheckIntervalSeconds": 10,
        "healthCheckTimeoutSeconds": 2,
        "healthyThresholdCount": 3,
        "unhealthyThresholdCount": 4,
        "matcher": {"httpCode": "200-299"},
    }
    assert lab.writes_of(lab.service()) == ["UpdateTargetGroup", "UpdateTargetGroup"]
    assert health_check_of(lab)["path"] == "/"
    assert "port" not in health_check_of(lab)


def test_of_a_check_that_is_off_nothing_else_matters(lab: Lab) -> None:
    lab.converge(with_health_check(lab.service(), HealthCheck(enabled=False, path="/ready")))
    assert health_check_of(lab)["enabled"] is False
    assert lab.writes_of(with_health_check(lab.service(), HealthCheck(enabled=False))) == []


def test_a_health_check_that_is_refused_stands_in_the_way_of_nothing_else(lab: Lab) -> None:
    outcome = lab.converge(with_health_check(lab.service(), HealthCheck(path="no path")))
    assert (outcome.status, {found.reason for found in outcome.refusals}) == ("REFUSED", {"ValidationException"})
    assert lab.state()["services"][NAME]["listeners"]["http-80"] == [("r-popular", 1), ("r-summary", 2)]


def test_a_health_check_about_which_people_quarrel_does_not_keep_a_group_from_its_targets(lab: Lab) -> None:
    lab.converge(lab.service())
    (first, second) = (group.name for group in lab.service().target_groups)
    lab.left = {f"health check of target group {name}": "contested" for name in (first, second)}
    wanted = with_health_check(lab.service(targets=("192.168.48.11",)), HealthCheck(path="/ready"))
    assert sorted(lab.writes_of(wanted)) == [*["DeregisterTargets"] * 2, *["RegisterTargets"] * 2]


def test_a_service_that_somebody_deleted_is_made_again(lab: Lab) -> None:
    first = lab.converge(lab.service())
    service = lab.ids()[0]
    found = lab.other.list_service_network_service_associations(serviceIdentifier=service)["items"]
    lab.other.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=found[0]["id"])
    lab.clock.move(10)
    lab.other.delete_service(serviceIdentifier=service)
    again = lab.converge(lab.service())
    assert again.status == "PROGRAMMED"
    assert again.domain_name != first.domain_name


def test_a_quota_is_reported_with_its_code(lab: Lab) -> None:
    configuration.reconfigure(quotas={"L-CF78395E": 1})
    outcome = lab.converge(lab.service())
    assert outcome.status == "REFUSED"
    assert [refusal.resource for refusal in outcome.refusals] == [f"rule {NAME}/http-80/r-summary"]
    assert "L-CF78395E" in outcome.refusals[0].message


def test_a_quota_smaller_than_the_default_does_not_keep_a_rule_from_being_replaced(lab: Lab) -> None:
    configuration.reconfigure(quotas={"L-CF78395E": 1})
    lab.converge(with_rules(lab.service(), Rule("r-old", 1, path("/old"), FixedResponse(404))))
    new = with_rules(lab.service(), Rule("r-new", 1, path("/new"), FixedResponse(404)))
    assert lab.converge(new).status == "PROGRAMMED"


def test_after_a_refusal_nothing_is_deleted(lab: Lab) -> None:
    lab.converge(with_rules(lab.service(), Rule("r-old", 1, path("/old"), FixedResponse(404))))
    bad = with_rules(lab.service(), Rule("r-bad", 1, path("not a path"), FixedResponse(404)))
    outcome = lab.converge(bad)
    assert (outcome.status, outcome.refusals[0].reason) == ("REFUSED", "ValidationException")
    assert [name for name, _ in lab.state()["services"][NAME]["listeners"]["http-80"]] == ["r-old"]


def test_a_group_that_another_service_uses_is_refused(lab: Lab) -> None:
    lab.converge(replace(lab.service(), listeners=()))
    other = lab.other.create_service(name="other")
    lab.clock.move(10)
    group = lab.other.list_target_groups()["items"][0]["id"]
    action = {"forward": {"targetGroups": [{"targetGroupIdentifier": group}]}}
    lab.other.create_listener(
        serviceIdentifier=other["id"], name="http", protocol="HTTP", port=80, defaultAction=action
    )
    outcome = lab.converge(lab.service())
    assert (outcome.status, outcome.refusals[0].reason) == ("REFUSED", "InUse")


def test_a_vpc_that_does_not_exist_is_refused(lab: Lab) -> None:
    service = lab.service()
    groups = tuple(replace(group, vpc_id="vpc-0123456789abcdef0") for group in service.target_groups)
    outcome = lab.converge(replace(service, target_groups=groups))
    assert outcome.status == "REFUSED"
    assert "vpc-0123456789abcdef0" in outcome.refusals[0].message


def test_an_immutable_member_that_differs_is_refused(lab: Lab) -> None:
    lab.converge(lab.service())
    outcome = lab.converge(replace(lab.service(), custom_domain_name="other.lattice-test.io"))
    assert (outcome.status, outcome.refusals[0].reason) == ("REFUSED", "Immutable")


def _not_found() -> dict[str, object]:
    return {"defaultAction": {"fixedResponse": {"statusCode": 404}}}
