"""Target groups: defaults, what each type allows, health check updates and deletion."""

import pytest


def config_of(client, group_id):
    return client.get_target_group(targetGroupIdentifier=group_id)["config"]


def test_a_group_in_an_unknown_vpc_is_refused(make_group, error_of):
    error = error_of(make_group, name="orders-v1", vpcIdentifier="vpc-01234567")
    assert (error["status"], error["resourceType"]) == (404, "VPC")


def test_a_health_check_update_changes_single_fields(client, make_group):
    group_id = make_group("orders-v1", healthCheck={"path": "/live"})
    client.update_target_group(targetGroupIdentifier=group_id, healthCheck={"healthCheckIntervalSeconds": 10})
    check = config_of(client, group_id)["healthCheck"]
    assert (check["path"], check["healthCheckIntervalSeconds"]) == ("/live", 10)


def test_zero_and_empty_values_reset_to_the_default(client, make_group):
    group_id = make_group("orders-v1", healthCheck={"path": "/live", "port": 8081, "healthCheckIntervalSeconds": 10})
    update = {"path": "", "port": 0, "healthCheckIntervalSeconds": 0}
    client.update_target_group(targetGroupIdentifier=group_id, healthCheck=update)
    check = config_of(client, group_id)["healthCheck"]
    assert (check["path"], check["healthCheckIntervalSeconds"], "port" in check) == ("/", 30, False)


@pytest.mark.parametrize("codes", ["600", "200-", "100-200", "abc"])
def test_a_matcher_outside_200_to_499_is_refused(make_group, error_of, codes):
    assert error_of(make_group, name="orders-v1", healthCheck={"matcher": {"httpCode": codes}})["status"] == 400


def test_groups_are_listed_by_vpc_and_type(client, make_group, vpc_id):
    group_id = make_group("orders-v1")
    client.create_target_group(name="fn-group", type="LAMBDA")
    by_vpc = client.list_target_groups(vpcIdentifier=vpc_id)["items"]
    by_type = client.list_target_groups(targetGroupType="IP")["items"]
    assert [item["id"] for item in by_vpc] == [item["id"] for item in by_type] == [group_id]


def test_a_group_with_targets_cannot_be_deleted(client, make_group, stepped, error_of):
    key = {"targetGroupIdentifier": make_group("orders-v1")}
    client.register_targets(**key, targets=[{"id": "10.1.0.5"}])
    assert error_of(client.delete_target_group, **key)["status"] == 409
    client.deregister_targets(**key, targets=[{"id": "10.1.0.5"}])
    stepped.advance(2)
    assert client.delete_target_group(**key)["status"] == "DELETE_IN_PROGRESS"
