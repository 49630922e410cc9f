import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]


@pytest.fixture
def bucket(admin: Client) -> str:
    name = f"documents-{uuid.uuid4()}"
    admin("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    return name


def deny(admin: Client, bucket: str, condition: dict[str, Any]) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": condition,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    admin("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def test_a_policy_that_asks_for_tls_lets_callers_of_the_stack_in(admin: Client, bucket: str) -> None:
    deny(admin, bucket, {"Bool": {"aws:SecureTransport": False}})
    admin("s3").put_object(Bucket=bucket, Key="a", Body=b"a")
    assert admin("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"a"


def test_a_denial_whose_condition_holds_denies(admin: Client, bucket: str) -> None:
    admin("s3").put_object(Bucket=bucket, Key="a", Body=b"a")
    deny(admin, bucket, {"Bool": {"aws:SecureTransport": True}})
    with pytest.raises(ClientError, match="403"):
        admin("s3").get_object(Bucket=bucket, Key="a")
