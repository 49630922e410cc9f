"""Clusters as members of a fleet: drift of what Trellis needs in them, the drift check, joining in another way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from extra_cluster import ExtraCluster

from trellis_local.walkthrough import Walkthrough, World

CLUSTER = "EKS-CLUSTER-A"


def test_access_that_was_narrowed_by_hand_is_repaired_when_asked_for(
    world: World, onboarded: Walkthrough, unnoticed: None
) -> None:
    eks = world.aws("eks")
    reader = next(entry for entry in _entries(eks) if "ReadCluster" in entry)
    where = {"clusterName": CLUSTER, "principalArn": reader}
    before = eks.describe_access_entry(**where)["accessEntry"]["kubernetesGroups"]
    eks.update_access_entry(**where, kubernetesGroups=[])
    world.run("onboard-cluster", {"cluster": CLUSTER, "repair": True})
    assert eks.describe_access_entry(**where)["accessEntry"]["kubernetesGroups"] == before
    assert not [entry for entry in _entries(eks) if "PrepareCluster" in entry], "the administrator's entry stayed"


def test_a_security_group_that_was_closed_by_hand_is_opened_again(world: World, onboarded: Walkthrough) -> None:
    ec2, group = world.aws("ec2"), _security_group(world)
    before = _sources(ec2, group)
    _close(ec2, group)
    world.run("reconcile-cluster", {"cluster": CLUSTER})
    assert _sources(ec2, group) == before


def test_the_drift_check_reconciles_every_registered_cluster(
    world: World, onboarded: Walkthrough, unnoticed: None
) -> None:
    ec2, group = world.aws("ec2"), _security_group(world)
    before = _sources(ec2, group)
    _close(ec2, group)
    outcomes: Any = world.run("check-drift", {})
    assert {found["cluster"]: found["status"] for found in outcomes}[CLUSTER] == "APPLIED"
    assert _sources(ec2, group) == before


def test_the_schedule_starts_the_drift_check(world: World, onboarded: Walkthrough) -> None:
    before = len(_executions(world, "check-drift"))
    with _every_minute(world):
        world.wait("a scheduled drift check", lambda: len(_executions(world, "check-drift")) > before)
    world.wait("its end", lambda: not _running(world, "check-drift"))
    assert {execution["status"] for execution in _executions(world, "check-drift")} <= {"SUCCEEDED", "ABORTED"}


def test_stopping_a_drift_check_stops_what_it_has_started(world: World, onboarded: Walkthrough) -> None:
    states = world.aws("stepfunctions")
    arn = world.status()["stateMachines"]["check-drift"]
    execution = states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    world.wait("a child execution", lambda: _running(world, "reconcile-cluster"))
    states.stop_execution(executionArn=execution)
    world.wait("the end of the children", lambda: not _running(world, "reconcile-cluster"))


def test_a_cluster_that_knows_only_its_config_map_joins_and_leaves(world: World, onboarded: Walkthrough) -> None:
    cluster = ExtraCluster(world, "only-config-map")
    cluster.create(authentication_mode="CONFIG_MAP")
    assert cluster.join("old-network") == "SUCCEEDED"
    found = world.aws("eks").describe_cluster(name=cluster.name)["cluster"]
    assert found["accessConfig"]["authenticationMode"] == "API_AND_CONFIG_MAP"
    assert "old-network" in _networks(world)
    assert cluster.leave() == "SUCCEEDED"
    assert "old-network" not in _networks(world)
    cluster.remove()


@contextmanager
def _every_minute(world: World) -> Iterator[None]:
    scheduler = world.aws("scheduler")
    (name,) = [item["Name"] for item in scheduler.list_schedules()["Schedules"] if "CheckDrift" in item["Name"]]
    found = scheduler.get_schedule(Name=name)
    kept = {key: found[key] for key in ("Name", "FlexibleTimeWindow", "Target", "State")}
    scheduler.update_schedule(**kept, ScheduleExpression="rate(1 minute)")
    try:
        yield
    finally:
        scheduler.update_schedule(**kept, ScheduleExpression=found["ScheduleExpression"])


def _executions(world: World, machine: str) -> list[dict[str, Any]]:
    arn = world.status()["stateMachines"][machine]
    found: list[dict[str, Any]] = world.aws("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return found


def _running(world: World, machine: str) -> bool:
    return any(execution["status"] == "RUNNING" for execution in _executions(world, machine))


def _entries(eks: Any) -> list[str]:
    return list(eks.list_access_entries(clusterName=CLUSTER)["accessEntries"])


def _security_group(world: World) -> str:
    found = world.aws("eks").describe_cluster(name=CLUSTER)["cluster"]
    return str(found["resourcesVpcConfig"]["clusterSecurityGroupId"])


def _rules(ec2: Any, group: str) -> list[dict[str, Any]]:
    """The rules with VPC Lattice as source."""
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    return [rule for rule in found if not rule["IsEgress"] and rule.get("PrefixListId")]


def _sources(ec2: Any, group: str) -> list[str]:
    return sorted(rule["PrefixListId"] for rule in _rules(ec2, group))


def _close(ec2: Any, group: str) -> None:
    ids = [rule["SecurityGroupRuleId"] for rule in _rules(ec2, group)]
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)


def _networks(world: World) -> list[str]:
    return [item["name"] for item in world.aws("vpc-lattice").list_service_networks()["items"]]
