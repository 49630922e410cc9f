"""Registration of targets and the status that they show."""

import pytest


@pytest.fixture
def statuses(client):
    def read(group_id):
        return {t["id"]: t["status"] for t in client.list_targets(targetGroupIdentifier=group_id)["items"]}

    return read


def test_a_secondary_cidr_block_of_the_vpc_counts(client, ec2, make_group, vpc_id):
    ec2.associate_vpc_cidr_block(VpcId=vpc_id, CidrBlock="100.64.0.0/16")
    answer = client.register_targets(targetGroupIdentifier=make_group("pods"), targets=[{"id": "100.64.3.4"}])
    assert answer["unsuccessful"] == []


def test_targets_are_unused_again_without_the_listener(client, make_group, make_service, make_listener, statuses):
    group_id, service_id = make_group("orders-v1"), make_service("orders")
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    listener_id = make_listener(service_id, group_id)
    client.delete_listener(serviceIdentifier=service_id, listenerIdentifier=listener_id)
    assert statuses(group_id) == {"10.1.0.5": "UNUSED"}


def test_one_address_can_be_registered_with_several_ports(client, make_group):
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    client.register_targets(**key, targets=[{"id": "10.1.0.5", "port": 8080}, {"id": "10.1.0.5", "port": 8081}])
    assert [target["port"] for target in client.list_targets(**key)["items"]] == [8080, 8081]
    assert len(client.list_targets(**key, targets=[{"id": "10.1.0.5", "port": 8081}])["items"]) == 1
