"""The last part of a run: the report of what was planned, done and refused, and of where a run failed.

The report of a run that found nothing to do is its plan: it says what is refused and that nothing differs, and it is
stored already, because the run that made the cluster converge has verified it with the same plan. The registry keeps
that plan's key: what differs from it while it still says what is wanted is drift.
"""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from trellis.fleet.hints import Hint
from trellis.planning.plan import Verdict
from trellis.reporting.differences import item_key
from trellis.reporting.drift import drifts
from trellis.reporting.lines import RunEnd, lines
from trellis.reporting.messages import Stored
from trellis.reporting.page import page
from trellis.reporting.picture import picture
from trellis.reporting.wanted import Document
from trellis.runs.certificate_warnings import Warned, warn
from trellis.runs.contesting import Changed, remember
from trellis.runs.intending import LEFT_TO_THE_NEXT
from trellis.runs.notifying import notify
from trellis.runs.outcomes import FAILED, EndedBatch, read
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

ACCESS_LOST = "access lost"
"""What check-drift looks for in the outline of a failed run; no cluster's name has a space."""

_NO_CERTIFICATES = Warned()
_REFUSED_BY_CLUSTER = re.compile(r": 40[13]: ")

_STATUS = {
    "APPLY": "APPLIED",
    "CONVERGED": "CONVERGED",
    "REPORT_ONLY": "REPORT_ONLY",
    "STOPPED_BY_GUARD": "STOPPED_BY_GUARD",
}


class Failure(BaseModel):
    """Where a run failed, as the state machine caught it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: str
    error: str
    cause: str = ""


class Results(BaseModel):
    """What is known at the end of a run: a plan with its outcomes, or a failure."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    cluster: ClusterName
    lane: str = "manual"
    run: str = ""
    scope: str = "cluster"
    mode: str = ""
    readAt: int = 0  # noqa: N815
    planKey: str | None = None  # noqa: N815
    verifiedKey: str | None = None  # noqa: N815
    batches: tuple[EndedBatch, ...] = ()
    failure: Failure | None = None
    ended: str = ""
    """When the run came to its end, in ISO 8601: the same if the report is published once more."""


def publish(tools: Toolbox, results: Results) -> dict[str, Any]:
    """Store the report, tell of drift, and return the report's key with the outline."""
    if results.planKey is None:
        report = _failed(results)
        outline = _outline(report, tools.documents.put("reports", results.cluster, report))
        return {**outline, "failure": ACCESS_LOST} if _has_lost_access(results.failure) else outline
    plan = tools.documents.get(results.planKey)
    converged = tools.registry.converged(results.cluster)
    certificates = warn(tools, plan, run=results.run)
    is_news = bool(certificates.news or results.batches)
    if converged == results.planKey and results.failure is None and not is_news:
        return _outline(_nothing_new(results, plan), results.planKey, certificates)
    end = _end(tools, results, plan)
    report = _report(tools, results, end, tools.documents.find(converged) if converged else None)
    report["certificates"], report["https"] = list(certificates.lines), list(certificates.https)
    key = results.planKey
    if report["status"] != "CONVERGED" or report["drifts"] or is_news:
        key = _store(tools, results.cluster, report, is_shown=bool(report["drifts"] or certificates.news))
    if _is_converged(results, end) and results.verifiedKey != converged:
        tools.registry.set_converged(results.cluster, str(results.verifiedKey), read_at=results.readAt)
    return _outline(report, key, certificates)


def _has_lost_access(failure: Failure | None) -> bool:
    """Whether the cluster answered the reader that it does not know it (401), or allows it too little (403)."""
    return failure is not None and failure.state == "ReadCluster" and bool(_REFUSED_BY_CLUSTER.search(failure.cause))


def _nothing_new(results: Results, plan: Document) -> dict[str, Any]:
    """The report of a run that has found what the last converged one had left: nothing more is read for it."""
    lists: dict[str, list[Any]] = {"planned": [], "done": [], "drifts": []}
    return {"cluster": results.cluster, "status": "CONVERGED", "refused": _refused(plan, []), **lists}


def _end(tools: Toolbox, results: Results, plan: dict[str, Any]) -> RunEnd:
    """How the run ended; without a key of a plan that verified it, it did not come so far."""
    verified = plan if results.verifiedKey == results.planKey else None
    if results.verifiedKey and verified is None:
        verified = tools.documents.get(results.verifiedKey)
    return RunEnd(plan, verified, read(tools, results.batches), results.lane, results.ended)


def _is_converged(results: Results, end: RunEnd) -> bool:
    """Whether later runs may compare with this one. A run for one service has not seen that the rest is right."""
    found = end.verified is not None and end.verified["verdict"] == Verdict.CONVERGED
    return found and results.scope == "cluster" and results.failure is None


def _outline(report: dict[str, Any], key: str, certificates: Warned = _NO_CERTIFICATES) -> dict[str, Any]:
    return {
        "report": key,
        "cluster": report["cluster"],
        "status": report["status"],
        "planned": len(report["planned"]),
        "done": len(report["done"]),
        "refused": len(report["refused"]),
        "drifts": len(report["drifts"]),
        "https": len(certificates.https),
        "warned": certificates.news,
    }


