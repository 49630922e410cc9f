"""The last part of a run: the report of what was planned, done and refused, and of where a run failed.

The report of a run that found nothing to do is its plan: it says what is refused and that nothing differs, and it is
stored already, because the run that made the cluster converge has verified it with the same plan.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from trellis.fleet.hints import Hint
from trellis.runs.contesting import Changed, remember
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

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
    planKey: str | None = None  # noqa: N815
    verifiedKey: str | None = None  # noqa: N815
    outcomes: list[dict[str, Any]] = Field(default_factory=list)
    failure: Failure | None = None


def publish(tools: Toolbox, results: Results) -> dict[str, Any]:
    """Store the report and return its key with the outline."""
    report = _failed(results) if results.failure or results.planKey is None else _report(tools, results)
    converged = report["status"] == "CONVERGED"
    return {
        "report": results.planKey if converged else tools.documents.put("reports", results.cluster, report),
        "cluster": results.cluster,
        "status": report["status"],
        "planned": len(report["planned"]),
        "done": len(report["done"]),
        "refused": len(report["refused"]),
    }


def _report(tools: Toolbox, results: Results) -> dict[str, Any]:
    plan = tools.documents.get(results.planKey or "")
    verified = tools.documents.get(results.verifiedKey) if results.verifiedKey else plan
    causes = _Causes(tools, results, plan)
    if plan["verdict"] == "APPLY":
        remember(tools, results.cluster, results.run, plan, Changed(results.outcomes, causes.hints))
        causes.mark_repaired(tools, results)
    failed = [outcome for outcome in results.outcomes if outcome["status"] == "FAILED"]
    return {
        "cluster": results.cluster,
        "run": results.run,
        "lane": results.lane,
        "scope": results.scope,
        "mode": results.mode,
        "status": "FAILED" if failed else _STATUS[plan["verdict"]],
        "guard": plan["guard"],
        "planned": [
            change for item in plan["items"] for change in causes.added_to(_differences(item["plan"]), _key(item))
        ],
        "done": [
            change for outcome in results.outcomes for change in causes.added_to(outcome.get("done", []), _key(outcome))
        ],
        "refused": _refused(plan, results.outcomes),
        "remaining": _changes(verified),
    }


class _Causes:
    """The calls of others that touched what a run has found changed, as far as events told of them."""

    def __init__(self, tools: Toolbox, results: Results, plan: dict[str, Any]) -> None:
        changed = {_key(item) for item in plan["items"] if _differences(item["plan"]) or item["plan"].get("waiting")}
        changed |= {_key(outcome) for outcome in results.outcomes if outcome.get("done")}
        found = tools.hints.about(results.cluster, changed) if changed else ()
        self._untouched = {_key(item) for item in plan["items"] if _is_only_told(item["plan"])}
        self.hints = [hint for hint in found if hint.repaired_by in ("", results.run)]

    def mark_repaired(self, tools: Toolbox, results: Results) -> None:
        """They are no cause of what a later run finds, except of what was only reported."""
        for hint in self.hints:
            if hint.items <= self._untouched:
                continue
            tools.hints.mark_repaired(results.cluster, hint, results.run)

    def added_to(self, changes: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """The changes of one work item with the calls that concern it."""
        causes = [_cause(hint) for hint in self.hints if key in hint.items]
        return [{**change, "causes": causes} for change in changes]


def _key(item: dict[str, Any]) -> str:
    return f"{item['kind']}/{item['name']}"


def _cause(hint: Hint) -> dict[str, str]:
    return {"call": hint.call, "actor": hint.actor, "time": hint.time}


def _changes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [change for item in plan["items"] for change in _differences(item["plan"])]


def _is_only_told(plan: dict[str, Any]) -> bool:
    return bool(plan.get("reported")) and not plan["changes"]


def _differences(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """What a run would change, and what it only tells."""
    return [*plan["changes"], *plan.get("reported", ())]


def _refused(plan: dict[str, Any], outcomes: list[dict[str, Any]]) -> list[dict[str, Any]]:
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
    failure = results.failure or Failure(state="unknown", error="NoPlan", cause="the run ended without a plan")
    return {
        "cluster": results.cluster,
        "status": "FAILED",
        "run": results.run,
        "lane": results.lane,
        "planned": [],
        "done": [],
        "refused": [{"resource": failure.state, "reason": failure.error, "message": failure.cause}],
    }
