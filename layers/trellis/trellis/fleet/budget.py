"""How many calls of an AWS API all functions together may make in a second.

One DynamoDB item for each API holds the time up to which calls have been given out. A function that wants to make some
takes the next ones in a batch, by moving that time, and makes each call when its time has come. Nobody saves calls up:
time that nobody has taken is lost. All clients are of the account and region of the table, so an API's name is enough.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trellis.errors import ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Budget:
    """Reservations of calls; `clock` gives Unix seconds."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, *, clock: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock

    def reserve(self, api: str, *, seconds: float, longest_wait: float) -> float:
        """Take the next so many seconds of an API's time, and return the Unix time at which they begin.

        Raises ThrottledError, and takes nothing, when they would begin later than `longest_wait` seconds from now.
        """
        now, length = round(self._clock() * 1000), max(1, round(seconds * 1000))
        if self._begin(api, now, length):
            return now / 1000
        end = self._queue(api, now, length, latest=now + round(longest_wait * 1000))
        if end is None:
            raise ThrottledError(f"the calls of {api} for the next {longest_wait:.0f} s are taken by other functions")
        return (end - length) / 1000

    def _begin(self, api: str, now: int, length: int) -> bool:
        """Take the time from now on, if nobody has taken it."""
        return (
            self._update(
                api,
                UpdateExpression="SET taken = :end",
                ConditionExpression="attribute_not_exists(taken) OR taken <= :now",
                ExpressionAttributeValues={":end": {"N": str(now + length)}, ":now": {"N": str(now)}},
            )
            is not None
        )

    def _queue(self, api: str, now: int, length: int, *, latest: int) -> int | None:
        """Take the time after what others have taken."""
        return self._update(
            api,
            UpdateExpression="ADD taken :length",
            ConditionExpression="taken > :now AND taken <= :latest",
            ExpressionAttributeValues={
                ":length": {"N": str(length)},
                ":now": {"N": str(now)},
                ":latest": {"N": str(latest)},
            },
        )

    def _update(self, api: str, **expressions: Any) -> int | None:
        """Up to when calls are taken now; None when the condition does not hold."""
        key: dict[str, Any] = {"pk": {"S": f"BUDGET#{api}"}, "sk": {"S": "BUDGET"}}
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table, Key=key, ReturnValues="UPDATED_NEW", **expressions
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return int(answer["Attributes"]["taken"]["N"])
