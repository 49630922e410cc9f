"""A run that finds nothing to do writes nothing, counted in the logs of AWS and of the clusters.

What runs Trellis is no write to the managed world and is not counted: that the tester starts an execution, that a state
machine invokes its functions, and that one state machine starts another.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from observing import is_reservation

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

CLUSTERS = ("EKS-CLUSTER-A", "EKS-CLUSTER-B")
_RUNNING = {("lambda", "Invoke"), ("states", "StartExecution")}
_SETTLED_SECONDS = 10  # of the stack's clock; what has changed more recently is not remembered
_READING = {"get", "list", "watch"}


@dataclass(frozen=True)
class Writes:
    """What was written, as service:Operation and as verb of a Kubernetes resource; `reads` counts all other calls."""

    aws: tuple[str, ...]
    kubernetes: tuple[str, ...]
    reads: int


def writes_of(stack: Stack, act: Callable[[], object]) -> Writes:
    """The writes of Trellis' roles, and everybody's in the clusters, while `act` runs."""
    seq = stack.endpoint.calls.last_seq
    lengths = {name: len(cluster.audit) for name, cluster in stack.clusters.items()}
    act()
    calls = [call for call in stack.endpoint.calls.after(seq) if call.role and ":role/trellis/" in call.role]
    entries = [
        entry
        for name, cluster in stack.clusters.items()
        for entry in cluster.audit[lengths.get(name, 0) :]
        if entry.verb not in _READING
    ]
    writes = [
        call
        for call in calls
        if not call.read_only and (call.service, call.operation) not in _RUNNING and not is_reservation(call)
    ]
    return Writes(
        aws=tuple(f"{call.service}:{call.operation}" for call in writes),
        kubernetes=tuple(f"{entry.verb} {entry.resource} {entry.name}" for entry in entries),
        reads=len(calls) - len(writes),
    )


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_reconciling_again_writes_nothing(stack: Stack, world: World, onboarded: Walkthrough, cluster: str) -> None:
    world.run("reconcile-cluster", {"cluster": cluster})
    second = writes_of(stack, lambda: world.run("reconcile-cluster", {"cluster": cluster}))
    assert (second.aws, second.kubernetes) == ((), ())
    assert second.reads > 20


def test_checking_the_drift_of_a_fleet_without_drift_writes_nothing(
    stack: Stack, world: World, onboarded: Walkthrough
) -> None:
    world.run("check-drift", {})
    second = writes_of(stack, lambda: world.run("check-drift", {}))
    assert (second.aws, second.kubernetes) == ((), ())


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_check_of_a_converged_cluster_reads_lists_only(
    stack: Stack, world: World, onboarded: Walkthrough, cluster: str
) -> None:
    run = {"cluster": cluster, "lane": "schedule"}
    time.sleep(_SETTLED_SECONDS / world.speed)
    world.run("reconcile-cluster", run)
    seq = stack.endpoint.calls.last_seq
    again = writes_of(stack, lambda: world.run("reconcile-cluster", run))
    assert (again.aws, again.kubernetes) == ((), ())
    calls = [call for call in stack.endpoint.calls.after(seq) if call.service == "vpc-lattice"]
    assert [call.operation for call in calls if call.operation.startswith("Get")] == []
    assert "ListRules" in {call.operation for call in calls} or cluster == "EKS-CLUSTER-A"


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_onboarding_an_onboarded_cluster_changes_nothing(
    stack: Stack, world: World, onboarded: Walkthrough, cluster: str
) -> None:
    world.run("reconcile-cluster", {"cluster": cluster})
    again = writes_of(stack, lambda: world.run("onboard-cluster", {"cluster": cluster}))
    assert (again.aws, again.kubernetes) == ((), ())


def test_the_mode_plan_says_what_is_to_be_done_and_does_not_do_it(
    stack: Stack, world: World, onboarded: Walkthrough, unnoticed: None
) -> None:
    _delete_a_rule(world)
    reports = []
    run = {"cluster": "EKS-CLUSTER-B", "mode": "plan"}
    planned = writes_of(stack, lambda: reports.append(world.run("reconcile-cluster", run)))
    assert reports[0]["status"] == "REPORT_ONLY"
    assert reports[0]["planned"] > 0
    # Trellis' own memory, the plan and the report, and what it tells of the drift.
    memory = {"dynamodb:BatchWriteItem", "s3:PutObject"}
    assert set(planned.aws) == memory | {"events:PutEvents", "sns:Publish", "cloudwatch:PutMetricData"}
    assert planned.kubernetes == ()
    assert world.run("reconcile-cluster", {"cluster": "EKS-CLUSTER-B"})["done"] == reports[0]["planned"]


def _delete_a_rule(world: World) -> None:
    lattice = world.aws("vpc-lattice")
    service = next(item for item in lattice.list_services()["items"] if item.get("customDomainName"))
    listener = lattice.list_listeners(serviceIdentifier=service["id"])["items"][0]
    where = {"serviceIdentifier": service["id"], "listenerIdentifier": listener["id"]}
    rule = next(item for item in lattice.list_rules(**where)["items"] if not item["isDefault"])
    lattice.delete_rule(**where, ruleIdentifier=rule["id"])
