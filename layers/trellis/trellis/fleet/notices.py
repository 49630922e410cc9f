"""What has been said once and is not to be said again, such as that a certificate expires soon."""

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT_SECONDS = 90 * 24 * 3600
"""Longer than anything is said about one certificate; what is still so after that may be said again."""


class Notices:
    """Notices by cluster in DynamoDB; `clock` gives Unix time in seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def is_new(self, cluster: str, notice: str) -> bool:
        """Whether it has not been said."""
        key = _key(cluster, notice)
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return item is None or float(item["ttl"]["N"]) <= self._clock()

    def said(self, cluster: str, notice: str) -> None:
        """Remember that it has been said."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(cluster, notice),
            UpdateExpression="SET #ttl = :ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":ttl": {"N": str(int(self._clock()) + _KEPT_SECONDS)}},
        )


def _key(cluster: str, notice: str) -> dict[str, Any]:
    return {"pk": {"S": f"NOTICE#{cluster}"}, "sk": {"S": sha256(notice.encode()).hexdigest()}}
