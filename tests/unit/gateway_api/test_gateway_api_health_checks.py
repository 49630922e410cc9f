"""TargetGroupPolicies: how the pods of which Services are checked, which of several policies counts, and why not."""

from typing import Any

import pytest
from gateway_api_objects import (
    CLUSTER,
    Raw,
    backend,
    desired_of,
    endpoint_slice,
    group_policy,
    intent_of,
    path,
    route,
    rule,
    service,
)

from trellis.gateway_api import Intent, Results, build_desired, build_status
from trellis.model import HealthCheck

READY: Raw = {"path": "/ready"}


def both(**more: Any) -> Raw:
    """A route to both Services."""
    return route(rule(path("/"), to=[backend("datastore-v1"), backend("datastore-v2")]), **more)


def checks(*policies: Raw, **objects: list[Any]) -> dict[str, HealthCheck | None]:
    """The health check of each Service's target group."""
    desired = desired_of(HTTPRoute=[both()], TargetGroupPolicy=list(policies), **objects)
    return {
        group.stands_for.split()[1]: group.health_check for found in desired.services for group in found.target_groups
    }


def accepted(intent: Intent) -> dict[str, tuple[str, str]]:
    return {found.name: (found.accepted.status, found.accepted.reason) for found in intent.group_policies}


def test_without_a_policy_pods_are_checked_as_vpc_lattice_does_by_default() -> None:
    assert checks() == {"apps/datastore-v1": HealthCheck(), "apps/datastore-v2": HealthCheck()}


def test_a_policy_says_how_the_pods_of_its_service_are_checked() -> None:
    asked = {
        "enabled": False,
        "intervalSeconds": 10,
        "timeoutSeconds": 2,
        "healthyThresholdCount": 3,
        "unhealthyThresholdCount": 4,
        "path": "/ready?full",
        "port": 9000,
        "protocol": "HTTPS",
        "protocolVersion": "HTTP2",
        "statusMatch": "200,204-299",
    }
    wanted = HealthCheck(
        enabled=False,
        protocol="HTTPS",
        protocol_version="HTTP2",
        port=9000,
        path="/ready?full",
        interval_seconds=10,
        timeout_seconds=2,
        healthy_threshold=3,
        unhealthy_threshold=4,
        matcher="200,204-299",
    )
    assert checks(group_policy(healthCheck=asked)) == {"apps/datastore-v1": wanted, "apps/datastore-v2": HealthCheck()}


def test_what_a_policy_leaves_out_is_as_by_default() -> None:
    assert checks(group_policy(healthCheck=READY))["apps/datastore-v1"] == HealthCheck(path="/ready")
    assert checks(group_policy())["apps/datastore-v1"] == HealthCheck()


def test_another_health_check_is_no_other_target_group() -> None:
    names = [
        {group.name for group in desired_of(HTTPRoute=[both()], TargetGroupPolicy=found).services[0].target_groups}
        for found in ([], [group_policy(healthCheck=READY)])
    ]
    assert names[0] == names[1]


def test_of_two_policies_the_older_counts_and_the_other_is_told() -> None:
    older = group_policy(name="z-older", created="2026-01-01", healthCheck=READY)
    younger = group_policy(name="a-younger", healthCheck={"path": "/other"})
    assert checks(younger, older)["apps/datastore-v1"] == HealthCheck(path="/ready")
    intent = intent_of(HTTPRoute=[both()], TargetGroupPolicy=[younger, older])
    assert accepted(intent) == {"z-older": ("True", "Accepted"), "a-younger": ("False", "Conflicted")}


@pytest.mark.parametrize("spec", [{"protocol": "HTTPS"}, {"protocol": "TCP"}, {"protocolVersion": "HTTP2"}])
def test_a_policy_that_asks_for_what_is_not_supported_leaves_the_check_as_it_is(spec: Raw) -> None:
    policies = [group_policy(healthCheck=READY, created="2026-01-01", **spec), group_policy(name="younger")]
    assert checks(*policies)["apps/datastore-v1"] is None
    intent = intent_of(HTTPRoute=[both()], TargetGroupPolicy=policies)
    assert accepted(intent) == {"checks": ("False", "Invalid"), "younger": ("False", "Conflicted")}


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ({"name": "missing"}, "TargetNotFound"),
        ({"kind": "HTTPRoute", "group": "gateway.networking.k8s.io"}, "Invalid"),
        ({"group": "example.com"}, "Invalid"),
        ({"namespace": "shop"}, "Invalid"),
    ],
)
def test_a_policy_for_what_it_cannot_be_for_changes_nothing(ref: Raw, reason: str) -> None:
    full = {"group": "", "kind": "Service", "name": "datastore-v1", **ref}
    policy = group_policy(healthCheck=READY, targetRef=full)
    assert set(checks(policy).values()) == {HealthCheck()}
    assert accepted(intent_of(HTTPRoute=[both()], TargetGroupPolicy=[policy])) == {"checks": ("False", reason)}


