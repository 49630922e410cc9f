"""Reads the metrics of both versions of a canary from CloudWatch, for each target group by itself.

A minute is known when CloudWatch has its requests and its 5xx answers: VPC Lattice reports both, zeros too, from the
first traffic on (https://docs.aws.amazon.com/vpc-lattice/latest/ug/monitoring-cloudwatch.html). Where connections fail,
that alone makes a minute known, since it is not documented whether such requests are counted.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trellis.canary.evidence import Minute, Series
from trellis.canary.request_analysis import CustomMetric
from trellis.canary.request_queries import NAMESPACE
from trellis.resources.metric_data import Period, Query, UnreadableError, Values, metric_data

_REQUESTS, _SERVER_ERRORS, _CLIENT_ERRORS = "TotalRequestCount", "HTTPCode_5XX_Count", "HTTPCode_4XX_Count"
_ANSWERS = ("HTTPCode_2XX_Count", "HTTPCode_3XX_Count", _CLIENT_ERRORS, _SERVER_ERRORS)
_CONNECTION_ERRORS = ("ConnectionErrorCount", "ConnectionTimeoutCount", "TLSConnectionErrorCount")
_COUNTS = (_REQUESTS, *_ANSWERS, *_CONNECTION_ERRORS)
_LATENCY = "RequestTime"
_OF_GROUPS = ("${baselineTg}", "${canaryTg}")


@dataclass(frozen=True)
class Subjects:
    """Whose metrics: ids of the target groups of both versions, and of the service.

    `account` owns them, where that is another one than the function's; `stat` is the statistic of the latency.
    """

    baseline: tuple[str, ...]
    canary: tuple[str, ...]
    service: str = ""
    stat: str = "p99"
    account: str | None = None


def read_series(cloudwatch: Any, subjects: Subjects, period: Period) -> tuple[Series, Series]:
    """The minutes of baseline and canary; raises UnreadableError. One call for both."""
    groups = (*subjects.baseline, *subjects.canary)
    names = (*_COUNTS, _LATENCY)
    queries = [
        _query(f"g{number}m{at}", group, name, subjects)
        for number, group in enumerate(groups)
        for at, name in enumerate(names)
    ]
    found = metric_data(cloudwatch, queries, period)
    minutes = [
        tuple(_minutes({name: found[f"g{number}m{at}"] for at, name in enumerate(names)}))
        for number in range(len(groups))
    ]
    border = len(subjects.baseline)
    baseline, canary = minutes[:border], minutes[border:]
    return tuple(each for one in baseline for each in one), tuple(each for one in canary for each in one)


def read_custom(cloudwatch: Any, metric: CustomMetric, subjects: Subjects, period: Period) -> Values:
    """The values of a metric of the operator's own; raises UnreadableError."""
    text = json.dumps(metric.metric_data_queries)
    for name, value in _substitutes(subjects):
        text = text.replace(name, value)
    queries = [_with_period(query, subjects) for query in json.loads(text)]
    (values,) = metric_data(cloudwatch, queries, period).values()
    return values


def _substitutes(subjects: Subjects) -> Iterator[tuple[str, str]]:
    """A version with several target groups has no single id, so a query that asks for it cannot be answered."""
    for name, ids in zip(_OF_GROUPS, (subjects.baseline, subjects.canary), strict=True):
        if len(ids) == 1:
            yield name, ids[0]
    yield "${service}", subjects.service


def _with_period(query: dict[str, Any], subjects: Subjects) -> dict[str, Any]:
    if any(name in json.dumps(query) for name in _OF_GROUPS):
        raise UnreadableError(f"the query {query['Id']} asks for the target group of a version that has several")
    account = {"AccountId": subjects.account} if subjects.account else {}
    if "MetricStat" in query:
        return {**account, **query, "MetricStat": {"Period": 60, **query["MetricStat"]}}
    return {"Period": 60, **query}


def _query(query_id: str, group: str, name: str, subjects: Subjects) -> Query:
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": [{"Name": "TargetGroup", "Value": group}]}
    stat = subjects.stat if name == _LATENCY else "Sum"
    account = {"AccountId": subjects.account} if subjects.account else {}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}, **account}


def _minutes(found: Mapping[str, Values]) -> Iterator[Minute]:
    complete = found[_REQUESTS].keys() & found[_SERVER_ERRORS].keys()
    for start in sorted({start for name in _COUNTS for start in found[name]}):
        failures = sum(found[name].get(start, 0) for name in (_SERVER_ERRORS, *_CONNECTION_ERRORS))
        if start in complete or failures > 0:
            yield Minute(
                start,
                found[_REQUESTS].get(start, 0),
                failures,
                found[_CLIENT_ERRORS].get(start, 0),
                found[_LATENCY].get(start),
                sum(found[name].get(start, 0) for name in _ANSWERS),
            )
