"""Contested resources in a run: looked up only where something differs, remembered only where something was done."""

from dataclasses import replace
from typing import Any

from run_tools import CLUSTER, MemoryHints, MemoryRepairs, toolbox

from trellis.fleet.hints import Hint
from trellis.model import ClusterState
from trellis.planning.contest import Repair, subject
from trellis.planning.plan import APPLY, WorkItem
from trellis.planning.work import KindPlan, described
from trellis.runs.contesting import Changed, leave_contested, remember

CHANGE = described("UpdateRule", "rule r-1", expected={"action": 1}, found={"action": 2})
ITEM = WorkItem("apply_service", APPLY, "store", KindPlan((CHANGE,)), "w-1")
KEY = "apply_service/store"
HINT = Hint("e-1", "vpc-lattice:UpdateRule", "eve", "2026-11-02T09:15:00Z", frozenset({KEY}), frozenset())


def four() -> MemoryRepairs:
    about = frozenset({subject(CHANGE, "w-1")})
    return MemoryRepairs([Repair(f"r-{number}", 900.0, KEY, "w-1", about, told=True) for number in range(4)])


def test_nothing_is_read_where_nothing_differs() -> None:
    repairs = four()
    assert leave_contested(toolbox(repairs=repairs), CLUSTER, [replace(ITEM, plan=KindPlan())])
    assert repairs.reads == 0


def test_the_repairs_of_a_cluster_are_read_once_for_all_its_work_items() -> None:
    repairs = four()
    leave_contested(toolbox(repairs=repairs), CLUSTER, [ITEM, replace(ITEM, name="shop"), replace(ITEM, name="till")])
    assert repairs.reads == 1


def test_the_refusal_names_who_made_the_changes_and_when() -> None:
    (left,) = leave_contested(toolbox(repairs=four(), hints=MemoryHints([HINT])), CLUSTER, [ITEM])
    assert not left.plan.needs_work
    assert "changed by eve (vpc-lattice:UpdateRule at 2026-11-02T09:15:00Z)" in left.plan.refusals[0].message


def test_without_events_it_says_that_nobody_told() -> None:
    (left,) = leave_contested(toolbox(repairs=four()), CLUSTER, [ITEM])
    assert left.plan.refusals[0].message.endswith("no event told who changes it")


def test_a_higher_limit_is_kept_to() -> None:
    (left,) = leave_contested(toolbox(repairs=four(), contested_repairs=4), CLUSTER, [ITEM])
    assert left == ITEM


def test_a_cluster_that_leaves_is_not_held_up() -> None:
    leaving = replace(CLUSTER, state=ClusterState.LEAVING)
    assert leave_contested(toolbox(repairs=four()), leaving, [ITEM]) == (ITEM,)


def remembered(*outcomes: dict[str, Any], hints: tuple[Hint, ...] = ()) -> list[Repair]:
    repairs = MemoryRepairs()
    plan = {"items": [{"kind": "apply_service", "name": "store", "wanted": "w-1", "plan": {"changes": [CHANGE]}}]}
    remember(toolbox(repairs=repairs), "blue", "r-9", plan, Changed(outcomes, hints))
    return repairs.kept


def outcome(*done: Any) -> dict[str, Any]:
    return {"kind": "apply_service", "name": "store", "status": "PROGRAMMED", "done": list(done)}


def test_what_was_done_is_remembered_with_what_was_wanted() -> None:
    about = frozenset({subject(CHANGE, "w-1")})
    assert remembered(outcome(CHANGE)) == [Repair("r-9", 1000.0, KEY, "w-1", about, told=False)]
    assert remembered(outcome(CHANGE), hints=(HINT,)) == [Repair("r-9", 1000.0, KEY, "w-1", about, told=True)]


def test_a_run_that_did_nothing_remembers_nothing() -> None:
    assert remembered(outcome()) == []
