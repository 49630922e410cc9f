"""Registration of targets and the status that they show."""

import pytest


@pytest.fixture
def statuses(client):
    def read(group_id):
        return {t["id"]: t["status"] for t in client.list_targets(targetGroupIdentifier=group_id)["items"]}

    return read


def test_registering_with_a_new_group_conflicts(client, make_group, error_of):
    group_id = make_group("orders-v1", is_new=True)
    error = error_of(client.register_targets, targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    assert (error["status"], error["resourceId"]) == (409, group_id)
    message = f"Invalid resource status for this operation, resource id {group_id}, status: CREATE_IN_PROGRESS"
    assert error["message"] == message


def test_a_target_outside_the_vpc_is_reported_as_unsuccessful(client, make_group):
    targets = [{"id": "10.1.0.5"}, {"id": "10.2.0.5", "port": 81}]
    answer = client.register_targets(targetGroupIdentifier=make_group("orders-v1"), targets=targets)
    assert answer["successful"] == [{"id": "10.1.0.5", "port": 80}]
    assert [(failed["id"], failed["port"]) for failed in answer["unsuccessful"]] == [("10.2.0.5", 81)]


def test_a_secondary_cidr_block_of_the_vpc_counts(client, ec2, make_group, vpc_id):
    ec2.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="100.64.0.0/16")
    answer = client.register_targets(targetGroupIdentifier=make_group("pods"), targets=[{"id": "100.64.3.4"}])
    assert answer["unsuccessful"] == []


def test_more_than_a_hundred_targets_in_a_call_are_refused(client, make_group, error_of):
    targets = [{"id": f"10.1.0.{number}"} for number in range(101)]
    error = error_of(client.register_targets, targetGroupIdentifier=make_group("orders-v1"), targets=targets)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "targets")


def test_targets_of_an_unused_group_are_unused(client, make_group):
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    client.register_targets(**key, targets=[{"id": "10.1.0.5"}])
    (target,) = client.list_targets(**key)["items"]
    assert (target["status"], target["reasonCode"]) == ("UNUSED", "TargetGroupNotInUse")


def test_targets_are_initial_once_a_rule_forwards_to_them(client, make_group, make_service, make_listener, statuses):
    group_id = make_group("orders-v1")
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    make_listener(make_service("orders"), group_id)
    assert statuses(group_id) == {"10.1.0.5": "INITIAL"}


def test_targets_are_unused_again_without_the_listener(client, make_group, make_service, make_listener, statuses):
    group_id, service_id = make_group("orders-v1"), make_service("orders")
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    listener_id = make_listener(service_id, group_id)
    client.delete_listener(serviceIdentifier=service_id, listenerIdentifier=listener_id)
    assert statuses(group_id) == {"10.1.0.5": "UNUSED"}


def test_targets_without_health_checks_are_unavailable(client, make_group, make_service, make_listener, statuses):
    group_id = make_group("orders-v1", healthCheck={"enabled": False})
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    make_listener(make_service("orders"), group_id)
    assert statuses(group_id) == {"10.1.0.5": "UNAVAILABLE"}


def test_a_deregistered_target_drains_for_a_minute(client, make_group, make_service, make_listener, statuses, stepped):
    group_id, targets = make_group("orders-v1"), [{"id": "10.1.0.5"}]
    client.register_targets(targetGroupIdentifier=group_id, targets=targets)
    make_listener(make_service("orders"), group_id)
    client.deregister_targets(targetGroupIdentifier=group_id, targets=targets)
    stepped.advance(59)
    assert statuses(group_id) == {"10.1.0.5": "DRAINING"}
    stepped.advance(1)
    assert statuses(group_id) == {}


def test_a_draining_target_can_be_registered_again(client, make_group, make_service, make_listener, statuses, stepped):
    group_id, targets = make_group("orders-v1"), [{"id": "10.1.0.5"}]
    client.register_targets(targetGroupIdentifier=group_id, targets=targets)
    make_listener(make_service("orders"), group_id)
    client.deregister_targets(targetGroupIdentifier=group_id, targets=targets)
    client.register_targets(targetGroupIdentifier=group_id, targets=targets)
    stepped.advance(100)
    assert statuses(group_id) == {"10.1.0.5": "INITIAL"}


def test_deregistering_an_unknown_target_is_reported(client, make_group):
    answer = client.deregister_targets(targetGroupIdentifier=make_group("orders-v1"), targets=[{"id": "10.1.0.5"}])
    assert [failed["id"] for failed in answer["unsuccessful"]] == ["10.1.0.5"]


def test_one_address_can_be_registered_with_several_ports(client, make_group):
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    client.register_targets(**key, targets=[{"id": "10.1.0.5", "port": 8080}, {"id": "10.1.0.5", "port": 8081}])
    assert [target["port"] for target in client.list_targets(**key)["items"]] == [8080, 8081]
    assert len(client.list_targets(**key, targets=[{"id": "10.1.0.5", "port": 8081}])["items"]) == 1
