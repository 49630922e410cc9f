"""Calls that are throttled, failed or slowed down in front of every service, in the words of the service."""

import json
import time

import pytest

from trellis_local import clock
from trellis_local.aws.cloudtrail import Trail

CALLS = {
    "vpc-lattice": ("list_services", {}),
    "ec2": ("describe_vpcs", {}),
    "route53": ("list_hosted_zones", {}),
    "eks": ("list_clusters", {}),
    "dynamodb": ("list_tables", {}),
    "resourcegroupstaggingapi": ("get_resources", {}),
    "s3": ("list_buckets", {}),
    "iam": ("list_roles", {}),
    "sns": ("list_topics", {}),
    "lambda": ("list_functions", {}),
    "stepfunctions": ("list_state_machines", {}),
    "cloudwatch": ("list_metrics", {}),
}


def call(client, service):
    operation, parameters = CALLS[service]
    return getattr(client, operation)(**parameters)


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("vpc-lattice", (429, "ThrottlingException", "7")),
        ("ec2", (503, "RequestLimitExceeded", None)),
        ("route53", (400, "Throttling", None)),
        ("eks", (429, "ThrottlingException", None)),
        ("dynamodb", (400, "ThrottlingException", None)),
        ("resourcegroupstaggingapi", (400, "ThrottledException", None)),
        ("s3", (503, "SlowDown", None)),
        ("iam", (400, "Throttling", None)),
        ("sns", (429, "Throttled", None)),
        ("lambda", (429, "TooManyRequestsException", "7")),
        ("stepfunctions", (400, "ThrottlingException", None)),
        ("cloudwatch", (400, "ThrottlingException", None)),
    ],
)
def test_each_service_throttles_in_its_own_words(order, client, error_of, service, error):
    order("throttle", retryAfterSeconds=7)
    found = error_of(lambda: call(client(service), service))
    assert (found["status"], found["code"], found["headers"].get("retry-after")) == error
    assert found["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("vpc-lattice", (500, "InternalServerException", "1")),
        ("ec2", (500, "InternalError", None)),
        ("route53", (500, "InternalFailure", None)),
        ("eks", (500, "ServerException", None)),
        ("dynamodb", (500, "InternalServerError", None)),
        ("resourcegroupstaggingapi", (500, "InternalServiceException", None)),
        ("s3", (500, "InternalError", None)),
        ("iam", (500, "ServiceFailure", None)),
        ("sns", (500, "InternalError", None)),
        ("lambda", (500, "ServiceException", None)),
        ("stepfunctions", (500, "InternalFailure", None)),
        ("cloudwatch", (500, "InternalServiceError", None)),
    ],
)
def test_each_service_fails_in_its_own_words(order, client, error_of, service, error):
    order("server-error")
    found = error_of(lambda: call(client(service), service))
    assert (found["status"], found["code"], found["headers"].get("retry-after")) == error


def test_a_throttled_call_of_vpc_lattice_has_the_members_of_the_model(order, client, error_of):
    order("throttle", service="vpc-lattice", retryAfterSeconds=3)
    error = error_of(client("vpc-lattice").list_services)
    assert (error["retryAfterSeconds"], error["serviceCode"], error["message"]) == (3, "vpc-lattice", "Rate exceeded")


def test_the_modelled_exception_is_raised(order, client):
    order("throttle", service="dynamodb")
    dynamodb = client("dynamodb")
    with pytest.raises(dynamodb.exceptions.ThrottlingException):
        dynamodb.describe_table(TableName="claims")


@pytest.mark.parametrize("service", ["vpc-lattice", "ec2", "route53", "dynamodb", "resourcegroupstaggingapi"])
def test_the_standard_retry_mode_gets_through_a_throttle(order, page, client, service):
    order("throttle", times=1)
    assert call(client(service, attempts=3), service)["ResponseMetadata"]["RetryAttempts"] == 1
    assert page("GET")[1]["faults"][0]["remaining"] == 0


def test_the_standard_retry_mode_gets_through_thirty_percent_of_throttling(order, page, client):
    order("throttle", service="vpc-lattice", probability=0.3, seed=5)
    lattice = client("vpc-lattice", attempts=8)
    retries = sum(lattice.list_services()["ResponseMetadata"]["RetryAttempts"] for _ in range(10))
    assert retries == page("GET")[1]["faults"][0]["hits"] > 0


