"""Reads what a canary is judged by: metrics, alarms, and the health of targets.

A source that fails is named in the evidence and means nothing; that the others could be read still counts.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from trellis.canary.evidence import AlarmState, Evidence, Series, TargetCounts
from trellis.canary.request import CanaryRequest
from trellis.resources.canary_metrics import Subjects, read_custom, read_series
from trellis.resources.metric_data import Period, UnreadableError, Values, unreadable

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

T = TypeVar("T")

_STATUSES = {
    "HEALTHY": "healthy",
    "UNHEALTHY": "unhealthy",
    "INITIAL": "initial",
    "DRAINING": "draining",
    "UNAVAILABLE": "unavailable",
    "UNUSED": "unused",
}


class EvidenceClients(Protocol):
    """The AWS clients that evidence needs."""

    @property
    def lattice(self) -> "VPCLatticeClient":
        """Amazon VPC Lattice."""

    @property
    def cloudwatch(self) -> Any:
        """Amazon CloudWatch."""


def read_evidence(
    clients: EvidenceClients, request: CanaryRequest, subjects: Subjects, period: Period, *, captured: Series
) -> Evidence:
    """Everything that the judge looks at. `captured` are minutes of the baseline that were read before the canary."""
    reading = _Reading()
    nothing: tuple[Series, Series] = ((), ())
    baseline, canary = reading.of("metrics", lambda: read_series(clients.cloudwatch, subjects, period), nothing)
    custom: dict[str, Values] = {
        metric.name: reading.of("custom", partial(read_custom, clients.cloudwatch, metric, subjects, period), {})
        for metric in request.analysis.custom
    }
    sides = [
        reading.of("targets", partial(read_targets, clients.lattice, groups), TargetCounts())
        for groups in (subjects.baseline, subjects.canary)
    ]
    return Evidence(
        baseline=baseline,
        canary=canary,
        captured=captured,
        baseline_targets=sides[0],
        canary_targets=sides[1],
        alarms=reading.of("alarms", lambda: read_alarms(clients.cloudwatch, request.alarms.names), ()),
        custom=custom,
        unreadable=tuple(dict.fromkeys(reading.failed)),
        causes=tuple(reading.causes),
    )


def read_alarms(cloudwatch: Any, names: Sequence[str]) -> tuple[AlarmState, ...]:
    """The alarms of these names, of whatever type, in their order; raises UnreadableError."""
    if not names:
        return ()
    try:
        # Without AlarmTypes composite alarms are left out.
        answer = cloudwatch.describe_alarms(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100
        )
    except (ClientError, BotoCoreError) as error:
        raise unreadable(error) from error
    found = {alarm["AlarmName"]: alarm for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])}
    return tuple(_alarm(name, found.get(name)) for name in names)


def read_targets(lattice: "VPCLatticeClient", groups: Sequence[str]) -> TargetCounts:
    """The targets of target groups by status; raises UnreadableError."""
    try:
        pages = [
            page
            for group in groups
            for page in lattice.get_paginator("list_targets").paginate(targetGroupIdentifier=group)
        ]
    except (ClientError, BotoCoreError) as error:
        raise unreadable(error) from error
    counts = Counter(_STATUSES.get(target.get("status", ""), "unused") for page in pages for target in page["items"])
    return TargetCounts(**counts)


class _Reading:
    """Reads one source after the other; `failed` names those that could not be read, `causes` tells why."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.causes: list[str] = []

    def of(self, source: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except UnreadableError as error:
            self.failed.append(source)
            self.causes.append(f"{source}: {error}")
            return otherwise


def _alarm(name: str, found: Mapping[str, Any] | None) -> AlarmState:
    if found is None:
        return AlarmState(name, "MISSING")
    # The time of an update of the reason is no change of the state; old alarms lack the other one.
    changed = found.get("StateTransitionedTimestamp") or found["StateUpdatedTimestamp"]
    return AlarmState(name, found["StateValue"], changed.timestamp(), bool(found.get("ActionsEnabled", True)))
