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
    found: dict[str, Values] = {str(query["Id"]): {} for query in queries if query.get("ReturnData", True)}
    for at in range(0, len(queries), _QUERIES_PER_CALL):
        statuses: dict[str, str] = {}
        for result in _results(cloudwatch, queries[at : at + _QUERIES_PER_CALL], period):
            statuses[result["Id"]] = result["StatusCode"]
            found.setdefault(result["Id"], {}).update(_values(result))
        _check(statuses)
    return found


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
    """moto has no percentiles and answers with nothing in their place; CloudWatch leaves such points out."""
    pairs = zip(result["Timestamps"], result["Values"], strict=True)
    return {
        int(when.timestamp() // MINUTE) * MINUTE: float(value)
        for when, value in pairs
        if value is not None and isfinite(value)
    }


def _check(statuses: Mapping[str, str]) -> None:
    """A query may be partial on one page and complete on a later one; its last status counts."""
    bad = {query: status for query, status in statuses.items() if status != "Complete"}
    if not bad:
        return
    told = ", ".join(f"{query}: {status}" for query, status in sorted(bad.items()))
    raise ForbiddenError(told) if "Forbidden" in bad.values() else UnreadableError(told)
