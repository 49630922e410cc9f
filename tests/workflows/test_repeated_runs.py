"""What a run finds done it does not do again; what another works on it leaves alone; who leaves leaves nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from flow_calls import Call, Stopped
from flow_driver import offboard, onboard, reconcile
from flow_forks import in_branch
from flow_lab import LEASE_SECONDS, FlowLab
from flow_state import differences, state_of
from flow_world import CLUSTER, apply_manifests

from trellis.errors import LeaseHeldError

_READING = {"get", "list", "watch"}


def _converge(lab: FlowLab) -> None:
    """Up to the first run that has nothing to change: it stores what the objects look like with their new status."""
    onboard(lab, CLUSTER, "onboard")
    apply_manifests(lab)
    reconcile(lab, CLUSTER, "first")
    reconcile(lab, CLUSTER, "second")


def _writes(lab: FlowLab, act: Callable[[], object]) -> tuple[list[str], list[str], int]:
    """Writing calls to AWS, writing requests in the cluster's audit log, and the number of all calls."""
    calls, entries = len(lab.calls.made), len(lab.running(CLUSTER).audit)
    act()
    made = lab.calls.made[calls:]
    audited = [entry for entry in lab.running(CLUSTER).audit[entries:] if entry.verb not in _READING]
    return (
        [call.name for call in made if not call.reads],
        [f"{entry.verb} {entry.resource} {entry.name}" for entry in audited],
        len(made),
    )


def test_the_run_after_the_changes_writes_nothing(lab: FlowLab) -> None:
    def work() -> Any:
        onboard(lab, CLUSTER, "onboard")
        apply_manifests(lab)
        reconcile(lab, CLUSTER, "first")
        return _writes(lab, lambda: reconcile(lab, CLUSTER, "second"))

    aws, kubernetes, _ = in_branch(work)
    assert (aws, kubernetes) == ([], [])


def test_reconciling_a_converged_cluster_again_writes_nothing(lab: FlowLab) -> None:
    def work() -> Any:
        _converge(lab)
        return _writes(lab, lambda: reconcile(lab, CLUSTER, "again"))

    aws, kubernetes, calls = in_branch(work)
    assert (aws, kubernetes) == ([], [])
    assert calls > 40


def test_onboarding_a_converged_cluster_again_writes_nothing(lab: FlowLab) -> None:
    def work() -> Any:
        _converge(lab)
        reconcile(lab, CLUSTER, "lane", lane="onboard")
        return _writes(lab, lambda: onboard(lab, CLUSTER, "again"))

    aws, kubernetes, _ = in_branch(work)
    assert (aws, kubernetes) == ([], [])


def test_offboarding_leaves_the_account_as_it_was(lab: FlowLab) -> None:
    def work() -> Any:
        before = state_of(lab)
        _converge(lab)
        assert list(differences(before, state_of(lab)))
        offboard(lab, CLUSTER, "leave")
        after = state_of(lab)
        left = set(after.pop("kubernetes")) - set(before.pop("kubernetes"))
        return list(differences(before, after)), sorted(left)

    account, cluster = in_branch(work)
    assert account == []
    deployments = ["deployments apps/datastore-v1", "deployments apps/datastore-v2"]
    assert cluster == [*deployments, "gateways apps/eks-lattice-network", "httproutes apps/datastore"]


def test_offboarding_a_cluster_that_is_not_registered_writes_nothing(lab: FlowLab) -> None:
    assert in_branch(lambda: _writes(lab, lambda: offboard(lab, CLUSTER, "leave")))[:2] == ([], [])


def test_the_lease_of_a_function_that_died_is_kept_until_it_expires(lab: FlowLab) -> None:
    def work() -> Any:
        onboard(lab, CLUSTER, "onboard")
        apply_manifests(lab)
        state = lab.invoke("read_cluster", {"cluster": CLUSTER, "run": "first"})
        plan = lab.invoke("plan_cluster", state)
        name = next(stage["items"][0] for stage in plan["stages"] if stage["kind"] == "apply_service")
        item = {"kind": "apply_service", "phase": "apply", "name": name}
        payload = {**state, "planKey": plan["planKey"], "item": item}
        lab.calls.after = _die_after("vpc-lattice:CreateService", lab)
        with pytest.raises(Stopped):
            lab.invoke_once("apply_service", payload)
        lab.calls.after = None
        other = {**payload, "run": "second"}
        with pytest.raises(LeaseHeldError):
            lab.invoke_once("apply_service", other)
        assert lab.invoke_once("apply_service", payload)["status"] == "IN_PROGRESS"
        lab.calls.after = _die_after("vpc-lattice:ListServices", lab)
        with pytest.raises(Stopped):
            lab.invoke_once("apply_service", payload)
        lab.calls.after = None
        lab.clock.move(LEASE_SECONDS - 1)
        with pytest.raises(LeaseHeldError):
            lab.invoke_once("apply_service", other)
        lab.clock.move(1)
        return lab.invoke_once("apply_service", other)["status"]

    assert in_branch(work) in ("IN_PROGRESS", "PROGRAMMED")


def _die_after(name: str, lab: FlowLab) -> Callable[[Call], None]:
    def after(call: Call) -> None:
        if call.name == name:
            lab.calls.dead = True
            raise Stopped

    return after
