"""A world for each test, with the leases in moto's DynamoDB."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from canary_execution import Execution
from canary_leases import create_table
from canary_sequences import Tally
from canary_world import World, world
from moto import mock_aws

_TALLY = pytest.StashKey[Tally]()


@pytest.fixture(scope="session")
def interleavings(pytestconfig: pytest.Config) -> Tally:
    """What all sequences have done, which is said at the end."""
    return pytestconfig.stash.setdefault(_TALLY, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _TALLY in config.stash:
        terminalreporter.write_line(f"interleavings of canaries: {config.stash[_TALLY]}")


@pytest.fixture(scope="module")  # within a longer one, another module's moto would not begin empty
def moto_dynamodb() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.client("dynamodb", region_name="us-west-2")


@pytest.fixture
def dynamodb(moto_dynamodb: Any) -> Iterator[Any]:
    create_table(moto_dynamodb)
    yield moto_dynamodb
    moto_dynamodb.delete_table(TableName="fleet")


@pytest.fixture
def it(dynamodb: Any) -> Iterator[World]:
    with world(dynamodb) as made:
        yield made


@pytest.fixture
def canary(it: World) -> Execution:
    """An execution that has not begun."""
    return Execution(it, "orders-1")
