"""Wherever onboarding or offboarding dies, the bootstrap role does not stay an administrator.

Three ways lead there, each shown alone: Step Functions' event about the execution, the scheduled sweep when that event
never arrives, and the state machine itself when a function fails (end-to-end tests have the last).
"""

from collections.abc import Callable
from typing import Any

import pytest
from flow_crashes import Crashes, Flow, die_everywhere
from flow_driver import offboard, onboard
from flow_forks import in_branch
from flow_lab import FlowLab
from flow_world import CLUSTER

from trellis.config import settings

ADMINISTRATOR = "AmazonEKSClusterAdminPolicy"


def administrators(lab: FlowLab) -> list[str]:
    """Trellis' roles that are administrators of the cluster."""
    eks = lab.aws("eks")
    found = []
    for principal in eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]:
        place = {"clusterName": CLUSTER, "principalArn": principal}
        policies = eks.list_associated_access_policies(**place)["associatedAccessPolicies"]
        if ":role/trellis/" in principal and any(ADMINISTRATOR in policy["policyArn"] for policy in policies):
            found.append(principal)
    return found


def told_by_the_event(lab: FlowLab) -> list[str]:
    """The execution has ended badly: the rule calls the function with its name."""
    lab.invoke("grant_cluster_access", {"action": "sweep", "run": "first"})
    return administrators(lab)


def found_by_the_schedule(lab: FlowLab) -> list[str]:
    """The event was lost, and the next sweep after the longest preparation finds what is left."""
    lab.clock.move(settings().elevation_seconds + 1)
    lab.invoke("grant_cluster_access", {"action": "sweep"})
    return administrators(lab)


def _onboard(lab: FlowLab, run: str) -> None:
    onboard(lab, CLUSTER, run)


def _offboard(lab: FlowLab, run: str) -> None:
    offboard(lab, CLUSTER, run)


def _onboarded(lab: FlowLab) -> None:
    onboard(lab, CLUSTER, "before")


def _nothing(lab: FlowLab) -> None:
    """Onboarding begins with the cluster alone."""


_FLOWS: dict[str, tuple[Callable[[FlowLab], None], Flow]] = {
    "onboarding": (_nothing, _onboard),
    "offboarding": (_onboarded, _offboard),
}


def _die(lab: FlowLab, flow: str, examine: Callable[[FlowLab], list[str]]) -> Crashes:
    before, run = _FLOWS[flow]

    def work() -> Any:
        before(lab)
        return die_everywhere(lab, run, examine)

    found: Crashes = in_branch(work)
    return found


@pytest.mark.parametrize("flow", _FLOWS)
@pytest.mark.parametrize("examine", [told_by_the_event, found_by_the_schedule])
def test_no_administrator_is_left(lab: FlowLab, flow: str, examine: Callable[[FlowLab], list[str]]) -> None:
    crashes = _die(lab, flow, examine)
    assert crashes.stopped > 10
    assert "\n".join(crashes.problems) == ""


def test_without_either_somebody_would_be(lab: FlowLab) -> None:
    """What the tests above look for does happen."""
    assert _die(lab, "onboarding", administrators).problems != []


def test_a_function_that_outlives_its_execution_is_swept_up_by_the_schedule(lab: FlowLab) -> None:
    """The event comes first, and only then does the function that was on its way make itself an administrator."""

    def late() -> tuple[list[str], list[str]]:
        def after(call: Any) -> None:
            if call.name == "dynamodb:PutItem":
                lab.calls.after = None
                lab.invoke("grant_cluster_access", {"action": "sweep", "run": "first"})

        lab.calls.after = after
        lab.invoke("register_cluster", {"action": "register", "cluster": CLUSTER})
        lab.invoke("grant_cluster_access", {"action": "grant", "cluster": CLUSTER, "run": "first"})
        before = administrators(lab)
        lab.clock.move(120)
        lab.invoke("grant_cluster_access", {"action": "sweep"})
        return before, administrators(lab)

    before, afterwards = in_branch(late)
    assert (len(before), afterwards) == (1, [])


def test_a_sweep_leaves_a_run_that_is_at_work_alone(lab: FlowLab) -> None:
    def meanwhile() -> list[str]:
        lab.invoke("register_cluster", {"action": "register", "cluster": CLUSTER})
        lab.invoke("grant_cluster_access", {"action": "grant", "cluster": CLUSTER, "run": "first"})
        lab.clock.move(600)
        lab.invoke("grant_cluster_access", {"action": "sweep"})
        lab.invoke("grant_cluster_access", {"action": "sweep", "run": "another"})
        return administrators(lab)

    assert len(in_branch(meanwhile)) == 1


def test_what_an_earlier_run_gives_back_is_not_what_a_later_run_has(lab: FlowLab) -> None:
    """The later run's note stays, so that its rights are found if it dies."""

    def two_runs() -> Any:
        lab.invoke("register_cluster", {"action": "register", "cluster": CLUSTER})
        for run in ("first", "second"):
            lab.invoke("grant_cluster_access", {"action": "grant", "cluster": CLUSTER, "run": run})
        lab.invoke("grant_cluster_access", {"action": "lower", "cluster": CLUSTER, "run": "first"})
        return lab.invoke("grant_cluster_access", {"action": "sweep", "run": "second"})

    assert in_branch(two_runs) == {"lowered": [CLUSTER]}
