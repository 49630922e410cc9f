"""Many items of the table written in few calls."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trellis.errors import ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BATCH = 25
"""Items that one BatchWriteItem takes."""


def put(item: dict[str, Any]) -> dict[str, Any]:
    """The request to write an item."""
    return {"PutRequest": {"Item": item}}


def delete(key: dict[str, Any]) -> dict[str, Any]:
    """The request to delete an item."""
    return {"DeleteRequest": {"Key": key}}


def write_all(dynamodb: "DynamoDBClient", table: str, requests: Sequence[Any]) -> None:
    """Write items in no order; raises ThrottledError when DynamoDB has not taken all of them."""
    for start in range(0, len(requests), _BATCH):
        answer = dynamodb.batch_write_item(RequestItems={table: list(requests[start : start + _BATCH])})
        left = sum(map(len, answer.get("UnprocessedItems", {}).values()))
        if left:
            raise ThrottledError(f"BatchWriteItem: DynamoDB has not taken {left} items")
