"""Clusters as members of a fleet: drift of what Trellis needs in them, the drift check, joining in another way."""

from typing import Any

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

CLUSTER = "EKS-CLUSTER-A"
OLD = "EKS-CLUSTER-OLD"


def test_access_that_was_narrowed_by_hand_is_repaired_when_asked_for(world: World, onboarded: Walkthrough) -> None:
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
    ids = [rule["SecurityGroupRuleId"] for rule in _rules(ec2, group)]
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ids)
    world.run("reconcile-cluster", {"cluster": CLUSTER})
    assert _sources(ec2, group) == before


def test_the_drift_check_reconciles_every_registered_cluster(world: World, onboarded: Walkthrough) -> None:
    ec2, group = world.aws("ec2"), _security_group(world)
    before = _sources(ec2, group)
    ec2.revoke_security_group_ingress(
        GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"] for rule in _rules(ec2, group)]
    )
    outcomes = world.run("check-drift", {})
    assert {found["cluster"]: found["status"] for found in outcomes}[CLUSTER] == "APPLIED"
    assert _sources(ec2, group) == before


def test_the_schedule_starts_the_drift_check(world: World, onboarded: Walkthrough) -> None:
    before = len(_executions(world, "check-drift"))
    with _every_minute(world.aws("scheduler")):
        world.wait("a scheduled drift check", lambda: len(_executions(world, "check-drift")) > before)
    world.wait("its end", lambda: not _running(world, "check-drift"))
    assert {execution["status"] for execution in _executions(world, "check-drift")} <= {"SUCCEEDED", "ABORTED"}


def test_stopping_a_drift_check_stops_what_it_has_started(stack: Stack, world: World, onboarded: Walkthrough) -> None:
    states = world.aws("stepfunctions")
    arn = world.status()["stateMachines"]["check-drift"]
    execution = states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    world.wait("a child execution", lambda: _running(world, "reconcile-cluster"))
    states.stop_execution(executionArn=execution)
    world.wait("the end of the children", lambda: not _running(world, "reconcile-cluster"))


def test_a_cluster_that_knows_only_its_config_map_joins_and_leaves(world: World, onboarded: Walkthrough) -> None:
    eks = world.aws("eks")
    subnets = world.aws("ec2").describe_subnets()["Subnets"]
    vpc_id = onboarded.vpcs["outside"]
    eks.create_cluster(
        name=OLD,
        roleArn="arn:aws:iam::111122223333:role/eks-cluster",
        resourcesVpcConfig={"subnetIds": [found["SubnetId"] for found in subnets if found["VpcId"] == vpc_id]},
        accessConfig={"authenticationMode": "CONFIG_MAP"},
        tags={"trellis:service-network": "old-network"},
    )
    _wait_for(world, "onboard-cluster")
    assert eks.describe_cluster(name=OLD)["cluster"]["accessConfig"]["authenticationMode"] == "API_AND_CONFIG_MAP"
    assert "old-network" in _networks(world)
    eks.untag_resource(
        resourceArn=eks.describe_cluster(name=OLD)["cluster"]["arn"], tagKeys=["trellis:service-network"]
    )
    _wait_for(world, "offboard-cluster")
    assert "old-network" not in _networks(world)
    eks.delete_cluster(name=OLD)
    _wait_for(world, "offboard-cluster")


def _entries(eks: Any) -> list[str]:
    return list(eks.list_access_entries(clusterName=CLUSTER)["accessEntries"])
