"""A world for each test, with the leases in moto's DynamoDB."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from canary_execution import Execution
from canary_world import World, world
from moto import mock_aws


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-west-2")
        keys = ("pk", "sk")
        client.create_table(
            TableName="fleet",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield client


@pytest.fixture
def it(dynamodb: Any) -> Iterator[World]:
    with world(dynamodb) as made:
        yield made


@pytest.fixture
def canary(it: World) -> Execution:
    """An execution that has not begun."""
    return Execution(it, "orders-1")
