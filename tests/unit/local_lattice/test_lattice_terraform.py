"""VPC Lattice as the Terraform AWS provider reads it: apply, a plan without differences, changes in place, destroy."""

import re
import time
from pathlib import Path

import boto3
import lattice_terraform_kinds as kinds
import lattice_terraform_recipe as recipe
import pytest
from lattice_terraform import Provider, UnexpectedStateError
from lattice_terraform_recipe import HEALTH_CHECK, TAGS, allow, forward, group_ids

from trellis_local.lattice.health import HealthChecker

EXAMPLE = Path(__file__).parents[3] / "examples" / "terraform" / "main.tf"


def no_answer(**_):
    raise ConnectionRefusedError


@pytest.fixture
def health_checks(client):
    """Health checks that find nothing at any address; moving the clock gives them time."""
    checker = HealthChecker(no_answer)
    checker.start()
    yield
    checker.stop()


@pytest.fixture
def provider(client, stepped):
    def advance(seconds):
        stepped.advance(seconds)
        time.sleep(0.005)  # in which the threads of the health checks may look at the clock

    return Provider(client, advance)


@pytest.fixture
def security_group_id(ec2, vpc_id):
    return ec2.create_security_group(GroupName="clients", Description="clients", VpcId=vpc_id)["GroupId"]


@pytest.fixture
def applied(provider, health_checks, vpc_id, security_group_id):
    recipe.apply(provider, vpc_id=vpc_id, security_group_id=security_group_id)
    return provider


def test_the_example_has_every_type_that_is_re_enacted():
    assert set(re.findall(r'^resource "(aws_vpclattice_\w+)"', EXAMPLE.read_text(), re.MULTILINE)) == set(kinds.TYPES)


def test_terraform_applies_and_then_plans_no_difference(applied):
    assert applied.plan() == []


def test_terraform_sees_what_was_changed_behind_its_back(applied, client):
    rule = applied.state["rule"]
    client.update_rule(**rule.key, action={"fixedResponse": {"statusCode": 404}})
    client.tag_resource(resourceArn=rule.arn, tags={"team": "search"})
    differences = applied.plan()
    assert "rule: action.fixedResponse.statusCode: 404 -> None" in differences
    assert "rule: tags.team: 'search' -> 'shop'" in differences


def test_terraform_plans_to_create_what_somebody_deleted(applied, client):
    client.delete_rule(**applied.state["rule"].key)
    assert applied.plan() == ["rule: will be created"]


def test_terraform_updates_weights_in_place(applied, client):
    rule, listener = applied.state["rule"], applied.state["listener"]
    shifted = forward(dict(zip(group_ids(applied), (20, 80), strict=True)))
    applied.update("listener", defaultAction=shifted)
    applied.update("rule", action=shifted)
    assert applied.plan() == []
    assert client.get_rule(**rule.key)["id"] == rule.id
    assert client.get_listener(**listener.key)["defaultAction"] == shifted


def test_terraform_takes_a_group_out_of_the_default_action_with_weight_zero(applied):
    applied.update("listener", defaultAction=forward(dict(zip(group_ids(applied), (0, 100), strict=True))))
    assert applied.plan() == []


def test_terraform_updates_the_other_changeable_members_in_place(applied, vpc_id, ec2, stepped):
    config = applied.state["v1"].config["config"]
    health_check = {**HEALTH_CHECK, "path": "/ready", "matcher": {"httpCode": "200-299"}}
    applied.update("v1", config={**config, "healthCheck": health_check})
    applied.update("network", authType="NONE")
    applied.update("service", authType="AWS_IAM")
    applied.update("auth policy", policy=allow("/orders"))
    other = ec2.create_security_group(GroupName="others", Description="others", VpcId=vpc_id)["GroupId"]
    applied.update("vpc association", securityGroupIds=[other])
    stepped.advance(10)
    assert applied.plan() == []


def test_terraform_destroys_and_leaves_nothing(applied, client):
    applied.destroy()
    for operation in ("list_service_networks", "list_services", "list_target_groups"):
        assert getattr(client, operation)()["items"] == []


