"""What runs have changed, kept for a day: how a resource is found that somebody else keeps changing back."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trellis.planning.contest import Repair

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 24 * 3600

_REPAIRS_PER_ITEM = 200
"""A run that changed more is written as several items: DynamoDB takes 400 KB in one."""


class Repairs:
    """Repairs by cluster in DynamoDB; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def note(self, cluster: str, run: str, repairs: Sequence[Repair]) -> None:
        """Keep what one run has changed; noting it again replaces it."""
        for start in range(0, len(repairs), _REPAIRS_PER_ITEM):
            part = repairs[start : start + _REPAIRS_PER_ITEM]
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"REPAIRED#{cluster}"}, "sk": {"S": f"{run}#{start}"}},
                UpdateExpression="SET repairs = :repairs, #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":repairs": {"S": json.dumps([_raw(repair) for repair in part], separators=(",", ":"))},
                    ":ttl": {"N": str(int(self._clock()) + _KEPT_SECONDS)},
                },
            )

    def of(self, cluster: str) -> tuple[Repair, ...]:
        """What was changed within the last day, in no order."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"REPAIRED#{cluster}"}},
        )
        now = self._clock()
        items = [dict(item) for page in pages for item in page["Items"] if float(item["ttl"]["N"]) > now]
        return tuple(_repair(item["sk"]["S"], raw) for item in items for raw in json.loads(item["repairs"]["S"]))


def _raw(repair: Repair) -> list[Any]:
    return [repair.time, repair.item, repair.wanted, sorted(repair.subjects), repair.told]


def _repair(sort_key: str, raw: Sequence[Any]) -> Repair:
    time, item, wanted, subjects, told = raw
    return Repair(sort_key.rpartition("#")[0], time, item, wanted, frozenset(subjects), told)
