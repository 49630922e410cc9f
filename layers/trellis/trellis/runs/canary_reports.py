"""Stores the report of a canary: JSON for programs, and Markdown for people beside it.

Keys are made of content, so publishing again after a call that died leaves no second report. A report that cannot be
stored changes nothing about the canary: its lease, its events and the execution tell the same in short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis.canary.evidence import MINUTE, Series
from trellis.canary.hooks import Hook, function_of
from trellis.canary.patch import Operation, git_patch
from trellis.canary.report import UNBEGUN_STEP, Ending, Result, Story, exposure, report_document, rollback_document
from trellis.canary.report_page import markdown
from trellis.canary.request import CanaryRequest
from trellis.canary.rules import SplitRule
from trellis.canary.state import Lease, Progress
from trellis.canary.windows import Span
from trellis.errors import ServiceUnavailableError
from trellis.observability import logger
from trellis.resources.canary_metrics import read_series
from trellis.resources.metric_data import Period, UnreadableError
from trellis.runs.canary_calls import request_of
from trellis.runs.canary_reading import subjects_of
from trellis.runs.canary_telling import moment
from trellis.runs.canary_weights import Read
from trellis.runs.toolbox import Toolbox

_MARKDOWN = "text/markdown; charset=utf-8"


def publish(tools: Toolbox, lease: Lease, result: Result, found: Read | None = None) -> dict[str, Any]:
    """Store the report and return its outline, which is the execution's output. `found` is the route at the end."""
    request, progress = request_of(tools, lease.progress), lease.progress
    code, _, words = progress.reason.partition(": ")
    key = lease.key
    route = {"cluster": key.cluster, "kind": key.kind, "namespace": key.namespace, "name": key.name}
    ending = Ending(
        result=result,
        reason=code,
        route=route,
        started=moment(progress.started_at),
        ended=moment(progress.heartbeat_at),
        execution=lease.execution,
        requested_by=request.requested_by,
    )
    report = report_document(ending, _story(tools, progress, request, found))
    if words:
        report["problems"].append({"code": code, "message": words})
    stored = _stored(tools, key.cluster, report)
    return {
        "result": result,
        "reason": progress.reason,
        "report": stored,
        "canary": progress.canary,
        "route": route,
        "hooked": bool(function_of(request, Hook.POST_ROLLOUT)),
    }


def _stored(tools: Toolbox, cluster: str, report: dict[str, Any]) -> str:
    """The report's key; empty when it could not be stored."""
    try:
        key = tools.documents.put("canaries", cluster, report)
        tools.documents.put_text(f"{key.removesuffix('.json')}.md", markdown(report), kind=_MARKDOWN)
    except (ClientError, BotoCoreError):
        logger.exception("the report of a canary could not be stored", report=report)
        return ""
    return key


def _story(tools: Toolbox, progress: Progress, request: CanaryRequest, found: Read | None) -> Story:
    return Story(
        steps=[{**UNBEGUN_STEP, **line} for line in progress.steps],
        gates=[vars(gate) for gate in progress.gates],
        hooks=progress.hooks,
        external_edits=_notes(progress, "external edit", "command", "rollback failed"),
        reasserts=progress.reasserts,
        rollback=_rollback(tools, progress, request),
        git_patch=_for_git(progress, found),
        warnings=_notes(progress, "warning"),
        cost={"metricQueries": progress.queries},
    )


def _for_git(progress: Progress, found: Read | None) -> Sequence[Operation]:
    """What turns the weights from before the canary into those that are served."""
    if found is None:
        return ()
    before = [_with_weights(rule, progress.baseline.get(key, {})) for key, rule in found.live.rules.items()]
    return git_patch(before, progress.expected)


def _with_weights(rule: SplitRule, weights: Mapping[str, int]) -> SplitRule:
    return replace(rule, refs=tuple(replace(ref, weight=weights.get(ref.label, ref.weight)) for ref in rule.refs))


def _notes(progress: Progress, *kinds: str) -> Sequence[Mapping[str, Any]]:
    return [note for note in progress.notes if note["kind"] in kinds]


def _rollback(tools: Toolbox, progress: Progress, request: CanaryRequest) -> dict[str, Any] | None:
    """The way back, and whom the canary has reached as far as CloudWatch knows by now."""
    if not progress.rolled_back_at:
        return None
    span = _lifetime(tools, progress)
    try:
        canary = _minutes(tools, progress, request)
    except UnreadableError:
        canary = ()
    restored = progress.restored_at
    return rollback_document(
        requested=moment(progress.rolled_back_at),
        verified=moment(restored) or None,
        seconds=round((restored or tools.now()) - progress.rolled_back_at),
        exposed=exposure(canary, span),
        counted_until=moment(max((minute.start + MINUTE for minute in canary), default=span.since)),
    )


def check_countable(tools: Toolbox, progress: Progress, request: CanaryRequest) -> None:
    """Raise ServiceUnavailableError while CloudWatch does not say whom the canary has reached."""
    try:
        _minutes(tools, progress, request)
    except UnreadableError as error:
        raise ServiceUnavailableError(str(error)) from error


def minute_after(time: float) -> int:
    """The end of the minute of the metrics that a Unix time lies in."""
    return (int(time) // MINUTE + 1) * MINUTE


def _minutes(tools: Toolbox, progress: Progress, request: CanaryRequest) -> Series:
    span, subjects = _lifetime(tools, progress), subjects_of(progress.groups, request)
    return read_series(tools.clients.cloudwatch, subjects, Period(span.since, span.until))[1]


def _lifetime(tools: Toolbox, progress: Progress) -> Span:
    """Whole minutes, until the baseline was seen to serve again."""
    return Span(int(progress.started_at) // MINUTE * MINUTE, minute_after(progress.restored_at or tools.now()))
