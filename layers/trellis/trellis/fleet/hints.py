"""What CloudTrail told about other people's changes, kept for a day so that a report can say who did what and when."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Hint:
    """One call by `actor` at `time` (ISO 8601); `items` are the work items, `kind/name`, whose resources it touched.

    `repaired_by` is the run that undid it, empty as long as none has.
    """

    event_id: str
    call: str
    actor: str
    time: str
    items: frozenset[str]
    touched: frozenset[str]
    repaired_by: str = ""


class Hints:
    """Hints by cluster in DynamoDB; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def add(self, cluster: str, hint: Hint) -> None:
        """Keep a hint; the same event twice is one hint."""
        self._dynamodb.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": f"HINT#{cluster}"},
                "sk": {"S": f"{hint.time}#{hint.event_id}"},
                "call": {"S": hint.call},
                "actor": {"S": hint.actor},
                "work": {"SS": sorted(hint.items)},
                "touched": {"SS": sorted(hint.touched)},
                "ttl": {"N": str(int(self._clock()) + _KEPT_SECONDS)},
            },
        )

    def mark_repaired(self, cluster: str, hint: Hint, run: str) -> None:
        """Note that a run has undone what the hint tells of."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"pk": {"S": f"HINT#{cluster}"}, "sk": {"S": f"{hint.time}#{hint.event_id}"}},
            UpdateExpression="SET repaired_by = :run",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":run": {"S": run}},
        )

    def about(self, cluster: str, items: Collection[str]) -> tuple[Hint, ...]:
        """The hints of the last day about some work items, the oldest first."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"HINT#{cluster}"}},
        )
        now = self._clock()
        hints = [_hint(dict(item)) for page in pages for item in page["Items"] if float(item["ttl"]["N"]) > now]
        return tuple(hint for hint in hints if hint.items & frozenset(items))


def _hint(item: dict[str, Any]) -> Hint:
    time, _, event_id = item["sk"]["S"].partition("#")
    return Hint(
        event_id=event_id,
        call=item["call"]["S"],
        actor=item["actor"]["S"],
        time=time,
        items=frozenset(item["work"]["SS"]),
        touched=frozenset(item["touched"]["SS"]),
        repaired_by=item.get("repaired_by", {}).get("S", ""),
    )
