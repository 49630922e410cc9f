"""Leases: one writer at a time for each resource that several runs may want to change.

A lease is a DynamoDB item. Its epoch grows with every holder and is never reset, so that a writer that was thought dead
can be told from its successor. It also remembers the latest reading of a cluster that somebody has worked by: a run
that has read the cluster before that, and comes later, would put back what was changed in between.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from trellis.errors import LeaseHeldError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class OutdatedReadingError(Exception):
    """Somebody has worked on the resource by a later reading of the cluster than the one who asks for it."""


class Leases:
    """Leases of `seconds`; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, seconds: int, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._seconds = seconds
        self._clock = clock

    @contextmanager
    def held(self, resource: str, holder: str, *, read_at: int | None = None) -> Iterator[int]:
        """Hold the lease of a resource and yield its epoch; raises LeaseHeldError when another holder has it.

        The same holder may take it again: a retried function finds its own lease. `read_at` says when the holder has
        begun to read what the resource should be, in Unix milliseconds; raises OutdatedReadingError when one with a
        later reading has held the lease and is not at work any more.
        """
        epoch = self._acquire(resource, holder, read_at)
        try:
            yield epoch
        finally:
            self._release(resource, holder)

    def _acquire(self, resource: str, holder: str, read_at: int | None) -> int:
        now = int(self._clock())
        update = "SET holder = :holder, expires = :expires"
        condition = "(attribute_not_exists(pk) OR expires <= :now OR holder = :holder)"
        values: dict[str, AttributeValueTypeDef] = {
            ":holder": {"S": holder},
            ":expires": {"N": str(now + self._seconds)},
            ":now": {"N": str(now)},
            ":one": {"N": "1"},
        }
        if read_at is not None:
            update += ", readAt = :readAt"
            condition += " AND (attribute_not_exists(readAt) OR readAt <= :readAt)"
            values[":readAt"] = {"N": str(read_at)}
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"LEASE#{resource}"}, "sk": {"S": "LEASE"}},
                UpdateExpression=f"{update} ADD epoch :one",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            item: dict[str, AttributeValueTypeDef] = cast(Any, error.response).get("Item", {})
            latest = int(item["readAt"]["N"]) if "readAt" in item else 0
            is_held = bool(item) and int(item["expires"]["N"]) > now and item["holder"]["S"] != holder
            if is_held or read_at is None or latest <= read_at:
                raise LeaseHeldError(f"{resource} is being worked on by another run") from error
            raise OutdatedReadingError(f"{resource} was worked on by a later reading") from error
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
