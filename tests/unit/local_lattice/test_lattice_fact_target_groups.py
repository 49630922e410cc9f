"""What each type of target group may have, what can be updated, and what keeps a group from being deleted."""

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from lattice_actions import forward

DEFAULT_CHECK = {
    "enabled": True,
    "protocol": "HTTP",
    "path": "/",
    "healthCheckIntervalSeconds": 30,
    "healthCheckTimeoutSeconds": 5,
    "healthyThresholdCount": 5,
    "unhealthyThresholdCount": 2,
    "matcher": {"httpCode": "200"},
}


@pytest.fixture
def create(client, vpc_id):
    """Create a group of a type; VPC, protocol and port are given unless the config says None."""

    def make(group_type, **config):
        general = {} if group_type == "LAMBDA" else {"vpcIdentifier": vpc_id, "protocol": "HTTP", "port": 80}
        config = {name: value for name, value in {**general, **config}.items() if value is not None}
        return client.create_target_group(name="subject", type=group_type, config=config)

    return make


REFUSED = [
    pytest.param("IP", {"vpcIdentifier": None}, "config.vpcIdentifier", id="UG, Target groups: IP needs a VPC"),
    pytest.param("INSTANCE", {"vpcIdentifier": None}, "config.vpcIdentifier", id="UG: INSTANCE needs a VPC"),
    pytest.param("ALB", {"vpcIdentifier": None}, "config.vpcIdentifier", id="UG: ALB needs a VPC"),
    pytest.param("IP", {"protocol": None}, "config.protocol", id="UG, Create a target group: protocol"),
    pytest.param("IP", {"protocol": "TCP", "port": None}, "config.port", id="API, TargetGroupConfig: port"),
    pytest.param("LAMBDA", {"port": 80}, "config.port", id="API, TargetGroupConfig.port: not for LAMBDA"),
    pytest.param("LAMBDA", {"protocol": "HTTP"}, "config.protocol", id="API: protocol not for LAMBDA"),
    pytest.param("LAMBDA", {"protocolVersion": "HTTP1"}, "config.protocolVersion", id="API: version not for LAMBDA"),
    pytest.param("LAMBDA", {"vpcIdentifier": "vpc-01234567"}, "config.vpcIdentifier", id="API: VPC not for LAMBDA"),
    pytest.param("LAMBDA", {"healthCheck": {}}, "config.healthCheck", id="API: healthCheck not for LAMBDA"),
    pytest.param("LAMBDA", {"ipAddressType": "IPV4"}, "config.ipAddressType", id="API: ipAddressType for IP only"),
    pytest.param(
        "INSTANCE", {"ipAddressType": "IPV4"}, "config.ipAddressType", id="API: ipAddressType not for INSTANCE"
    ),
    pytest.param("ALB", {"ipAddressType": "IPV4"}, "config.ipAddressType", id="API: ipAddressType not for ALB"),
    pytest.param(
        "IP", {"lambdaEventStructureVersion": "V1"}, "config.lambdaEventStructureVersion", id="API: for LAMBDA only"
    ),
    pytest.param("IP", {"protocol": "TCP", "protocolVersion": "HTTP1"}, "config.protocolVersion", id="UG: not for TCP"),
    pytest.param("ALB", {"protocolVersion": "HTTP2"}, "config.protocolVersion", id="UG, ALB as targets: no HTTP/2"),
    pytest.param("ALB", {"protocolVersion": "GRPC"}, "config.protocolVersion", id="UG, ALB as targets: no gRPC"),
    pytest.param(
        "IP",
        {"protocolVersion": "GRPC", "healthCheck": {"enabled": True}},
        "healthCheck.protocolVersion",
        id="UG, Health checks: gRPC needs HTTP1 or HTTP2 checks",
    ),
]


@pytest.mark.parametrize(("group_type", "config", "field"), REFUSED)
def test_a_configuration_is_refused(create, error_of, group_type, config, field):
    error = error_of(create, group_type=group_type, **config)
    assert (error["status"], error["reason"]) == (400, "fieldValidationFailed")
    assert [wrong["name"] for wrong in error["fieldList"]] == [field]


def test_an_alb_group_has_no_health_check_in_the_words_of_aws(create, client, error_of):
    """The message: aws-ia/terraform-aws-amazon-vpc-lattice-module, #29."""
    errors = [error_of(create, group_type="ALB", healthCheck={"path": "/"})]
    group_id = create("ALB")["id"]
    errors.append(error_of(client.update_target_group, targetGroupIdentifier=group_id, healthCheck={"path": "/"}))
    assert {error["message"] for error in errors} == {"ALB Target Group does not support health check config"}


