"""Leases: one writer at a time for each resource that several runs may want to change.

A lease is a DynamoDB item. Its epoch grows with every holder and is never reset, so that a writer that was thought dead
can be told from its successor.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trellis.errors import LeaseHeldError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Leases:
    """Leases of `seconds`; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, seconds: int, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._seconds = seconds
        self._clock = clock

    @contextmanager
    def held(self, resource: str, holder: str) -> Iterator[int]:
        """Hold the lease of a resource and yield its epoch; raises LeaseHeldError when another holder has it.

        The same holder may take it again: a retried function finds its own lease.
        """
        epoch = self._acquire(resource, holder)
        try:
            yield epoch
        finally:
            self._release(resource, holder)

    def _acquire(self, resource: str, holder: str) -> int:
        now = int(self._clock())
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"LEASE#{resource}"}, "sk": {"S": "LEASE"}},
                UpdateExpression="SET holder = :holder, expires = :expires ADD epoch :one",
                ConditionExpression="attribute_not_exists(pk) OR expires <= :now OR holder = :holder",
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":expires": {"N": str(now + self._seconds)},
                    ":now": {"N": str(now)},
                    ":one": {"N": "1"},
                },
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise LeaseHeldError(f"{resource} is being worked on by another run") from error
            raise
        return int(answer["Attributes"]["epoch"]["N"])

    def _release(self, resource: str, holder: str) -> None:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"LEASE#{resource}"}, "sk": {"S": "LEASE"}},
                UpdateExpression="SET expires = :zero",
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":zero": {"N": "0"}, ":holder": {"S": holder}},
            )
        except ClientError as error:
            # Taken over meanwhile: the successor's lease must stay.
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
