"""Guard, verdict and order of a plan."""

from dataclasses import replace

import pytest

from trellis.model import Cluster, ClusterState, Mode
from trellis.planning.plan import APPLY, BATCH, PRUNE, Guard, GuardLimits, Verdict, WorkItem, guard, stages, verdict
from trellis.planning.work import KindPlan, described

LIMITS = GuardLimits(max_deletions=25, max_percent=50, floor=10)
CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")


def item(
    name: str = "store", *, deletions: int = 0, owned: int = 0, kind: str = "apply_service", phase: str = APPLY
) -> WorkItem:
    changes = tuple(described("DeleteRule", f"rule {number}", deletes=True) for number in range(deletions))
    return WorkItem(kind, phase, name, KindPlan(changes, owned=owned))


@pytest.mark.parametrize(
    ("deletions", "owned", "message"),
    [
        (0, 0, ""),
        (10, 10, ""),  # at the floor the percentage says nothing
        (11, 21, "11 of 21 resources would be deleted (52 %), 50 % allowed"),
        (11, 22, ""),
        (11, 0, "11 of 0 resources would be deleted (1100 %), 50 % allowed"),
        (25, 1000, ""),
        (26, 1000, "26 deletions planned, 25 allowed in one run"),
    ],
)
def test_the_guard_stops_above_its_limits_and_not_at_them(deletions: int, owned: int, message: str) -> None:
    checked = guard([item(deletions=deletions, owned=owned)], LIMITS)
    assert (checked.passed, checked.message) == (not message, message)


def test_the_floor_does_not_lift_a_lower_number_of_deletions() -> None:
    strict = GuardLimits(max_deletions=2, max_percent=50, floor=10)
    assert guard([item(deletions=2, owned=100)], strict).passed
    assert not guard([item(deletions=3, owned=100)], strict).passed


def test_deletions_of_all_work_items_count_together() -> None:
    assert not guard([item(deletions=13, owned=500), item(deletions=13, owned=500)], LIMITS).passed


def test_what_is_only_reported_is_no_deletion_and_no_work() -> None:
    told = WorkItem("apply_service", APPLY, "store", KindPlan(reported=item(deletions=30).plan.changes, owned=30))
    assert guard([told], LIMITS).passed
    assert stages([told]) == []
    assert verdict(CLUSTER, Mode.REMEDIATE, [told], Guard(passed=True)) is Verdict.REPORT_ONLY
    assert verdict(CLUSTER, Mode.REMEDIATE, [told, item(deletions=1)], Guard(passed=True)) is Verdict.APPLY


def test_a_plan_without_work_is_converged() -> None:
    assert verdict(CLUSTER, Mode.REMEDIATE, [item()], Guard(passed=True)) is Verdict.CONVERGED


def test_a_plan_in_mode_plan_is_only_reported() -> None:
    assert verdict(CLUSTER, Mode.PLAN, [item(deletions=1)], Guard(passed=True)) is Verdict.REPORT_ONLY


def test_the_guard_does_not_stop_a_leaving_cluster() -> None:
    stopped = Guard(passed=False)
    leaving = replace(CLUSTER, state=ClusterState.LEAVING)
    assert verdict(CLUSTER, Mode.REMEDIATE, [item(deletions=1)], stopped) is Verdict.STOPPED_BY_GUARD
    assert verdict(leaving, Mode.REMEDIATE, [item(deletions=1)], stopped) is Verdict.APPLY


def test_names_come_after_services_and_services_go_after_their_names() -> None:
    items = [
        item(deletions=1, phase=PRUNE),
        item(deletions=1, kind="sync_dns"),
        item(deletions=1),
        item(deletions=1, kind="associate_vpc"),
    ]
    order = [(batch["kind"], batch["phase"]) for stage in stages(items) for batch in stage["batches"]]
    assert order == [
        ("associate_vpc", APPLY),
        ("apply_service", APPLY),
        ("sync_dns", APPLY),
        ("apply_service", PRUNE),
    ]


def test_many_items_are_cut_into_batches_of_one_stage() -> None:
    items = [item(f"service-{number:03}", deletions=1) for number in range(2 * BATCH + 1)]
    (stage,) = stages(items)
    assert [len(batch["names"]) for batch in stage["batches"]] == [BATCH, BATCH, 1]
    assert [name for batch in stage["batches"] for name in batch["names"]] == [found.name for found in items]