DEFAULTS = [
    pytest.param("IP", {}, {"ipAddressType": "IPV4", "protocolVersion": "HTTP1"}, id="API, TargetGroupConfig"),
    pytest.param("IP", {"port": None}, {"port": 80}, id="API, TargetGroupConfig.port: 80 for HTTP"),
    pytest.param("IP", {"port": None, "protocol": "HTTPS"}, {"port": 443}, id="API: 443 for HTTPS"),
    pytest.param("LAMBDA", {}, {"lambdaEventStructureVersion": "V1"}, id="API, lambdaEventStructureVersion: V1"),
    pytest.param("IP", {}, {"healthCheck": DEFAULT_CHECK}, id="API, HealthCheckConfig: all defaults"),
    pytest.param(
        "IP",
        {"protocolVersion": "HTTP2"},
        {"healthCheck": {**DEFAULT_CHECK, "enabled": False}},
        id="UG, Health checks: off for HTTP2",
    ),
    pytest.param(
        "IP",
        {"protocolVersion": "GRPC"},
        {"healthCheck": {**DEFAULT_CHECK, "enabled": False}},
        id="UG, Health checks: off for gRPC",
    ),
    pytest.param(
        "IP", {"protocol": "TCP"}, {"healthCheck": {**DEFAULT_CHECK, "enabled": False}}, id="UG, Health checks: TCP"
    ),
]


@pytest.mark.parametrize(("group_type", "config", "expected"), DEFAULTS)
def test_defaults_are_filled_in(create, client, group_type, config, expected):
    group_id = create(group_type, **config)["id"]
    seen = client.get_target_group(targetGroupIdentifier=group_id)["config"]
    assert {name: seen[name] for name in expected} == expected


def test_members_that_do_not_apply_are_absent(create, client):
    """API reference of TargetGroupConfig."""
    config = client.get_target_group(targetGroupIdentifier=create("LAMBDA")["id"])["config"]
    assert set(config) == {"lambdaEventStructureVersion"}


@pytest.fixture
def update(client, make_group):
    """Update the health check of a group; the resulting check."""
    group_id = make_group("orders-v1")

    def run(check):
        answer = client.update_target_group(targetGroupIdentifier=group_id, healthCheck=check)
        return answer["config"]["healthCheck"]

    return run


CHECK_RANGES = [
    ("healthCheckIntervalSeconds", 5, 300, 30),
    ("healthCheckTimeoutSeconds", 1, 120, 5),
    ("healthyThresholdCount", 2, 10, 5),
    ("unhealthyThresholdCount", 2, 10, 2),
]


@pytest.mark.parametrize(("name", "lowest", "highest", "default"), CHECK_RANGES)
def test_a_number_of_the_health_check_has_a_range_and_zero_resets_it(update, name, lowest, highest, default):
    """API reference of HealthCheckConfig: ranges and defaults; User Guide, "Health checks": "Specify 0 to reset"."""
    for value, expected in ((lowest, lowest), (highest, highest), (0, default)):
        assert update({name: value})[name] == expected
    for value in {lowest - 1, highest + 1} - {0}:
        with pytest.raises(ClientError, match="ValidationException"):
            update({name: value})


@pytest.mark.parametrize(("codes", "status"), [("200,202", 200), ("200-299", 200), ("499", 200), ("500", 400)])
def test_the_matcher_takes_lists_and_ranges_of_200_to_499(update, codes, status):
    """User Guide, "Health checks for your VPC Lattice target groups"."""
    if status == 200:
        assert update({"matcher": {"httpCode": codes}})["matcher"] == {"httpCode": codes}
    else:
        with pytest.raises(ClientError, match="httpCode"):
            update({"matcher": {"httpCode": codes}})


@pytest.mark.parametrize("member", ["config", "name", "type", "port", "protocol"])
def test_only_the_health_check_is_updated(client, make_group, member):
    """API model, UpdateTargetGroup: healthCheck is required, and the only member."""
    with pytest.raises(ParamValidationError):
        client.update_target_group(
            targetGroupIdentifier=make_group("orders-v1"), healthCheck={}, **{member: "anything"}
        )


def test_a_group_in_a_default_action_or_a_rule_is_not_deleted(
    client, make_group, make_service, make_listener, error_of
):
    """API reference, DeleteTargetGroup: "if it is used in a listener rule"."""
    in_default, in_rule = make_group("orders-v1"), make_group("orders-v2")
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id, in_default)}
    client.create_rule(**key, name="reads", priority=1, match={"httpMatch": {"method": "GET"}}, action=forward(in_rule))
    for group_id in (in_default, in_rule):
        error = error_of(client.delete_target_group, targetGroupIdentifier=group_id)
        assert (error["status"], error["resourceId"]) == (409, group_id)


def test_a_group_with_registered_or_draining_targets_is_not_deleted(
    client, make_group, make_service, make_listener, stepped, error_of
):
    """Terraform provider, #41601: deletion fails while targets drain."""
    key, targets = {"targetGroupIdentifier": make_group("orders-v1")}, [{"id": "10.1.0.5"}]
    client.register_targets(**key, targets=targets)
    service_id = make_service("orders")
    listener_id = make_listener(service_id, key["targetGroupIdentifier"])
    client.deregister_targets(**key, targets=targets)
    client.delete_listener(serviceIdentifier=service_id, listenerIdentifier=listener_id)
    assert error_of(client.delete_target_group, **key)["status"] == 409
    stepped.advance(60)
    assert client.delete_target_group(**key)["status"] == "DELETE_IN_PROGRESS"
