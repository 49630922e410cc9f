"""Values of CloudWatch metrics by minute, or an error: half an answer is none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis.canary.evidence import MINUTE
from trellis.resources.service_errors import code_of, message_of

Query = Mapping[str, Any]
Values = dict[int, float]
"""Values by the begin of their minute in Unix seconds."""

_QUERIES_PER_CALL = 500
_MOST_PAGES = 100
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class UnreadableError(Exception):
    """A source of evidence gave no complete answer; nothing may be concluded from that."""


class ForbiddenError(UnreadableError):
    """It never will, before somebody grants a permission."""


@dataclass(frozen=True)
class Period:
    """From `since` until before `until`, in Unix seconds."""

    since: float
    until: float


def metric_data(cloudwatch: Any, queries: Sequence[Query], period: Period) -> dict[str, Values]:
    """The values of each query by its Id; raises UnreadableError or ForbiddenError."""
    found: dict[str, Values] = {}
    for at in range(0, len(queries), _QUERIES_PER_CALL):
        answer = _Answer()
        for result in _results(cloudwatch, queries[at : at + _QUERIES_PER_CALL], period):
            answer.add(result)
        found |= answer.values(_returned(queries[at : at + _QUERIES_PER_CALL]))
    return found


class _Answer:
    """The pages of one answer. A query may be partial on one page and complete on a later one."""

    def __init__(self) -> None:
        self._values: dict[str, Values] = {}
        self._statuses: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    def add(self, result: Mapping[str, Any]) -> None:
        query = result["Id"]
        if self._labels.setdefault(query, result.get("Label", "")) != result.get("Label", ""):
            raise UnreadableError(f"{query} returns several series; put them together in one expression")
        self._statuses[query] = result["StatusCode"]
        self._values.setdefault(query, {}).update(_values(result))

    def values(self, wanted: Sequence[str]) -> dict[str, Values]:
        """The values of the queries if all of them are complete."""
        bad = {query: status for query in wanted if (status := self._statuses.get(query, "absent")) != "Complete"}
        if bad:
            told = ", ".join(f"{query}: {status}" for query, status in sorted(bad.items()))
            raise ForbiddenError(told) if "Forbidden" in bad.values() else UnreadableError(told)
        return {query: self._values[query] for query in wanted}


def unreadable(error: Exception) -> UnreadableError:
    """What an error of the AWS SDK means for the evidence."""
    if isinstance(error, ClientError):
        told = f"{code_of(error)}: {message_of(error)}"
        return ForbiddenError(told) if code_of(error) in _DENIED else UnreadableError(told)
    return UnreadableError(str(error))


def _results(cloudwatch: Any, queries: Sequence[Query], period: Period) -> Iterator[Mapping[str, Any]]:
    request = {
        "MetricDataQueries": list(queries),
        "StartTime": datetime.fromtimestamp(period.since, UTC),
        "EndTime": datetime.fromtimestamp(period.until, UTC),
        "ScanBy": "TimestampAscending",
    }
    for _ in range(_MOST_PAGES):
        try:
            page = cloudwatch.get_metric_data(**request)
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error) from error
        yield from page["MetricDataResults"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]
    raise UnreadableError(f"CloudWatch still has more after {_MOST_PAGES} pages")


def _values(result: Mapping[str, Any]) -> Values:
    pairs = zip(result["Timestamps"], result["Values"], strict=True)
    return {int(when.timestamp() // MINUTE) * MINUTE: float(value) for when, value in pairs if isfinite(value)}


def _returned(queries: Sequence[Query]) -> list[str]:
    return [str(query["Id"]) for query in queries if query.get("ReturnData", True)]
