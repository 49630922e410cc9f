"""Metric queries of an operator: their shape, and names that people take for metrics of VPC Lattice.

Shape: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trellis.canary.problems import Problem

NAMESPACE = "AWS/VpcLattice"

_ID = re.compile(r"^[a-z][A-Za-z0-9_]{0,254}$")
_MEMBERS = frozenset({"Id", "MetricStat", "Expression", "Label", "ReturnData", "Period", "AccountId"})
_LONGEST = 4096

_NO_METRICS = frozenset(
    {"RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime", "ResponseTime", "HealthyTargetCount"}
)
_NO_DIMENSIONS = frozenset({"ServiceName", "ServiceNetwork"})


def query_problems(queries: Sequence[Mapping[str, Any]], place: str) -> Iterator[Problem]:
    """What CloudWatch would refuse, or answer with nothing for ever."""
    for index, query in enumerate(queries):
        for told in _told(query):
            yield Problem("E_SCHEMA", f"{place}[{index}]", told)
    ids = [query.get("Id") for query in queries]
    if len({str(each) for each in ids}) != len(ids):
        yield Problem("E_SCHEMA", place, "each query needs an Id of its own")
    if sum(query.get("ReturnData", True) is True for query in queries) != 1:
        yield Problem("E_SCHEMA", place, "exactly one query must return data")


def _told(query: Mapping[str, Any]) -> Iterator[str]:
    if len(_text(query)) > _LONGEST:
        yield f"is longer than {_LONGEST} characters"
        return
    unknown = sorted(set(query) - _MEMBERS)
    if unknown:
        yield f"has unknown members: {', '.join(map(str, unknown))}"
    if not _ID.match(str(query.get("Id", ""))):
        yield "needs an Id that begins with a lower-case letter"
    if ("MetricStat" in query) == ("Expression" in query):
        yield "needs either MetricStat or Expression"
    elif "Expression" in query:
        if not isinstance(query["Expression"], str) or not query["Expression"]:
            yield "Expression must be a text"
    else:
        yield from _stat_told(query["MetricStat"])


def _stat_told(stat: Any) -> Iterator[str]:
    metric = stat.get("Metric") if isinstance(stat, Mapping) else None
    if not isinstance(metric, Mapping) or not {"Namespace", "MetricName"} <= metric.keys() or "Stat" not in stat:
        yield "MetricStat needs a Metric with Namespace and MetricName, and a Stat"
        return
    if stat.get("Period", 60) != 60:
        yield "Period must be 60 s, as the windows are minutes"
    if metric["Namespace"] != NAMESPACE:
        return
    if metric["MetricName"] in _NO_METRICS:
        yield f"{NAMESPACE} has no metric {metric['MetricName']}"
    dimensions = metric.get("Dimensions", ())
    for dimension in dimensions if isinstance(dimensions, Sequence) else ():
        if isinstance(dimension, Mapping) and dimension.get("Name") in _NO_DIMENSIONS:
            yield f"{NAMESPACE} has no dimension {dimension['Name']}"


def _text(query: Mapping[str, Any]) -> str:
    try:
        return json.dumps(query, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "x" * (_LONGEST + 1)
