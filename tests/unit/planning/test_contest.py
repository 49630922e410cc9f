"""Which resources are contested: repairs are counted, not calls, and what its owner asked for is no repair."""

from dataclasses import replace

import pytest

from trellis.model import Service, Target, TargetGroup
from trellis.planning.contest import Contest, ContestLimits, Repair, contests, set_aside, subject, wanted_of
from trellis.planning.plan import APPLY, WorkItem
from trellis.planning.work import Description, KindPlan, described

LIMITS = ContestLimits(repairs=3, seconds=3600)
NOW = 10_000.0
RULE = described("UpdateRule", "rule store/http-80/r-1", expected={"action": 1}, found={"action": 2})
OTHER = described("UpdateRule", "rule store/http-80/r-2", expected={"action": 1}, found={"action": 2})


def item(*changes: Description, wanted: str = "w-1", kind: str = "apply_service") -> WorkItem:
    return WorkItem(kind, APPLY, "store", KindPlan(changes or (RULE,)), wanted)


def repair(number: int, change: Description = RULE, **more: object) -> Repair:
    """The repair of run number so-and-so, a minute after the one before it."""
    wanted = str(more.get("wanted", "w-1"))
    time = float(str(more.get("time", NOW - 3000 + number * 60)))
    told = bool(more.get("told", True))
    key = str(more.get("item", "apply_service/store"))
    return Repair(f"r-{number}", time, key, wanted, frozenset({subject(change, wanted)}), told)


def test_the_third_repair_is_followed_by_a_fourth_and_that_by_none() -> None:
    three = [repair(number) for number in range(3)]
    assert contests(item(), three, LIMITS, now=NOW) == ()
    (found,) = contests(item(), [*three, repair(3)], LIMITS, now=NOW)
    assert (found.resource, found.repairs) == ("rule store/http-80/r-1", 4)


def test_it_is_left_alone_until_the_oldest_repair_is_an_hour_ago() -> None:
    four = [repair(number) for number in range(4)]
    (found,) = contests(item(), four, LIMITS, now=NOW)
    assert found.until == NOW - 3000 + 3600
    assert contests(item(), four, LIMITS, now=found.until - 1)
    assert contests(item(), four, LIMITS, now=found.until) == ()


def test_a_run_that_was_told_twice_counts_once() -> None:
    again = [repair(number // 2) for number in range(8)]
    assert len(contests(item(), again, LIMITS, now=NOW)) == 1
    assert contests(item(), again[:6], LIMITS, now=NOW) == ()


def test_repairs_of_another_resource_or_work_item_do_not_count() -> None:
    mixed = [repair(0), repair(1), repair(2), repair(3, OTHER), repair(4, item="apply_service/shop")]
    assert contests(item(), mixed, LIMITS, now=NOW) == ()


def test_what_was_repaired_towards_something_else_does_not_count() -> None:
    before = [repair(number, wanted="w-0") for number in range(9)]
    assert contests(item(), before, LIMITS, now=NOW) == ()


def test_going_back_to_what_was_wanted_before_starts_anew() -> None:
    toggled = [repair(number, wanted=f"w-{number % 2}") for number in range(12)]
    assert contests(item(), toggled, LIMITS, now=NOW) == ()


def test_without_events_the_run_that_first_brought_it_about_is_no_repair() -> None:
    silent = [repair(number, told=False) for number in range(5)]
    assert contests(item(), silent[:4], LIMITS, now=NOW) == ()
    assert [found.repairs for found in contests(item(), silent, LIMITS, now=NOW)] == [4]


def test_targets_of_new_pods_are_no_contest_and_the_same_one_again_and_again_is() -> None:
    def registered(address: str) -> Description:
        return described("RegisterTargets", "target group tg", expected={"targets": [address]})

    rollouts = [repair(number, registered(f"10.0.0.{number}:80")) for number in range(9)]
    assert contests(item(registered("10.0.0.10:80")), rollouts, LIMITS, now=NOW) == ()
    same = [repair(number, registered("10.0.0.1:80")) for number in range(4)]
    assert len(contests(item(registered("10.0.0.1:80")), same, LIMITS, now=NOW)) == 1


def test_what_is_wanted_of_a_service_does_not_depend_on_its_pods() -> None:
    group = TargetGroup("tg", "vpc-1", 80, targets=(Target("10.0.0.1", 80),))
    one = Service("store", None, target_groups=(group,))
    moved = replace(one, target_groups=(replace(group, targets=()),))
    assert wanted_of(one) == wanted_of(moved)
    assert wanted_of(one) != wanted_of(replace(one, custom_domain_name="store.example"))
    assert wanted_of(None) == ""


def test_only_the_contested_change_is_set_aside_and_refused_with_who_and_until_when() -> None:
    contest = Contest(str(RULE["resource"]), 4, until=0.0)
    left = set_aside(item(RULE, OTHER), [contest], actors="changed by eve (vpc-lattice:UpdateRule at 09:00)")
    assert (left.plan.changes, left.plan.reported[0]["action"]) == ((OTHER,), "reported")
    (refusal,) = left.plan.refusals
    assert (refusal.resource, refusal.reason) == (RULE["resource"], "Contested")
    assert "put back 4 times" in refusal.message
    assert "until 1970-01-01T00:00:00Z; changed by eve" in refusal.message
    assert left.left == {RULE["resource"]: refusal.message}


@pytest.mark.parametrize("kind", ["associate_vpc", "open_security_group"])
def test_a_kind_that_is_applied_as_a_whole_is_left_as_a_whole(kind: str) -> None:
    whole = replace(item(RULE, OTHER, kind=kind), plan=KindPlan((RULE, OTHER), waiting=True))
    left = set_aside(whole, [Contest(str(RULE["resource"]), 4, until=0.0)], actors="")
    assert not left.plan.needs_work
    assert len(left.plan.reported) == 2
