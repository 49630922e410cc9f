"""Reads what the judge decides on, for the versions and the time of one canary."""

from collections.abc import Sequence

from trellis.canary.evidence import Evidence, Series
from trellis.canary.request import CanaryRequest
from trellis.canary.state import Groups, Lease
from trellis.canary.strategy import Step
from trellis.resources import canary_evidence
from trellis.resources.canary_metrics import Subjects, read_series
from trellis.resources.metric_data import Period, UnreadableError
from trellis.runs.toolbox import Toolbox

_MINUTE = 60


def subjects_of(groups: Sequence[Groups], request: CanaryRequest) -> Subjects:
    """Whose metrics are read."""
    return Subjects(
        baseline=tuple(group.baseline for group in groups),
        canary=tuple(group.canary for group in groups),
        service=groups[0].service_id if groups else "",
        stat=request.analysis.checks.latency.stat,
    )


def read_evidence(tools: Toolbox, lease: Lease, request: CanaryRequest, step: Step) -> Evidence:
    """Everything that the judge reads, since the step's weights were verified."""
    progress, subjects = lease.progress, subjects_of(lease.progress.groups, request)
    since = progress.verified_at or progress.started_at
    captured: Series = ()
    if step.percent >= 100:
        captured = _captured(tools, subjects, Period(progress.started_at - step.bake_seconds, progress.started_at))
    period = Period(since - since % _MINUTE, tools.now())
    return canary_evidence.read_evidence(tools.clients, request, subjects, period, captured=captured)


def _captured(tools: Toolbox, subjects: Subjects, before: Period) -> Series:
    """The baseline before the canary: what a version without traffic is compared with. Without it there is nothing."""
    since = before.since - before.since % _MINUTE
    try:
        return read_series(tools.clients.cloudwatch, subjects, Period(since, before.until))[0]
    except UnreadableError:
        return ()