def test_a_failed_call_had_no_effect(order, client, error_of):
    order("server-error", operation="CreateService", times=1)
    lattice = client("vpc-lattice")
    error_of(lambda: lattice.create_service(name="orders"))
    assert lattice.list_services()["items"] == []
    assert lattice.create_service(name="orders")["name"] == "orders"


def test_only_calls_of_the_service_and_operation_are_concerned(order, client, error_of):
    order("throttle", service="vpc-lattice", operation="List*")
    order("server-error", service="ec2", operation="DescribeVpcs")
    lattice, ec2 = client("vpc-lattice"), client("ec2")
    lattice.create_service(name="orders")
    ec2.describe_subnets()
    assert error_of(lattice.list_services)["status"] == 429
    assert error_of(ec2.describe_vpcs)["status"] == 500


@pytest.fixture
def sessions(endpoint):
    """Keys of a session of a role that may do everything, by the name of the role."""

    def policy(statement):
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def session_of(role):
        iam = endpoint.identity.client("iam")
        allow = {"Effect": "Allow", "Action": "vpc-lattice:*", "Resource": "*"}
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy(allow))
        keys = endpoint.identity.role_session(arn, session_name="fn", service_principal="lambda.amazonaws.com")
        return {
            "aws_access_key_id": keys.access_key_id,
            "aws_secret_access_key": keys.secret_access_key,
            "aws_session_token": keys.session_token,
        }

    return session_of


def test_only_calls_of_a_role_are_concerned(order, client, error_of, sessions):
    order("throttle", caller="arn:aws:iam::*:role/write-*")
    reader, writer = (client("vpc-lattice", **sessions(role)) for role in ("read-services", "write-services"))
    reader.list_services()
    client("vpc-lattice").list_services()
    assert error_of(writer.list_services)["code"] == "ThrottlingException"


def test_a_call_that_iam_refuses_is_not_throttled(order, page, client, error_of, sessions):
    ec2 = client("ec2", **sessions("lattice-only"))
    order("throttle")
    assert error_of(ec2.describe_vpcs)["code"] == "UnauthorizedOperation"
    assert page("GET")[1]["faults"][0]["hits"] == 0


def test_a_throttled_call_is_in_the_call_log(order, endpoint, client, error_of):
    order("throttle", service="route53")
    error = error_of(client("route53").list_hosted_zones)
    logged = endpoint.calls.after()[-1]
    assert (logged.operation, logged.status, logged.error_code) == ("ListHostedZones", 400, "Throttling")
    assert logged.request_id == error["ResponseMetadata"]["RequestId"]


def test_latencies_slow_the_call_down_on_the_clock_of_the_stack(order, client):
    lattice = client("vpc-lattice")
    lattice.list_services()
    for _ in range(2):
        order("latency", milliseconds=10_000, service="vpc-lattice")
    began = time.monotonic()
    lattice.list_services()
    assert time.monotonic() - began >= clock.current().real_seconds(20)


def test_the_same_seed_decides_the_same_way(order, page, client, error_of):
    def outcomes():
        order("server-error", service="ec2", probability=0.5, seed=11)
        ec2, before = client("ec2"), []
        for _ in range(12):
            try:
                before.append(bool(ec2.describe_vpcs()))
            except ec2.exceptions.ClientError:
                before.append(False)
        page("DELETE")
        return before

    first = outcomes()
    assert first == outcomes()
    assert 0 < sum(first) < 12


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", "Client.RequestLimitExceeded"), ("server-error", "Server.InternalError")]
)
def test_cloudtrail_tells_of_a_failed_call_of_ec2(order, endpoint, client, error_of, kind, code):
    recorded = []
    trail = Trail(recorded.append)
    endpoint.on_completed(trail.observe)
    trail.start()
    order(kind, service="ec2")
    error_of(lambda: client("ec2").create_vpc(CidrBlock="10.2.0.0/16"))
    trail.stop()
    assert [event["detail"]["errorCode"] for event in recorded] == [code]