def test_terraform_takes_what_is_gone_already_for_deleted(applied, client):
    client.delete_rule(**applied.state["rule"].key)
    client.delete_auth_policy(**applied.state["auth policy"].key)
    applied.destroy()
    assert client.list_services()["items"] == []


def test_terraform_cannot_destroy_a_group_before_its_listener_as_on_aws(applied, client):
    with pytest.raises(client.exceptions.ConflictException):
        applied.delete("v2")


def test_a_target_of_a_group_that_is_not_used_stops_provider_6_34_as_on_aws(provider, vpc_id):
    """Its waiter did not expect UNUSED (issue 46793 of the provider), so the example destroys targets first."""
    config = {"port": 8080, "protocol": "HTTP", "vpcIdentifier": vpc_id}
    group = provider.apply("group", kinds.TARGET_GROUP, {"name": "orders-v1", "type": "IP", "config": config})
    members = {"targetGroupIdentifier": group.id, "targets": [{"id": "10.1.0.5"}]}
    provider.apply("attachment", kinds.TARGET_GROUP_ATTACHMENT, members)
    with pytest.raises(UnexpectedStateError, match="UNUSED"):
        provider.delete("attachment")


@pytest.mark.parametrize(
    ("group_type", "config"),
    [
        ("IP", {"port": 80, "protocol": "HTTP"}),
        ("IP", {"port": 443, "protocol": "HTTPS", "protocolVersion": "HTTP2", "ipAddressType": "IPV4"}),
        ("IP", {"port": 5432, "protocol": "TCP"}),
        ("INSTANCE", {"port": 80, "protocol": "HTTP", "healthCheck": {**HEALTH_CHECK, "enabled": False}}),
        ("ALB", {"port": 80, "protocol": "HTTP"}),
        ("LAMBDA", {}),
        ("LAMBDA", {"lambdaEventStructureVersion": "V2"}),
    ],
)
def test_terraform_plans_no_difference_for_any_type_of_target_group(provider, vpc_id, group_type, config):
    place = {} if group_type == "LAMBDA" else {"vpcIdentifier": vpc_id}
    sent = {"config": {**config, **place}} if config else {}
    provider.apply("group", kinds.TARGET_GROUP, {"name": "orders-v1", "type": group_type, **sent})
    assert provider.plan() == []
    provider.destroy()


@pytest.mark.parametrize(
    "match",
    [
        {"method": "", "pathMatch": {"match": {"exact": "/"}, "caseSensitive": False}},
        {"method": "POST"},
        {"method": "", "headerMatches": [{"name": "x-a", "match": {"contains": "b"}, "caseSensitive": True}]},
    ],
)
def test_terraform_sends_an_empty_method_and_false_for_what_a_match_leaves_out(provider, make_service, match):
    members = {"serviceIdentifier": make_service("orders"), "name": "http", "protocol": "HTTP"}
    action = {"fixedResponse": {"statusCode": 404}}
    listener = provider.apply("listener", kinds.LISTENER, {**members, "defaultAction": action})
    members = {**listener.key, "name": "popular", "priority": 1, "action": action}
    provider.apply("rule", kinds.LISTENER_RULE, {**members, "match": {"httpMatch": match}})
    assert provider.plan() == []


@pytest.mark.parametrize("suffix", ["", ":*"])
def test_terraform_manages_an_access_log_subscription(provider, suffix):
    name = f"/lattice/terraform{len(suffix)}"
    boto3.client("logs", "us-west-2").create_log_group(logGroupName=name)
    network = provider.apply("network", kinds.SERVICE_NETWORK, {"name": "shop"})
    destination = f"arn:aws:logs:us-west-2:111122223333:log-group:{name}{suffix}"
    members = {"resourceIdentifier": network.id, "destinationArn": destination, "tags": TAGS}
    provider.apply("subscription", kinds.ACCESS_LOG_SUBSCRIPTION, members)
    assert provider.plan() == []
    provider.delete("subscription")
    assert list(provider.state) == ["network"]