def _store(tools: Toolbox, cluster: str, report: dict[str, Any], *, is_shown: bool) -> str:
    """The report's key; there is a page beside one that is shown, and of drift the world is told."""
    key = tools.documents.put("reports", cluster, report)
    page_key = f"{key.removesuffix('.json')}.html"
    if is_shown:
        tools.documents.put_page(page_key, page([report], title=f"Drift of {cluster}"))
    if report["drifts"]:
        notify(tools, report, Stored(tools.settings.bucket, key, page_key))
    return key


def _report(tools: Toolbox, results: Results, end: RunEnd, before: Document | None) -> dict[str, Any]:
    plan = end.plan
    causes = _Causes(tools, results, end)
    if plan["verdict"] == Verdict.APPLY:
        remember(tools, results.cluster, results.run, plan, Changed(end.outcomes, causes.hints))
        causes.mark_repaired(tools, results)
    late = _came_too_late(end)
    drifted = lines([drift for drift in drifts(plan, before) if drift.item not in late], end, causes.by_item())
    return {
        "cluster": results.cluster,
        "run": results.run,
        "lane": results.lane,
        "scope": results.scope,
        "mode": results.mode,
        "ended": results.ended,
        "status": _status(results, end),
        "guard": plan["guard"],
        "drifts": drifted,
        "planned": [
            change for item in plan["items"] for change in causes.added_to(_differences(item["plan"]), item_key(item))
        ],
        "done": [
            change for outcome in end.outcomes for change in causes.added_to(outcome.get("done", []), item_key(outcome))
        ],
        "refused": [*_refused(plan, end.outcomes), *([_told(results.failure)] if results.failure else [])],
        "remaining": _changes(plan if end.verified is None else end.verified),
        "picture": picture(tools.registry.get(results.cluster), plan, drifted) if drifted else None,
    }


def _came_too_late(end: RunEnd) -> set[str]:
    """The items that the run has left as they were: they may only differ from what was wanted once.

    What it has begun to repair before another run took over is told here, because the other has not seen it.
    """
    return {
        item_key(outcome)
        for outcome in end.outcomes
        if not outcome.get("done")
        and any(refusal["reason"] in LEFT_TO_THE_NEXT for refusal in outcome.get("refusals", ()))
    }


def _status(results: Results, end: RunEnd) -> str:
    failed = results.failure or any(outcome["status"] == FAILED for outcome in end.outcomes)
    return FAILED if failed else _STATUS[end.plan["verdict"]]


class _Causes:
    """The calls of others that touched what a run has found changed, as far as events told of them."""

    def __init__(self, tools: Toolbox, results: Results, end: RunEnd) -> None:
        items = end.plan["items"]
        self._items = {item_key(item) for item in items} | {item_key(outcome) for outcome in end.outcomes}
        changed = {item_key(item) for item in items if item["plan"]["changes"] or item["plan"].get("waiting")}
        done = {item_key(outcome) for outcome in end.outcomes if outcome.get("done")}
        self._changed = (changed | done) - _came_too_late(end)
        found = tools.hints.about(results.cluster, self._items) if self._items else ()
        self.hints = [hint for hint in found if hint.repaired_by in ("", results.run)]

    def mark_repaired(self, tools: Toolbox, results: Results) -> None:
        """They are no cause of what a later run finds."""
        for hint in self.hints:
            if hint.items & self._changed:
                tools.hints.mark_repaired(results.cluster, hint, results.run)

    def added_to(self, changes: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """The changes of one work item with the calls that concern it."""
        causes = self.by_item().get(key, [])
        return [{**change, "causes": causes} for change in changes]

    def by_item(self) -> dict[str, list[dict[str, str]]]:
        """The calls by work item, the oldest first."""
        return {key: [_cause(hint) for hint in self.hints if key in hint.items] for key in self._items}


def _cause(hint: Hint) -> dict[str, str]:
    return {"call": hint.call, "actor": hint.actor, "time": hint.time}


def _changes(plan: Document) -> list[dict[str, Any]]:
    return [change for item in plan["items"] for change in _differences(item["plan"])]


def _differences(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """What a run would change, and what it only tells."""
    return [*plan["changes"], *plan.get("reported", ())]


def _refused(plan: Document, outcomes: Sequence[Document]) -> list[dict[str, Any]]:
    """Refusals of the plan and of the outcomes, each once, and those that the objects' conditions carry."""
    applied = {(outcome["kind"], outcome["name"]) for outcome in outcomes}
    planned = [
        refusal
        for item in plan["items"]
        if (item["kind"], item["name"]) not in applied
        for refusal in item["plan"]["refusals"]
    ]
    refused = [refusal for outcome in outcomes for refusal in outcome.get("refusals", [])]
    return [*plan["refused"], *planned, *refused]


def _failed(results: Results) -> dict[str, Any]:
    """The report of a run that ended before it had a plan."""
    failure = results.failure or Failure(state="unknown", error="NoPlan", cause="the run ended without a plan")
    return {
        "cluster": results.cluster,
        "status": "FAILED",
        "run": results.run,
        "lane": results.lane,
        "ended": results.ended,
        "drifts": [],
        "planned": [],
        "done": [],
        "refused": [_told(failure)],
    }


def _told(failure: Failure) -> dict[str, str]:
    return {"resource": failure.state, "reason": failure.error, "message": failure.cause}
