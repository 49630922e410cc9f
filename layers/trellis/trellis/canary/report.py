"""What is told of a canary when it has ended: a document for programs, and Markdown for people.

The document is the output of the execution, the report in S3 and the detail of the event; its members are camel case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trellis.canary.evidence import Series
from trellis.canary.patch import Operation
from trellis.canary.verdict import Verdict
from trellis.canary.windows import Sample, Span, Timeline

Document = dict[str, Any]


class Result(StrEnum):
    """How a canary ended."""

    PROMOTED = "PROMOTED"
    ROLLED_BACK = "ROLLED_BACK"
    REJECTED = "REJECTED"
    DRY_RUN = "DRY_RUN"
    LEASE_LOST = "LEASE_LOST"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


@dataclass(frozen=True)
class Ending:
    """What is the same for the whole canary. Times are ISO 8601."""

    result: Result
    reason: str
    route: Mapping[str, str]
    started: str
    ended: str
    execution: str = ""
    requested_by: str = ""


@dataclass(frozen=True)
class Story:
    """What happened on the way: `steps` and `rollback` as `step_document` and `rollback_document` make them."""

    steps: Sequence[Document] = ()
    gates: Sequence[Mapping[str, Any]] = ()
    external_edits: Sequence[Mapping[str, Any]] = ()
    reasserts: int = 0
    rollback: Document | None = None
    git_patch: Sequence[Operation] = ()
    problems: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[Mapping[str, Any]] = ()
    cost: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class StepTimes:
    """When a step was written and carried by VPC Lattice, in ISO 8601, and how long that and the watching took."""

    patched: str
    verified: str
    verify_seconds: int
    baked_seconds: int
    extended_seconds: int = 0


def step_document(
    percent: float,
    times: StepTimes,
    *,
    desired: Mapping[str, Any],
    applied: Mapping[str, Any],
    verdicts: Sequence[Verdict],
) -> Document:
    """One step; of its verdicts the last tells how many requests there were."""
    last = verdicts[-1] if verdicts else None
    return {
        "percent": percent,
        "desired": desired,
        "applied": applied,
        "measuredSharePercent": None
        if last is None or last.measured_percent is None
        else round(last.measured_percent, 2),
        "patchedAt": times.patched,
        "verifiedAt": times.verified,
        "verifySeconds": times.verify_seconds,
        "bakedSeconds": times.baked_seconds,
        "extendedSeconds": times.extended_seconds,
        "requests": dict(last.requests) if last else {},
        "failures": dict(last.failures) if last else {},
        "verdicts": [verdict.document() for verdict in verdicts],
    }


def rollback_document(
    *, requested: str, verified: str | None, seconds: int, exposed: Sample, counted_until: str
) -> Document:
    """The way back, and how many requests the canary had got, as far as CloudWatch has them by `counted_until`."""
    return {
        "requestedAt": requested,
        "verifiedAt": verified,
        "seconds": seconds,
        "usersExposedRequests": exposed.requests,
        "failedCanaryRequests": exposed.failures,
        "countedUntil": counted_until,
    }


def exposure(canary: Series, span: Span) -> Sample:
    """What the canary got in all, also while steps settled."""
    return Timeline(canary).sample(span)


def report_document(ending: Ending, story: Story) -> Document:
    """The whole report."""
    return {
        "result": ending.result.value,
        "reasonCode": ending.reason,
        "execution": ending.execution,
        "requestedBy": ending.requested_by,
        "route": dict(ending.route),
        "startedAt": ending.started,
        "endedAt": ending.ended,
        "steps": list(story.steps),
        "gates": list(story.gates),
        "externalEdits": list(story.external_edits),
        "reasserts": story.reasserts,
        "rollback": story.rollback,
        "gitPatch": patch_text(story.git_patch),
        "cost": dict(story.cost),
        "problems": list(story.problems),
        "warnings": list(story.warnings),
    }


def patch_text(operations: Sequence[Operation]) -> str:
    """The patch as YAML, as kustomize takes it."""
    return "".join(f"- op: {each['op']}\n  path: {each['path']}\n  value: {each['value']}\n" for each in operations)
