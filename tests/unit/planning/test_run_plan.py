"""Guard, verdict and order of a plan."""

from dataclasses import replace

from trellis.model import Cluster, ClusterState, Mode
from trellis.planning.plan import APPLY, PRUNE, Guard, GuardLimits, Verdict, WorkItem, guard, stages, verdict
from trellis.planning.work import KindPlan, described

LIMITS = GuardLimits(max_deletions=25, max_percent=50, floor=10)
CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")


def item(*, deletions: int = 0, owned: int = 0, kind: str = "apply_service", phase: str = APPLY) -> WorkItem:
    changes = tuple(described("DeleteRule", f"rule {number}", deletes=True) for number in range(deletions))
    return WorkItem(kind, phase, "store", KindPlan(changes, owned=owned))


def test_few_deletions_always_pass() -> None:
    assert guard([item(deletions=10, owned=10)], LIMITS).passed


def test_too_many_deletions_are_stopped() -> None:
    stopped = guard([item(deletions=26, owned=1000)], LIMITS)
    assert not stopped.passed
    assert "26 deletions" in stopped.message


def test_too_large_a_share_is_stopped() -> None:
    stopped = guard([item(deletions=12, owned=20)], LIMITS)
    assert not stopped.passed
    assert "60 %" in stopped.message


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
    order = [(stage["kind"], stage["phase"]) for stage in stages(items)]
    assert order == [
        ("associate_vpc", APPLY),
        ("apply_service", APPLY),
        ("sync_dns", APPLY),
        ("apply_service", PRUNE),
    ]
