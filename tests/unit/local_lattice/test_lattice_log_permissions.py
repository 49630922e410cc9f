"""A subscription opens its destination for the log delivery service.

VPC Lattice User Guide, "Access log destinations"; CloudWatch Logs User Guide, "Enable logging from AWS services".
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

ACCOUNT, REGION = "111122223333", "us-west-2"
BUCKET = "arn:aws:s3:::opened-logs"
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:opened"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/opened"
SERVICE = {"Service": "delivery.logs.amazonaws.com"}
CONDITION = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
}


@pytest.fixture
def s3(mocked_aws: None) -> Iterator[Any]:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="opened-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield s3
    s3.delete_bucket(Bucket="opened-logs")


@pytest.fixture
def logs(mocked_aws: None) -> Iterator[Any]:
    logs = boto3.client("logs", REGION)
    for name in ("opened", "second"):
        logs.create_log_group(logGroupName=name)
    yield logs
    for name in ("opened", "second"):
        logs.delete_log_group(logGroupName=name)
    for policy in logs.describe_resource_policies()["resourcePolicies"]:
        logs.delete_resource_policy(policyName=policy["policyName"])


@pytest.fixture
def subscribe(client: Any, network_id: str) -> Callable[[str], dict[str, Any]]:
    """Log the requests of the network."""
    return lambda destination: client.create_access_log_subscription(
        resourceIdentifier=network_id, destinationArn=destination
    )


def bucket_statements(s3: Any) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(s3.get_bucket_policy(Bucket="opened-logs")["Policy"])["Statement"]
    return statements


def log_policies(logs: Any) -> dict[str, Any]:
    policies = logs.describe_resource_policies()["resourcePolicies"]
    return {policy["policyName"]: json.loads(policy["policyDocument"])["Statement"] for policy in policies}


@pytest.mark.parametrize(("prefix", "folder"), [("", ""), ("/lattice/prod", "lattice/prod/")])
def test_a_bucket_gets_a_policy_for_the_folder_of_the_account(s3, subscribe, prefix, folder):
    subscribe(BUCKET + prefix)
    write, check = bucket_statements(s3)
    owner_control = {"s3:x-amz-acl": "bucket-owner-full-control"}
    assert write == {
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": SERVICE,
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/{folder}AWSLogs/{ACCOUNT}/*",
        "Condition": {**CONDITION, "StringEquals": {**CONDITION["StringEquals"], **owner_control}},
    }
    assert (check["Action"], check["Resource"], check["Principal"]) == ("s3:GetBucketAcl", BUCKET, SERVICE)


def test_the_policy_that_a_bucket_has_is_kept_and_completed(s3, subscribe):
    own = {"Sid": "Mine", "Effect": "Allow", "Principal": SERVICE, "Action": "s3:Get*", "Resource": BUCKET}
    policy = {"Version": "2012-10-17", "Statement": own}
    s3.put_bucket_policy(Bucket="opened-logs", Policy=json.dumps(policy))
    subscribe(BUCKET)
    assert [statement["Sid"] for statement in bucket_statements(s3)] == ["Mine", "AWSLogDeliveryWrite"]


def test_a_policy_that_suffices_is_left_alone(s3, subscribe):
    own = {
        "Effect": "Allow",
        "Principal": SERVICE,
        "Action": ["s3:PutObject", "s3:GetBucketAcl"],
        "Resource": [BUCKET, f"{BUCKET}/*"],
    }
    s3.put_bucket_policy(Bucket="opened-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}))
    subscribe(BUCKET)
    assert bucket_statements(s3) == [own]


@pytest.mark.parametrize(
    "change", [{"Effect": "Deny"}, {"Principal": {"AWS": "*"}}, {"Action": "s3:GetObject"}, {"Resource": "arn:other"}]
)
def test_a_statement_that_does_not_let_the_service_write_does_not_suffice(s3, subscribe, change):
    own = {"Effect": "Allow", "Principal": SERVICE, "Action": "s3:*", "Resource": "*", **change}
    s3.put_bucket_policy(Bucket="opened-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}))
    subscribe(BUCKET)
    assert len(bucket_statements(s3)) == 3


def test_a_log_group_gets_a_resource_policy(logs, subscribe):
    subscribe(LOG_GROUP)
    assert log_policies(logs) == {
        "AWSLogDeliveryWrite20150319": [
            {
                "Sid": "AWSLogDeliveryWrite20150319",
                "Effect": "Allow",
                "Principal": SERVICE,
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": [f"{LOG_GROUP}:log-stream:*"],
                "Condition": CONDITION,
            }
        ]
    }


def test_further_log_groups_are_added_to_the_policy_once(client, logs, subscribe):
    key = {"accessLogSubscriptionIdentifier": subscribe(LOG_GROUP)["id"]}
    for name in ("second", "opened", "second"):
        client.update_access_log_subscription(**key, destinationArn=LOG_GROUP.replace("opened", name))
    (statement,) = log_policies(logs)["AWSLogDeliveryWrite20150319"]
    assert [arn.split(":")[6] for arn in statement["Resource"]] == ["opened", "second"]


def test_a_resource_policy_of_the_user_that_suffices_is_enough(logs, subscribe):
    own = {
        "Effect": "Allow",
        "Principal": SERVICE,
        "Action": "logs:*",
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    logs.put_resource_policy(policyName="mine", policyDocument=document)
    subscribe(LOG_GROUP)
    assert list(log_policies(logs)) == ["mine"]


def test_a_delivery_stream_gets_the_tag_that_lets_the_service_in(s3, subscribe):
    firehose = boto3.client("firehose", REGION)
    to_bucket = {"BucketARN": BUCKET, "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose"}
    firehose.create_delivery_stream(DeliveryStreamName="opened", ExtendedS3DestinationConfiguration=to_bucket)
    subscribe(STREAM)
    tags = firehose.list_tags_for_delivery_stream(DeliveryStreamName="opened")["Tags"]
    assert tags == [{"Key": "LogDeliveryEnabled", "Value": "true"}]
