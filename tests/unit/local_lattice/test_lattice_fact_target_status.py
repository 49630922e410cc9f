"""The statuses of targets, of all types of target groups.

API reference of TargetSummary; User Guide, "Health checks for your VPC Lattice target groups" and "Register targets".
"""

import pytest
from lattice_actions import forward

TARGET = [{"id": "10.1.0.5"}]


@pytest.fixture
def group_id(client, make_group):
    """A group of type IP with one target, not in use."""
    group_id = make_group("orders-v1")
    client.register_targets(targetGroupIdentifier=group_id, targets=TARGET)
    return group_id


def status_of(client, group_id):
    items = client.list_targets(targetGroupIdentifier=group_id)["items"]
    return [(item["status"], item.get("reasonCode")) for item in items]


def test_a_target_of_a_group_that_no_service_uses_is_unused(client, group_id):
    """API reference of TargetSummary: "UNUSED: Target group is not used in a service"; Terraform provider, #46793."""
    assert status_of(client, group_id) == [("UNUSED", "TargetGroupNotInUse")]


def test_a_default_action_makes_a_target_initial(client, group_id, make_service, make_listener):
    """API reference of TargetSummary: "INITIAL: Initial health checks on the target are being performed"."""
    make_listener(make_service("orders"), group_id)
    assert status_of(client, group_id) == [("INITIAL", None)]


def test_a_rule_makes_a_target_initial_and_its_deletion_unused(client, group_id, make_service, make_listener):
    """User Guide, "Target groups": checks run once the group is named in a rule."""
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    match = {"httpMatch": {"method": "GET"}}
    rule = client.create_rule(**key, name="reads", priority=1, match=match, action=forward(group_id))
    assert status_of(client, group_id) == [("INITIAL", None)]
    client.delete_rule(**key, ruleIdentifier=rule["id"])
    assert status_of(client, group_id) == [("UNUSED", "TargetGroupNotInUse")]


def test_switching_health_checks_off_makes_targets_unavailable(client, group_id, make_service, make_listener):
    """API reference of TargetSummary: "UNAVAILABLE: Health checks are unavailable for the target group"."""
    make_listener(make_service("orders"), group_id)
    client.update_target_group(targetGroupIdentifier=group_id, healthCheck={"enabled": False})
    assert status_of(client, group_id) == [("UNAVAILABLE", None)]
    client.update_target_group(targetGroupIdentifier=group_id, healthCheck={"enabled": True})
    assert status_of(client, group_id) == [("INITIAL", None)]


def test_a_deregistered_target_drains_for_one_minute(client, group_id, make_service, make_listener, stepped):
    """API reference of TargetSummary: "The default draining time is 1 minute"."""
    make_listener(make_service("orders"), group_id)
    client.deregister_targets(targetGroupIdentifier=group_id, targets=TARGET)
    stepped.advance(59)
    assert status_of(client, group_id) == [("DRAINING", None)]
    stepped.advance(1)
    assert status_of(client, group_id) == []


def test_a_deregistered_target_of_an_unused_group_stays_unused_for_a_while(client, group_id, stepped):
    """Terraform provider, #46793."""
    client.deregister_targets(targetGroupIdentifier=group_id, targets=TARGET)
    assert status_of(client, group_id) == [("UNUSED", "TargetGroupNotInUse")]
    stepped.advance(2)
    assert status_of(client, group_id) == []


def test_a_draining_target_is_normal_again_after_registration(client, group_id, make_service, make_listener, stepped):
    """User Guide, "Register targets": a deregistered target can be registered again."""
    make_listener(make_service("orders"), group_id)
    client.deregister_targets(targetGroupIdentifier=group_id, targets=TARGET)
    client.register_targets(targetGroupIdentifier=group_id, targets=TARGET)
    stepped.advance(120)
    assert status_of(client, group_id) == [("INITIAL", None)]


def test_registering_during_the_creation_conflicts_in_the_words_of_aws(client, make_group, error_of):
    """AWS Gateway API Controller, issue 781."""
    group_id = make_group("orders-v1", is_new=True)
    error = error_of(client.register_targets, targetGroupIdentifier=group_id, targets=TARGET)
    message = f"Invalid resource status for this operation, resource id {group_id}, status: CREATE_IN_PROGRESS"
    assert (error["status"], error["message"]) == (409, message)
