"""Reports: what was planned, done and refused, each once, and where a run failed."""

from typing import Any

import pytest
from run_tools import MemoryDocuments, MemoryHints, noted, toolbox

from trellis.fleet.hints import Hint
from trellis.runs.reporting import Failure, Results, publish

PLAN = "plans/blue/1.json"
REFUSAL = {"resource": "service store", "reason": "NotOwned", "message": "is left as it is"}
CHANGE = {"kind": "CreateService", "resource": "service store", "expected": "store", "found": None, "deletes": False}

TOLD = {**CHANGE, "causes": []}


def report(
    *outcomes: dict[str, Any], verdict: str = "APPLY", guard: str = "", hints: MemoryHints | None = None
) -> dict[str, Any]:
    plan = {
        "scope": "cluster",
        "mode": "remediate",
        "verdict": verdict,
        "guard": guard,
        "items": [{"kind": "apply_service", "name": "store", "plan": {"changes": [CHANGE], "refusals": [REFUSAL]}}],
        "refused": [{"resource": "Service apps/x", "reason": "Malformed", "message": "spec: wrong"}],
    }
    documents = MemoryDocuments({PLAN: plan})
    given = {"cluster": "blue", "lane": "event", "run": "r-1", "planKey": PLAN, "batches": noted(documents, *outcomes)}
    results = Results.model_validate(given)
    return documents.get(publish(toolbox(documents=documents, hints=hints or MemoryHints()), results)["report"])


def outcome(status: str, **more: Any) -> dict[str, Any]:
    return {"kind": "apply_service", "name": "store", "status": status, "done": [], "refusals": [], **more}


def test_an_applied_run_says_what_was_done_and_which_run_it_was() -> None:
    found = report(outcome("PROGRAMMED", done=[CHANGE]))
    assert (found["status"], found["planned"], found["done"]) == ("APPLIED", [TOLD], [TOLD])
    assert (found["run"], found["lane"]) == ("r-1", "event")


def test_a_refusal_of_plan_and_outcome_is_told_once() -> None:
    reasons = [line["reason"] for line in report(outcome("REFUSED", refusals=[REFUSAL]))["refused"]]
    assert reasons == ["Malformed", "NotOwned"]


def test_refusals_of_items_that_were_not_applied_come_from_the_plan() -> None:
    assert REFUSAL in report(verdict="REPORT_ONLY")["refused"]


def test_one_failed_item_makes_a_failed_run() -> None:
    failure = {"resource": "store", "reason": "AwsCallError", "message": "CreateRule: denied"}
    found = report(outcome("FAILED", refusals=[failure]))
    assert found["status"] == "FAILED"
    assert failure in found["refused"]


def test_a_run_that_the_guard_stopped_says_so() -> None:
    found = report(verdict="STOPPED_BY_GUARD", guard="30 deletions planned, 25 allowed in one run")
    assert (found["status"], found["done"]) == ("STOPPED_BY_GUARD", [])
    assert found["guard"].startswith("30 deletions")


def test_the_plan_of_a_converged_run_is_its_report() -> None:
    plan = {"verdict": "CONVERGED", "guard": "", "items": [], "refused": []}
    documents = MemoryDocuments({PLAN: plan})
    outline = publish(toolbox(documents=documents), Results(cluster="blue", run="r-1", planKey=PLAN))
    assert (outline["report"], outline["status"]) == (PLAN, "CONVERGED")
    assert list(documents.stored) == [PLAN]


def test_a_report_tells_what_still_differs_after_the_changes() -> None:
    item = {"kind": "apply_service", "name": "store", "plan": {"changes": [CHANGE], "refusals": []}}
    documents = MemoryDocuments(
        {
            PLAN: {"verdict": "APPLY", "guard": "", "items": [], "refused": []},
            "verified": {"verdict": "APPLY", "guard": "", "items": [item], "refused": []},
        }
    )
    results = Results(cluster="blue", run="r-1", planKey=PLAN, verifiedKey="verified")
    assert documents.get(publish(toolbox(documents=documents), results)["report"])["remaining"] == [CHANGE]


def test_a_run_that_failed_before_its_plan_says_where_and_why() -> None:
    documents = MemoryDocuments()
    failure = Failure(state="ReadCluster", error="ClusterUnreadableError", cause="connection refused")
    outline = publish(toolbox(documents=documents), Results(cluster="blue", run="r-1", failure=failure))
    assert (outline["status"], outline["refused"]) == ("FAILED", 1)
    assert documents.get(outline["report"])["refused"] == [
        {"resource": "ReadCluster", "reason": "ClusterUnreadableError", "message": "connection refused"}
    ]


def hint(*, time: str, repaired_by: str = "", item: str = "apply_service/store") -> Hint:
    items = frozenset({item})
    return Hint("e-1", "vpc-lattice:UpdateRule", "arn:aws:iam::1:user/eve", time, items, frozenset(), repaired_by)


def test_a_change_says_who_made_it_necessary_and_when() -> None:
    (change,) = report(outcome("PROGRAMMED"), hints=MemoryHints([hint(time="2026-11-02T09:15:00Z")]))["planned"]
    assert change["causes"] == [
        {"call": "vpc-lattice:UpdateRule", "actor": "arn:aws:iam::1:user/eve", "time": "2026-11-02T09:15:00Z"}
    ]


def test_what_an_earlier_run_has_repaired_is_no_cause() -> None:
    (change,) = report(outcome("PROGRAMMED"), hints=MemoryHints([hint(time="1", repaired_by="r-0")]))["planned"]
    assert change["causes"] == []


def test_a_call_about_something_else_is_no_cause() -> None:
    (change,) = report(outcome("PROGRAMMED"), hints=MemoryHints([hint(time="1", item="sync_dns/blue")]))["planned"]
    assert change["causes"] == []


def test_a_run_that_only_reports_leaves_the_cause_for_the_run_that_repairs() -> None:
    hints = MemoryHints([hint(time="1")])
    report(verdict="REPORT_ONLY", hints=hints)
    assert [kept.repaired_by for kept in hints.kept] == [""]
    report(outcome("PROGRAMMED"), hints=hints)
    assert [kept.repaired_by for kept in hints.kept] == ["r-1"]


@pytest.mark.parametrize(
    ("state", "cause", "lost"),
    [
        ("ReadCluster", "GET /apis: 401: Unauthorized", True),
        ("ReadCluster", "GET /apis: 403: gateways is forbidden", True),
        ("ReadCluster", "GET /apis: 500: boom", False),
        ("ReadCluster", "GET /apis: connection refused", False),
        ("WriteStatus", "PATCH /apis: 403: forbidden", False),
    ],
)
def test_a_run_that_the_cluster_did_not_let_in_says_so(state: str, cause: str, lost: bool) -> None:
    failure = Failure(state=state, error="ClusterUnreadableError", cause=cause)
    outline = publish(toolbox(), Results(cluster="blue", run="r-1", failure=failure))
    assert (outline.get("failure") == "access lost") is lost
