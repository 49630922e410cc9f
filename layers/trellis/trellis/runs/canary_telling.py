"""Tells of a canary: events on the bus, and metrics with the dimensions Cluster and Route, a few also without any.

An event is sent after what it tells of has happened. A call that dies in between may leave one out, or when it is
repeated tell of it again: what counts stands in the lease, and in the report.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis.canary.names import FLEET_WIDE, Event, Metric
from trellis.canary.request import CanaryRequest
from trellis.canary.state import Lease
from trellis.errors import ServiceUnavailableError
from trellis.observability import logger
from trellis.reporting.messages import SOURCE
from trellis.runs.notifying import NAMESPACE
from trellis.runs.toolbox import Toolbox

_LONGEST_SUBJECT = 100
"""Characters that SNS takes."""

_UNITS = {Metric.CANARY_WEIGHT: "Percent", Metric.MEASURED_SHARE: "Percent"}


def tell(tools: Toolbox, lease: Lease, what: Event, detail: Mapping[str, Any] | None = None) -> None:
    """One event of type `Canary.<what>`; raises ServiceUnavailableError when the bus did not take it."""
    key = lease.key
    common = {
        "cluster": key.cluster,
        "route": {"kind": key.kind, "namespace": key.namespace, "name": key.name},
        "canary": lease.progress.canary,
        "execution": lease.execution,
        "epoch": lease.epoch,
        "phase": lease.phase,
        "step": lease.progress.step,
    }
    text = json.dumps({**common, **(detail or {})})
    answer = tools.clients.events.put_events(
        Entries=[{"Source": SOURCE, "DetailType": f"Canary.{what}", "Detail": text}]
    )
    if answer["FailedEntryCount"]:
        refused = answer["Entries"][0]
        raise ServiceUnavailableError(f"PutEvents: {refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")


def notify(tools: Toolbox, lease: Lease, request: CanaryRequest, words: str) -> None:
    """A message to each of the operator's own topics; one that does not take it is logged, and changes nothing."""
    key = lease.key
    subject = f"Canary of {key.namespace}/{key.name}: {words.partition(':')[0]}"[:_LONGEST_SUBJECT]
    text = f"{words}\n\nCluster {key.cluster}, HTTPRoute {key.namespace}/{key.name}, {lease.execution}\n"
    for topic in request.notify:
        try:
            tools.clients.sns.publish(TopicArn=topic, Subject=subject, Message=text)
        except (ClientError, BotoCoreError):
            logger.exception("a topic was not told of a canary", topic=topic)


def measure(tools: Toolbox, lease: Lease, numbers: Mapping[Metric, float]) -> None:
    """Metrics of this moment; seconds by their name, else counts."""
    key = lease.key
    dimensions = [
        {"Name": "Cluster", "Value": key.cluster},
        {"Name": "Route", "Value": f"{key.namespace}/{key.name}"},
    ]
    at = datetime.fromtimestamp(tools.now(), UTC)
    plain: list[Any] = [
        {"MetricName": name.value, "Value": value, "Unit": _unit(name), "Timestamp": at}
        for name, value in numbers.items()
    ]
    data: list[Any] = [{**datum, "Dimensions": dimensions} for datum in plain]
    data += [datum for datum in plain if datum["MetricName"] in FLEET_WIDE]
    tools.clients.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)


def moment(seconds: float) -> str:
    """A Unix time as reports write it; empty for 0."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else ""


def _unit(name: Metric) -> str:
    return "Seconds" if name.endswith("Seconds") else _UNITS.get(name, "Count")
