"""Checks of a cluster that events have asked for, brought together: a burst of events leads to a few runs.

The first event starts a run; those that come before the run begins to read join it; those that come later start one
more, which waits until `spacing` seconds after the last one began. With 5 seconds between two runs, ten seconds of
events lead to three runs, however many events there are.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 24 * 3600

_GRACE_SECONDS = 60
"""Seconds after its delay until a run that has not begun is given up, so that the next event starts another."""


@dataclass(frozen=True)
class Requested:
    """What a request for a check led to: a run to be started after `delay` seconds, or none because one is waiting."""

    starts: bool
    delay: int = 0


class CheckRequests:
    """Requests by cluster in DynamoDB; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, spacing: int, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._spacing = spacing
        self._clock = clock

    def request(self, cluster: str, items: Collection[str], *, run: str) -> Requested:
        """Ask for a check of some work items; `run` is the name of the execution that would do it.

        Asking twice for the same run says twice that it is to be started.
        """
        while True:
            answer = self._lead(cluster, items, run)
            if answer is not None:
                return answer
            if self._join(cluster, items):
                return Requested(starts=False)

    def take(self, cluster: str) -> frozenset[str]:
        """Begin a run: the work items that were asked for. Requests from now on start another run."""
        answer = self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(cluster),
            UpdateExpression="SET began = :now, #ttl = :ttl REMOVE waiting, expires, requested",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":now": {"N": str(self._clock())}, ":ttl": self._ttl()},
            ReturnValues="ALL_OLD",
        )
        return frozenset(answer.get("Attributes", {}).get("requested", {}).get("SS", ()))

    def take_if_any(self, cluster: str) -> frozenset[str]:
        """As `take`, but nothing is written when nothing was asked for."""
        item = self._dynamodb.get_item(TableName=self._table, Key=_key(cluster), ConsistentRead=True).get("Item", {})
        return self.take(cluster) if "requested" in item else frozenset()

    def _lead(self, cluster: str, items: Collection[str], run: str) -> Requested | None:
        now = self._clock()
        answer = self._update(
            cluster,
            UpdateExpression="SET waiting = :run, expires = :expires, #ttl = :ttl ADD requested :items",
            ConditionExpression="attribute_not_exists(waiting) OR expires < :now OR waiting = :run",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={
                ":ttl": self._ttl(),
                ":run": {"S": run},
                ":expires": {"N": str(int(now) + self._spacing + _GRACE_SECONDS)},
                ":now": {"N": str(int(now))},
                ":items": {"SS": sorted(items)},
            },
        )
        if answer is None:
            return None
        began = float(answer.get("began", {}).get("N", "0"))
        return Requested(starts=True, delay=max(0, round(began + self._spacing - now)))

    def _ttl(self) -> Any:
        """When an item that nobody has touched since may go."""
        return {"N": str(int(self._clock()) + _KEPT_SECONDS)}

    def _join(self, cluster: str, items: Collection[str]) -> bool:
        answer = self._update(
            cluster,
            UpdateExpression="ADD requested :items",
            ConditionExpression="attribute_exists(waiting)",
            ExpressionAttributeValues={":items": {"SS": sorted(items)}},
        )
        return answer is not None

    def _update(self, cluster: str, **update: Any) -> dict[str, Any] | None:
        """The item's attributes after an update; None when its condition did not hold."""
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table, Key=_key(cluster), ReturnValues="ALL_NEW", **update
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return dict(answer.get("Attributes", {}))


def _key(cluster: str) -> dict[str, Any]:
    return {"pk": {"S": f"CHECK#{cluster}"}, "sk": {"S": "CHECK"}}
