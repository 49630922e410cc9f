"""What a run finds done it does not do again; what another works on it leaves alone; who leaves leaves nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flow_calls import Call, Stopped
from flow_driver import offboard, onboard, reconcile
from flow_forks import in_branch
from flow_lab import BUCKET, LEASE_SECONDS, FlowLab
from flow_state import differences, state_of
from flow_world import CLUSTER, apply_manifests

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
    def outcome(payload: dict[str, Any]) -> tuple[str, str]:
        key = lab.invoke_once("apply_service", payload)["outcomesKey"]
        body = lab.aws("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        (found,) = json.loads(body)["outcomes"]
        return found["status"], "".join(refusal["reason"] for refusal in found["refusals"])

    def work() -> Any:
        onboard(lab, CLUSTER, "onboard")
        apply_manifests(lab)
        state = lab.invoke("read_cluster", {"cluster": CLUSTER, "run": "first"})
        plan = lab.invoke("plan_cluster", state)
        batches = [batch for stage in plan["stages"] for batch in stage["batches"]]
        (batch,) = (batch for batch in batches if batch["kind"] == "apply_service")
        payload = {**state, "planKey": plan["planKey"], "batch": batch}
        lab.calls.after = _die_after("vpc-lattice:CreateService", lab)
        with pytest.raises(Stopped):
            lab.invoke_once("apply_service", payload)
        lab.calls.after = None
        other = {**payload, "run": "second"}
        assert outcome(other) == ("IN_PROGRESS", "LeaseHeldError")
        assert outcome(payload) == ("IN_PROGRESS", "")
        lab.calls.after = _die_after("vpc-lattice:ListServices", lab)
        with pytest.raises(Stopped):
            lab.invoke_once("apply_service", payload)
        lab.calls.after = None
        lab.clock.move(LEASE_SECONDS - 1)
        assert outcome(other) == ("IN_PROGRESS", "LeaseHeldError")
        lab.clock.move(1)
        return outcome(other)[0]

    assert in_branch(work) in ("IN_PROGRESS", "PROGRAMMED")


def _die_after(name: str, lab: FlowLab) -> Callable[[Call], None]:
    def after(call: Call) -> None:
        if call.name == name:
            lab.calls.dead = True
            raise Stopped

    return after
