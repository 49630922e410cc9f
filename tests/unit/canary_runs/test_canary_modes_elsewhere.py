"""F24 to F28: VPC Lattice carries something else, or somebody else writes to it."""

import pytest
from canary_execution import Execution
from canary_world import World, asked

from trellis.canary.state import Phase
from trellis.runs.canary_evaluation import EvaluationCall, evaluate


def lag(it: World, *names: str) -> None:
    (service,) = it.lattice.services.values()
    it.lattice.lagging = {listener.name for listener in service.listeners if not names or str(listener.port) in names}
    assert it.lattice.lagging


TOPIC = "arn:aws:sns:us-west-2:111122223333:people"


def test_f24_a_version_that_is_gone_from_vpc_lattice_pages_once_and_nothing_advances(it: World) -> None:
    canary = Execution(it, "orders-1", asked(notify=[TOPIC])).until("Evaluate")
    it.lattice.gone.add(it.lease.progress.groups[0].baseline)
    for _ in range(3):
        canary.advance()
    assert canary.state == "Evaluate"
    assert it.names_told.count("LatticeDrifted") == 1
    (message,) = it.messages
    assert message.startswith("LATTICE_DRIFTED: rule")
    assert it.cloudwatch.measured.count(("Trellis", "LatticeDrifts", (), 1)) == 3
    assert it.server.weights == (50, 50)


