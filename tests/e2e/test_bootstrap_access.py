"""The bootstrap role is an administrator of a cluster only while something is being installed there.

The cluster's API is dead, so that PrepareCluster tries again and again and there is time to look.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from extra_cluster import ExtraCluster, extra_cluster
from observing import execute

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

NAME = "half-prepared"
FUNCTION = "GrantClusterAccessFunction"


@pytest.fixture(scope="module")
def cluster(onboarded: Walkthrough, stack: Stack, world: World) -> Iterator[ExtraCluster]:
    with extra_cluster(world, NAME) as made:
        assert made.join() == "SUCCEEDED"
        stack.clusters[NAME].stop()
        yield made
        assert made.leave() == "SUCCEEDED"


def test_when_preparing_fails_the_machine_takes_the_rights_back(cluster: ExtraCluster, world: World) -> None:
    failed = execute(world, "onboard-cluster", {"cluster": NAME, "repair": True})
    assert failed["status"] == "FAILED"
    assert "ClusterUnreadableError" in failed["cause"]
    assert administrators(world) == []


def test_when_the_execution_is_stopped_its_event_takes_the_rights_back(cluster: ExtraCluster, world: World) -> None:
    stop_while_preparing(world)
    world.wait("no administrator is left", lambda: administrators(world) == [])


def test_when_that_event_is_lost_a_sweep_takes_the_rights_back(cluster: ExtraCluster, world: World) -> None:
    events = world.aws("events")
    (rule,) = [found["Name"] for found in events.list_rules()["Rules"] if "PreparationEnded" in found["Name"]]
    events.disable_rule(Name=rule)
    try:
        stop_while_preparing(world)
        note = elevation(world)
        assert len(administrators(world)) == 1
        # The note is made older rather than an hour waited for.
        world.aws("dynamodb").put_item(TableName=table(world), Item={**note, "since": {"N": "0"}})
        (function,) = [
            found["FunctionName"]
            for found in world.aws("lambda").list_functions()["Functions"]
            if FUNCTION in found["FunctionName"]
        ]
        world.aws("lambda").invoke(FunctionName=function, Payload=b'{"action": "sweep"}')
        assert administrators(world) == []
        assert elevation(world) is None
    finally:
        events.enable_rule(Name=rule)


def stop_while_preparing(world: World) -> None:
    states = world.aws("stepfunctions")
    arn = world.status()["stateMachines"]["onboard-cluster"]
    document = f'{{"cluster": "{NAME}", "repair": true}}'
    execution = states.start_execution(stateMachineArn=arn, input=document)["executionArn"]
    world.wait("an administrator", lambda: administrators(world))
    states.stop_execution(executionArn=execution)


def administrators(world: World) -> list[str]:
    """Trellis' roles with an access policy; the lasting ones have none."""
    principals = world.aws("eks").list_access_entries(clusterName=NAME)["accessEntries"]
    return [arn for arn in principals if ":role/trellis/" in arn and has_policy(world, arn)]


def has_policy(world: World, principal: str) -> bool:
    eks = world.aws("eks")
    try:
        found = eks.list_associated_access_policies(clusterName=NAME, principalArn=principal)
    except eks.exceptions.ResourceNotFoundException:  # gone since it was listed
        return False
    return bool(found["associatedAccessPolicies"])


def table(world: World) -> str:
    (name,) = world.aws("dynamodb").list_tables()["TableNames"]
    return str(name)


def elevation(world: World) -> Any:
    key = {"pk": {"S": "ELEVATED"}, "sk": {"S": NAME}}
    return world.aws("dynamodb").get_item(TableName=table(world), Key=key).get("Item")