@pytest.mark.parametrize(
    "ref", [{"kind": "ServiceExport", "group": "application-networking.k8s.aws"}, {"name": "elsewhere"}]
)
def test_policies_that_are_for_another_controller_have_no_conditions(ref: Raw) -> None:
    full = {"group": "", "kind": "Service", "name": "datastore-v1", **ref}
    policy = group_policy(targetRef=full)
    services = [service("datastore-v1"), service("datastore-v2"), service("elsewhere")]
    assert accepted(intent_of(HTTPRoute=[both()], TargetGroupPolicy=[policy], Service=services)) == {}


def test_without_an_own_class_no_policy_has_conditions() -> None:
    assert accepted(intent_of(GatewayClass=[], TargetGroupPolicy=[group_policy("missing")])) == {}


@pytest.mark.parametrize(
    "check",
    [
        {"intervalSeconds": 4},
        {"timeoutSeconds": 121},
        {"healthyThresholdCount": 1},
        {"unhealthyThresholdCount": 11},
        {"path": "ready"},
        {"path": "/a b"},
        {"port": 0},
        {"protocol": "TCP"},
        {"protocolVersion": "GRPC"},
        {"statusMatch": "2xx"},
        {"statusMatch": "200-"},
        {"enabled": "yes"},
    ],
)
def test_an_unreadable_policy_leaves_the_check_of_its_service_as_it_is(check: Raw) -> None:
    bad = group_policy(healthCheck=check)
    assert checks(bad) == {"apps/datastore-v1": None, "apps/datastore-v2": HealthCheck()}
    intent = intent_of(HTTPRoute=[both()], TargetGroupPolicy=[bad])
    (malformed,) = intent.malformed
    assert (malformed.kind, malformed.name) == ("TargetGroupPolicy", "checks")
    assert f"spec.healthCheck.{next(iter(check))}" in malformed.message


def test_a_policy_of_which_not_even_the_target_can_be_read_may_be_for_any_service_of_its_namespace() -> None:
    bad = group_policy(targetRef=None)
    assert set(checks(bad).values()) == {None}
    elsewhere = group_policy(targetRef=None, namespace="shop")
    assert set(checks(elsewhere).values()) == {HealthCheck()}


def test_an_unreadable_policy_that_is_younger_does_not_keep_a_sound_one_from_counting() -> None:
    sound = group_policy(name="sound", created="2026-01-15", healthCheck=READY)
    for created, wanted in (("2026-01-01", None), ("2026-02-01", HealthCheck(path="/ready"))):
        bad = group_policy(name="bad", created=created, healthCheck={"port": 0})
        assert checks(sound, bad)["apps/datastore-v1"] == wanted


def test_an_unreadable_policy_for_another_controller_is_about_no_service() -> None:
    ref = {"group": "application-networking.k8s.aws", "kind": "ServiceExport", "name": "datastore-v1"}
    assert set(checks(group_policy(targetRef=ref, healthCheck={"port": 0})).values()) == {HealthCheck()}


def test_an_unreadable_service_is_not_missing() -> None:
    bad = {**service("datastore-v1"), "spec": {"ports": "none"}}
    intent = intent_of(HTTPRoute=[both()], Service=[bad, service("datastore-v2")], TargetGroupPolicy=[group_policy()])
    assert accepted(intent) == {}


def test_a_range_of_codes_that_ends_before_it_begins_is_refused() -> None:
    policy = group_policy(healthCheck={"statusMatch": "200,299-200"})
    assert checks(policy)["apps/datastore-v1"] is None
    assert accepted(intent_of(HTTPRoute=[both()], TargetGroupPolicy=[policy])) == {"checks": ("False", "Invalid")}


def test_a_deleted_policy_does_not_count() -> None:
    policy = group_policy(healthCheck=READY)
    policy["metadata"]["deletionTimestamp"] = "2026-03-01T00:00:00Z"
    assert checks(policy)["apps/datastore-v1"] == HealthCheck()
    assert accepted(intent_of(HTTPRoute=[both()], TargetGroupPolicy=[policy])) == {}


def test_two_routes_share_the_check_of_a_service() -> None:
    more = both(name="other", hostnames=["other.lattice-test.io"])
    intent = intent_of(HTTPRoute=[both(), more], TargetGroupPolicy=[group_policy(healthCheck=READY)])
    found = [
        group.health_check
        for built in build_desired(intent, CLUSTER).services
        for group in built.target_groups
        if "datastore-v1" in group.stands_for
    ]
    assert found == [HealthCheck(path="/ready")] * 2


def test_the_status_says_whether_a_policy_counts() -> None:
    slices = [endpoint_slice("datastore-v1", "192.168.48.10")]
    intent = intent_of(HTTPRoute=[route()], EndpointSlice=slices, TargetGroupPolicy=[group_policy(healthCheck=READY)])
    (status,) = (found for found in build_status(intent, Results()) if found.kind == "TargetGroupPolicy")
    assert (status.namespace, status.name) == ("apps", "checks")
    (condition,) = status.status["conditions"]
    assert (condition["type"], condition["status"], condition["observedGeneration"]) == ("Accepted", "True", 3)