def test_f24_what_is_gone_pages_while_the_step_still_bakes(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.lattice.gone.add(it.lease.progress.groups[0].baseline)
    it.now -= 390
    canary.advance()
    assert "LatticeDrifted" in it.names_told
    assert it.lease.progress.steps[-1]["verdicts"][-1]["reason"] != "LATTICE_DRIFTED"


def test_f24_what_is_gone_pages_beside_an_open_gate(it: World) -> None:
    canary = Execution(it, "orders-1", asked(gates={"beforePromote": True}, notify=[TOPIC])).until("Gate")
    it.lattice.gone.add(it.lease.progress.groups[0].baseline)
    for _ in range(2):
        assert evaluate(it.tools, canary.call(EvaluationCall, "watch"))["decided"] is False
    assert it.names_told.count("LatticeDrifted") == 1


def test_f24_what_comes_back_lets_the_canary_go_on_and_pages_anew(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    group = it.lease.progress.groups[0].baseline
    for gone in ({group}, set(), {group}, set()):
        it.lattice.gone = set(gone)
        it.now -= 390  # the step still bakes
        canary.advance()
    assert it.names_told.count("LatticeDrifted") == 2
    assert canary.finished().end == ""


def test_f25_rules_that_do_not_follow_end_the_canary(it: World, canary: Execution) -> None:
    canary.until("Shift")
    lag(it)
    canary.until("RollBack")
    assert canary.because.startswith("NOT_APPLIED: VPC Lattice has not followed the route")
    assert canary.finished().end == "RolledBack"
    assert it.server.weights == (100, 0)


def test_f25_a_rollback_counts_only_when_vpc_lattice_carries_it(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.cloudwatch.failing.add("v2")
    lag(it)
    canary.until("VerifyRollback")
    canary.advance()
    assert (canary.state, canary.tries, it.lease.phase) == ("VerifyRollback", 1, Phase.ROLLING_BACK)
    assert canary.finished().end == "RollbackFailed"
    assert (it.server.weights, it.lease.phase) == ((100, 0), Phase.ROLLBACK_FAILED)


def test_f25_a_rollback_that_failed_is_completed_by_the_sweep(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.cloudwatch.failing.add("v2")
    lag(it)
    canary.finished()
    it.lattice.lagging.clear()
    assert it.sweep() == ["recovered"]
    name, document = it.states.started[-1]
    assert Execution(it, name, document).finished().end == "RolledBack"
    assert (it.lattice.shares(), it.is_locked) == ({(100, 0)}, False)


def test_f26_every_listener_has_to_follow(it: World, canary: Execution) -> None:
    canary.until("Shift")
    lag(it, "8080")
    canary.until("Verify")
    canary.advance()
    assert (canary.state, it.lattice.shares()) == ("Verify", {(50, 50), (100, 0)})
    it.lattice.lagging.clear()
    it.reconcile()
    canary.advance()
    assert canary.state == "Evaluate"


@pytest.mark.parametrize("state", ["Evaluate", "Complete"])
def test_f27_a_drift_check_beside_a_canary_changes_no_weight(it: World, canary: Execution, state: str) -> None:
    canary.until(state)
    carried = it.lattice.shares()
    it.server.apply(100, 0)
    it.reconcile()
    assert it.lattice.shares() == carried


def test_f27_a_drift_check_beside_a_rollback_goes_the_same_way(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.cloudwatch.failing.add("v2")
    canary.until("ReconcileBaseline")
    it.reconcile()
    assert it.lattice.shares() == {(100, 0)}


def test_f27_between_promotion_and_manifests_the_promoted_weights_stay(it: World, canary: Execution) -> None:
    canary.finished()
    it.server.apply(100, 0)
    it.reconcile()
    assert (canary.end, it.lattice.shares()) == ("", {(0, 100)})
    it.server.apply(0, 100)
    assert it.sweep() == ["cleared"]
    it.reconcile()
    assert (it.lattice.shares(), it.is_locked) == ({(0, 100)}, False)


@pytest.mark.parametrize("state", ["Shift", "Evaluate"])
def test_f28_a_plan_from_before_the_lease_writes_nothing_after_it(it: World, canary: Execution, state: str) -> None:
    it.lattice.deregister()
    old = it.plan()
    canary.until(state)
    carried = it.lattice.shares()
    assert it.apply(old) == ["REFUSED"]
    assert it.lattice.shares() == carried


def test_f28_a_plan_from_before_a_rollback_writes_nothing_after_it(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.lattice.deregister()
    old = it.plan()
    it.cloudwatch.failing.add("v2")
    canary.finished()
    assert it.apply(old) == ["REFUSED"]
    assert it.lattice.shares() == {(100, 0)}


@pytest.mark.parametrize("scope", ["cluster", "service/orders.example.org"])
def test_f28_weights_that_were_read_before_a_rollback_are_not_put_back_after_it(
    it: World, canary: Execution, scope: str
) -> None:
    canary.until("Evaluate")
    run = it.read(scope)
    it.cloudwatch.failing.add("v2")
    canary.finished()
    planned = it.plan(run)
    assert (it.apply(planned), it.lattice.shares()) == ([], {(100, 0)})
    plan = it.documents.get(planned["planKey"])
    assert [line["reason"] for line in plan["refused"]] == ["CanaryShifted"]
    assert (plan["verdict"], plan["items"]) == ("REPORT_ONLY", [])
    assert (it.reconcile(), it.lattice.shares()) == ([], {(100, 0)})


def test_f28_a_canary_that_begins_while_the_cluster_is_read_leaves_nothing_behind(it: World, canary: Execution) -> None:
    it.interrupt("before LIST", lambda: canary.until("Evaluate"))
    run = it.read()
    it.cloudwatch.failing.add("v2")
    assert canary.finished().end == "RolledBack"
    assert (it.apply(it.plan(run)), it.lattice.shares()) == ([], {(100, 0)})


def test_f28_manifests_from_before_a_promotion_are_not_served_once_its_override_is_over(
    it: World, canary: Execution
) -> None:
    canary.finished()
    it.server.apply(100, 0)
    run = it.read()
    it.server.apply(0, 100)
    assert it.sweep() == ["cleared"]
    assert (it.apply(it.plan(run)), it.lattice.shares()) == ([], {(0, 100)})


@pytest.mark.parametrize("place", ["before VPC Lattice", "after VPC Lattice"])
def test_f28_a_canary_that_shifts_while_a_run_writes_has_the_last_word(
    it: World, canary: Execution, place: str
) -> None:
    canary.until("Shift")
    it.lattice.deregister()
    it.interrupt(place, lambda: canary.until("Reconcile"))
    assert it.reconcile() == ["PROGRAMMED"]
    canary.until("Evaluate")
    assert it.lattice.shares() == {(50, 50)}
