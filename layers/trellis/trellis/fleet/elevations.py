"""Which clusters the bootstrap role may be an administrator of just now, so that somebody takes it back in any case.

The note is made before the rights are given and struck after they are taken. A run that dies in between leaves it, and
the sweep finds it: one query, however many clusters there are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION = "ELEVATED"


@dataclass(frozen=True)
class Elevation:
    """A run that made the bootstrap role an administrator, when (Unix time), and whether it is known to have ended."""

    cluster: str
    run: str
    since: float
    ended: bool


class Elevations:
    """The notes, one for each cluster; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def begin(self, cluster: str, run: str) -> None:
        """From now on the run counts as the one that has the rights."""
        note = {"run": {"S": run}, "since": {"N": str(int(self._clock()))}}
        self._dynamodb.put_item(TableName=self._table, Item={**_key(cluster), **note})

    def strike(self, cluster: str, run: str) -> None:
        """The run has given the rights back; the note of a later run stays."""
        _unless_replaced(self._dynamodb.delete_item, TableName=self._table, **_of(cluster, run))

    def set_ended(self, cluster: str, run: str) -> None:
        """The run will not give the rights back itself; the note of a later run stays as it is."""
        _unless_replaced(
            self._dynamodb.update_item,
            TableName=self._table,
            UpdateExpression="SET ended = :run",
            **_of(cluster, run),
        )

    def list(self) -> tuple[Elevation, ...]:
        """All notes."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _PARTITION}},
            ConsistentRead=True,
        )
        return tuple(
            Elevation(item["sk"]["S"], item["run"]["S"], float(item["since"]["N"]), "ended" in item)
            for page in pages
            for item in page["Items"]
        )


def _key(cluster: str) -> dict[str, Any]:
    return {"pk": {"S": _PARTITION}, "sk": {"S": cluster}}


def _of(cluster: str, run: str) -> dict[str, Any]:
    """The key, and the condition that the note is still the run's."""
    return {
        "Key": _key(cluster),
        "ConditionExpression": "#run = :run",
        "ExpressionAttributeNames": {"#run": "run"},
        "ExpressionAttributeValues": {":run": {"S": run}},
    }


def _unless_replaced(call: Callable[..., Any], **arguments: Any) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
