"""Tells of a drifted cluster: an event, a message, metrics.

Each is sent after the report is stored and before the run is remembered, so that a call that dies in between says it
again rather than never. What is said twice then names the same run and the same report; counts of metrics are added up
twice.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from trellis.errors import ServiceUnavailableError
from trellis.reporting.lines import Action
from trellis.reporting.messages import DETAIL_TYPE, SOURCE, Stored, counts, event_detail, subject, text
from trellis.runs.toolbox import Toolbox

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

NAMESPACE = "Trellis"

_VALUES = 150
"""Values that PutMetricData takes for one metric."""


def notify(tools: Toolbox, report: Mapping[str, Any], stored: Stored) -> None:
    """One event, one message and the metrics of a run that has found drift."""
    put_event(tools, DETAIL_TYPE, event_detail(report, stored))
    if tools.settings.drift_topic:
        tools.clients.sns.publish(
            TopicArn=tools.settings.drift_topic,
            Subject=subject(report),
            Message=text(report, stored),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": report[name]} for name in ("cluster", "status")
            },
        )
    tools.clients.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=_metrics(report))


def put_event(tools: Toolbox, kind: str, detail: Mapping[str, Any]) -> None:
    """Send an event of Trellis' own; raises ServiceUnavailableError when the bus does not take it."""
    answer = tools.clients.events.put_events(
        Entries=[{"Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail)}]
    )
    if answer["FailedEntryCount"]:
        failed = answer["Entries"][0]
        raise ServiceUnavailableError(f"PutEvents: {failed.get('ErrorCode')}: {failed.get('ErrorMessage')}")


def _metrics(report: Mapping[str, Any]) -> "list[MetricDatumTypeDef]":
    found = counts(report)
    shared: dict[str, Any] = {"Dimensions": [{"Name": "Cluster", "Value": report["cluster"]}]}
    if report["ended"]:
        shared["Timestamp"] = datetime.fromisoformat(report["ended"]).astimezone(UTC)
    numbers = {
        "DriftsFound": len(report["drifts"]),
        "DriftsRepaired": found[Action.REPAIRED],
        "DriftsRefused": found[Action.REFUSED],
    }
    metrics: list[dict[str, Any]] = [
        {"MetricName": name, "Value": number, "Unit": "Count", **shared} for name, number in numbers.items()
    ]
    ages = [line["age"] for line in report["drifts"] if line["age"] is not None][:_VALUES]
    if ages:
        metrics.append({"MetricName": "DriftAgeSeconds", "Values": ages, "Unit": "Seconds", **shared})
    return cast("list[MetricDatumTypeDef]", metrics)
