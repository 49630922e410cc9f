"""What is told of a canary when it has ended: a document for programs, and Markdown for people.

The document is the output of the execution, the report in S3 and the detail of the event; its members are camel case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trellis.canary.evidence import Series
from trellis.canary.patch import Operation
from trellis.canary.state import Lease, Phase
from trellis.canary.verdict import Verdict
from trellis.canary.windows import Sample, Span, Timeline

Document = dict[str, Any]

UNBEGUN_STEP: Mapping[str, Any] = {
    "percent": 0,
    "desired": {},
    "applied": {},
    "measuredSharePercent": None,
    "patchedAt": "",
    "verifiedAt": "",
    "verifySeconds": 0,
    "bakedSeconds": 0,
    "extendedSeconds": 0,
    "requests": {},
    "failures": {},
    "verdicts": [],
}
"""What a step has that was broken off before it was written, verified or judged."""


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
    """What happened on the way: `steps` have the members of `UNBEGUN_STEP`, `rollback` is a `rollback_document`."""

    steps: Sequence[Document] = ()
    gates: Sequence[Mapping[str, Any]] = ()
    hooks: Sequence[Mapping[str, Any]] = ()
    external_edits: Sequence[Mapping[str, Any]] = ()
    reasserts: int = 0
    rollback: Document | None = None
    git_patch: Sequence[Operation] = ()
    problems: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[Mapping[str, Any]] = ()
    cost: Mapping[str, int] = field(default_factory=dict)


def result_of(lease: Lease) -> str:
    """How the canary ended; empty while it is under way."""
    if lease.phase is Phase.ROLLBACK_FAILED:
        return Result.ROLLBACK_FAILED
    if lease.phase is Phase.PROMOTED_PENDING_GIT:
        return Result.PROMOTED
    if lease.phase is Phase.RELEASED:
        return Result.ROLLED_BACK if lease.progress.reason else Result.PROMOTED
    return ""


def judged_step(verdict: Verdict, *, bake_seconds: int) -> Document:
    """What the latest verdict says of its step; `bake_seconds` is how long the step was to be watched."""
    measured = verdict.measured_percent
    return {
        "measuredSharePercent": None if measured is None else round(measured, 2),
        "bakedSeconds": verdict.baked_seconds,
        "extendedSeconds": max(0, verdict.baked_seconds - bake_seconds),
        "requests": dict(verdict.requests),
        "failures": dict(verdict.failures),
        "verdicts": [verdict.document()],
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
        "hooks": list(story.hooks),
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
