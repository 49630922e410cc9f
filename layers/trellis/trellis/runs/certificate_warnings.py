"""Tells of the certificates in use: days left as a metric at each check, and a warning once for each step.

Each is sent before it is remembered, so that a call that dies in between says it again rather than never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trellis.reporting.certificates import (
    DETAIL_TYPE,
    CertificateInUse,
    https_lines,
    in_use,
    report_line,
    subject,
    text,
)
from trellis.runs.notifying import NAMESPACE, put_event
from trellis.runs.toolbox import Toolbox

_METRICS = 1000
"""Metrics that one call of PutMetricData takes."""


@dataclass(frozen=True)
class Warned:
    """The report lines of the certificates that need somebody, and how many were told of for the first time.

    `https` are the lines of all hostnames that are served with HTTPS.
    """

    lines: tuple[dict[str, Any], ...] = ()
    https: tuple[dict[str, Any], ...] = ()
    news: int = 0


def warn(tools: Toolbox, plan: Mapping[str, Any], *, run: str) -> Warned:
    """Tell of the certificates of a plan; nothing is read or sent where there are none."""
    lines = plan.get("certificates", ())
    if not lines:
        return Warned()
    now, warn_days = datetime.fromtimestamp(tools.now(), UTC), tools.settings.certificate_warning_days
    found = in_use(lines, now=now, warn_days=warn_days)
    _put_metrics(tools, plan["cluster"], found, now)
    told = [one for one in found if one.is_told]
    new = [one for one in told if tools.notices.is_new(plan["cluster"], one.key)]
    for one in new:
        _notify(tools, plan["cluster"], one, run)
        tools.notices.said(plan["cluster"], one.key)
    return Warned(tuple(map(report_line, told)), tuple(https_lines(lines, now=now, warn_days=warn_days)), len(new))


def _put_metrics(tools: Toolbox, cluster: str, found: Sequence[CertificateInUse], now: datetime) -> None:
    data: list[Any] = [
        {
            "MetricName": "CertificateDaysLeft",
            "Dimensions": [
                {"Name": "Cluster", "Value": cluster},
                {"Name": "Certificate", "Value": one.arn.rpartition("/")[2]},
            ],
            "Value": max(0, one.days_left),
            "Unit": "Count",
            "Timestamp": now,
        }
        for one in found
        if one.days_left is not None
    ]
    for start in range(0, len(data), _METRICS):
        tools.clients.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + _METRICS])


def _notify(tools: Toolbox, cluster: str, one: CertificateInUse, run: str) -> None:
    put_event(tools, DETAIL_TYPE, {"cluster": cluster, "run": run, **report_line(one)})
    if tools.settings.drift_topic:
        tools.clients.sns.publish(
            TopicArn=tools.settings.drift_topic,
            Subject=subject(one, cluster),
            Message=text(one, cluster),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in (("cluster", cluster), ("status", one.state))
            },
        )
