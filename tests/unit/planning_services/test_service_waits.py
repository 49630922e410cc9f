"""A change is not made before VPC Lattice would accept it, and nothing is deleted before what takes over is there."""

from dataclasses import replace

import pytest

from trellis.model import FixedResponse, Forward, Listener, PathMatch, Rule, RuleMatch, Service, Target, TargetGroup
from trellis.model import WeightedTargetGroup as Share
from trellis.planning.service_changes import describe
from trellis.planning.service_state import ObservedGroup, ObservedService
from trellis.planning.service_waits import Step, steps
from trellis.planning.services import diff_service

OWNER = "111122223333/cluster-b"
POD = Target("10.0.0.1", 8080)
GROUP = TargetGroup("group", "vpc-1", 80, targets=(POD,))
RULE = Rule("r-a", 1, RuleMatch(PathMatch("prefix", "/a")), Forward((Share("group"),)))
LISTENER = Listener("http-80", "HTTP", 80, FixedResponse(404), (RULE,))
DESIRED = Service("datastore", None, (LISTENER,), (GROUP,), ("network",))
ACTIVE = replace(
    DESIRED, status="ACTIVE", owner=OWNER, arn="arn:datastore", association_status=(("network", "ACTIVE"),)
)


def found(service: Service | None = ACTIVE, **group: object) -> ObservedService:
    """What is there: the service, and its group with the given members changed."""
    changed = replace(GROUP, **{"status": "ACTIVE", "owner": OWNER, **group})  # type: ignore[arg-type]
    return ObservedService("datastore", OWNER, service, (ObservedGroup(changed, "datastore"),))


def planned(desired: Service | None, observed: ObservedService) -> dict[str, Step]:
    """The steps by the kind of their changes."""
    diff = diff_service(desired, observed)
    return {type(step.change).__name__: step for step in steps(diff.changes, observed)}


def test_targets_wait_for_their_group() -> None:
    step = planned(DESIRED, found(status="CREATE_IN_PROGRESS", targets=()))["RegisterTargets"]
    assert step.wait is not None
    assert step.wait.reason == "target group group: CREATE_IN_PROGRESS"
    assert step.wait.settles


def test_a_rule_waits_for_the_targets_that_it_forwards_to() -> None:
    without_rule = replace(ACTIVE, listeners=(replace(LISTENER, rules=()),))
    step = planned(DESIRED, found(without_rule, targets=()))["CreateRule"]
    assert step.wait is not None
    assert step.wait.reason == "targets of target group group"


def test_a_rule_does_not_wait_for_a_backend_without_pods() -> None:
    without_rule = replace(ACTIVE, listeners=(replace(LISTENER, rules=()),))
    desired = replace(DESIRED, target_groups=(replace(GROUP, targets=()),))
    assert planned(desired, found(without_rule, targets=()))["CreateRule"].wait is None


def test_an_association_waits_for_its_service() -> None:
    creating = replace(ACTIVE, status="CREATE_IN_PROGRESS", listeners=(), association_status=())
    wait = planned(DESIRED, found(creating))["AssociateService"].wait
    assert wait is not None
    assert wait.settles


def test_an_unwanted_rule_stays_until_the_new_one_is_there() -> None:
    old = replace(ACTIVE, listeners=(replace(LISTENER, rules=(replace(RULE, name="r-old", priority=9),)),))
    step = planned(DESIRED, found(old, status="CREATE_IN_PROGRESS", targets=()))["DeleteRule"]
    assert step.wait is not None


def test_a_group_is_not_emptied_while_a_rule_uses_it() -> None:
    observed = found()
    used = replace(observed, groups=(replace(observed.groups[0], used_by=("arn:datastore",)),))
    wait = planned(replace(DESIRED, listeners=(), target_groups=()), used)["DeregisterTargets"].wait
    assert wait is not None
    assert wait.reason == "target group group to be used by nothing"


def test_a_group_is_not_deleted_while_it_drains() -> None:
    draining = ObservedGroup(replace(GROUP, targets=(), status="ACTIVE", owner=OWNER), "datastore", draining=(POD,))
    wait = planned(None, ObservedService("datastore", OWNER, None, (draining,)))["DeleteTargetGroup"].wait
    assert wait is not None
    assert wait.settles


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_FAILED"])
def test_a_failed_service_is_deleted_before_it_is_made_again(status: str) -> None:
    failed = replace(ACTIVE, status=status, listeners=(), association_status=())
    made = planned(DESIRED, found(failed))
    assert made["DeleteService"].wait is None
    assert made["CreateService"].wait is not None


def test_a_service_that_aws_is_still_making_is_not_converged() -> None:
    diff = diff_service(DESIRED, found(replace(ACTIVE, association_status=(("network", "CREATE_IN_PROGRESS"),))))
    assert (diff.changes, diff.pending) == ((), ("service datastore in network: CREATE_IN_PROGRESS",))
    assert not diff.is_empty


def test_what_is_as_desired_is_empty() -> None:
    assert diff_service(DESIRED, found()).is_empty


def test_the_order_of_shares_and_the_case_of_header_names_are_no_difference() -> None:
    shares = Share("group", 1), Share("other", 2)
    one = replace(RULE, action=Forward(shares))
    other = replace(RULE, action=Forward(shares[::-1]))
    old = replace(ACTIVE, listeners=(replace(LISTENER, rules=(one,)),))
    assert diff_service(replace(DESIRED, listeners=(replace(LISTENER, rules=(other,)),)), found(old)).is_empty


def test_a_change_is_described_with_what_is_expected_and_found() -> None:
    old = replace(ACTIVE, listeners=(replace(LISTENER, rules=(replace(RULE, action=FixedResponse(404)),)),))
    (change,) = diff_service(DESIRED, found(old)).changes
    assert describe(change) == {
        "kind": "UpdateRule",
        "resource": "rule datastore/http-80/r-a",
        "fields": ["action"],
        "expected": {"action": {"forward": {"group": 1}}},
        "found": {"action": {"fixed_response": 404}},
        "deletes": False,
    }
