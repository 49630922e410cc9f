"""How far a route's last canary is, for people: its steps, the weights asked and measured, both versions, time left.

What is counted is counted since the weights of the step were verified, as far as CloudWatch has it by now.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.canary.evidence import Evidence, Series, TargetCounts
from trellis.canary.report import result_of
from trellis.canary.request import CanaryRequest
from trellis.canary.state import CanaryKey, Lease, Next, Progress
from trellis.canary.strategy import Step, seconds_left
from trellis.canary.windows import Sample, Span, Timeline
from trellis.errors import InvalidInputError
from trellis.runs.canary_calls import request_of, steps
from trellis.runs.canary_reading import read_evidence
from trellis.runs.canary_telling import moment
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

_UNBEGUN = Step(-1, 0.0, 0)


class StatusRequest(BaseModel):
    """Whose canary is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: ClusterName
    namespace: str
    name: str


def status(tools: Toolbox, request: StatusRequest) -> dict[str, Any]:
    """The status; raises InvalidInputError when the route never had a canary."""
    key = CanaryKey(request.cluster, request.namespace, request.name)
    lease = tools.canaries.find(key)
    if lease is None:
        raise InvalidInputError(f"there has been no canary for {key}")
    asked = request_of(tools, lease.progress)
    planned = steps(asked)
    step = planned[lease.progress.step] if lease.progress.step >= 0 else _UNBEGUN
    evidence = read_evidence(tools, lease, asked, step)
    return {
        **_identity(lease),
        **_time(tools, lease, planned),
        **_traffic(lease, asked, evidence, now=tools.now()),
        "percent": step.percent,
        "steps": list(_steps(lease.progress, planned, now=tools.now())),
        "gate": {"before": lease.gate.before, "openedAt": moment(lease.gate.opened_at)} if lease.gate else None,
        "asking": lease.progress.hooks_due[0] if lease.progress.next == Next.HOOK and lease.progress.hooks_due else "",
        "drifted": lease.progress.drifted and not result_of(lease),
        "command": {"name": lease.command.name, "author": lease.command.author} if lease.command else None,
        "notes": [str(note["message"]) for note in lease.progress.notes if note.get("message")],
        "bucket": tools.settings.bucket,
    }


def _identity(lease: Lease) -> dict[str, Any]:
    key = lease.key
    return {
        "cluster": key.cluster,
        "route": {"kind": key.kind, "namespace": key.namespace, "name": key.name},
        "canary": lease.progress.canary,
        "execution": lease.execution,
        "epoch": lease.epoch,
        "phase": lease.phase,
        "result": result_of(lease),
        "reason": lease.progress.reason,
    }


def _time(tools: Toolbox, lease: Lease, planned: tuple[Step, ...]) -> dict[str, Any]:
    progress = lease.progress
    now = tools.now()
    left = 0
    if not result_of(lease):
        left = seconds_left(planned, max(0, progress.step), _baked(progress, now=now))
    return {
        "now": moment(now),
        "startedAt": moment(progress.started_at),
        "deadline": moment(progress.deadline_at),
        "secondsLeft": left,
    }


def _steps(progress: Progress, planned: tuple[Step, ...], *, now: float) -> Iterator[dict[str, Any]]:
    known = {line["percent"]: line for line in progress.steps}
    for step in planned:
        line = known.get(step.percent, {})
        state = "done" if step.index < progress.step else "now" if step.index == progress.step else "next"
        baked = _baked(progress, now=now) if state == "now" else line.get("bakedSeconds", 0)
        yield {
            "index": step.index,
            "percent": step.percent,
            "state": state,
            "bakeSeconds": step.bake_seconds,
            "bakedSeconds": baked,
            "measuredPercent": line.get("measuredSharePercent"),
        }


def _baked(progress: Progress, *, now: float) -> int:
    return int(now - progress.verified_at) if progress.verified_at and progress.step >= 0 else 0


def _traffic(lease: Lease, asked: CanaryRequest, evidence: Evidence, *, now: float) -> dict[str, Any]:
    since = int(lease.progress.verified_at or lease.progress.started_at)
    span = Span(since - since % 60, int(now) + 1)
    baseline, canary = (_sample(series, span) for series in (evidence.baseline, evidence.canary))
    total = baseline.requests + canary.requests
    return {
        "measuredPercent": round(100 * canary.requests / total, 1) if total else None,
        "baselineVersion": _version(asked.baseline.name, baseline, evidence.baseline_targets),
        "canaryVersion": _version(asked.canary.name, canary, evidence.canary_targets),
        "alarms": {alarm.name: alarm.state for alarm in evidence.alarms},
        "unreadable": list(evidence.unreadable),
    }


def _sample(series: Series, span: Span) -> Sample:
    return Timeline(series).sample(span)


def _version(name: str, sample: Sample, targets: TargetCounts) -> dict[str, Any]:
    return {
        "name": name,
        "requests": sample.requests,
        "failures": sample.failures,
        "errorPercent": round(sample.error_percent, 2) if sample.requests else None,
        "targets": {state: count for state, count in asdict(targets).items() if count},
    }
