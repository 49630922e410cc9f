"""What the attackers' tests share: the victim with all that it has, and objects that are there for a while."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from manifests import Document, apply, delete
from observing import CLUSTER_A, CLUSTER_B, NETWORK, conditions, service_of
from watching import watched

from trellis_local.walkthrough import World

VICTIM = "datastore.lattice-test.io"
ZONE = "lattice-test.io"
MALLORY = "mallory"


@dataclass(frozen=True)
class Belongings:
    """All that is the victim's, and the policy of the network that it shares."""

    service: Any
    auth: Any
    network_auth: Any
    records: Any
    conditions: Any


def belongings(world: World) -> Belongings:
    """What the victim has now: service, listeners, rules, targets, auth type, policy, tags, records, conditions."""
    lattice, service = world.aws("vpc-lattice"), service_of(world, VICTIM)
    (network,) = (item for item in lattice.list_service_networks()["items"] if item["name"] == NETWORK)
    return Belongings(
        service,
        _auth(lattice, service["arn"], lattice.get_service(serviceIdentifier=service["arn"])) if service else None,
        _auth(lattice, network["arn"], lattice.get_service_network(serviceNetworkIdentifier=network["id"])),
        {name: values for name, values in records(world).items() if name.endswith((f" {VICTIM}.", f".{VICTIM}."))},
        {
            kind: (found["status"], found["reason"])
            for kind, found in conditions(world, CLUSTER_B, "HTTPRoute", "apps/datastore").items()
        },
    )


def _auth(lattice: Any, arn: str, found: Document) -> tuple[str, str, Document]:
    try:
        policy = str(lattice.get_auth_policy(resourceIdentifier=arn)["policy"])
    except lattice.exceptions.ResourceNotFoundException:
        policy = ""
    return found["authType"], policy, lattice.list_tags_for_resource(resourceArn=arn)["tags"]


def records(world: World, zone: str = ZONE) -> dict[str, list[str]]:
    """The values of a zone's records by type and name."""
    route53 = world.aws("route53")
    found_zone = next(
        found["Id"] for found in route53.list_hosted_zones()["HostedZones"] if found["Name"] == f"{zone}."
    )
    return {
        f"{found['Type']} {found['Name']}": [item["Value"] for item in found["ResourceRecords"]]
        for found in route53.list_resource_record_sets(HostedZoneId=found_zone)["ResourceRecordSets"]
    }


@contextmanager
def applied(world: World, cluster: str, *documents: Document) -> Iterator[None]:
    """Meanwhile the objects exist; afterwards they are gone, and so is what was made for them."""
    api = world.kubernetes(cluster)
    apply(api, *documents)
    try:
        yield
    finally:
        withdraw(world, cluster, *documents)


def withdraw(world: World, cluster: str, *documents: Document) -> None:
    """Delete the objects, and what was made for them; one route after the other, or the guard would stop the run."""
    api = world.kubernetes(cluster)
    for route in (document for document in documents if document["kind"] == "HTTPRoute"):
        delete(api, route)
        world.run("reconcile-cluster", {"cluster": cluster})
    delete(api, *documents)
    world.run("reconcile-cluster", {"cluster": cluster})


@contextmanager
def unharmed(world: World, vpcs: dict[str, str], **answers: int) -> Iterator[None]:
    """Meanwhile nothing of the victim changes, and its clients get these answers by place at every moment."""
    before = belongings(world)
    with watched(world, {place: vpcs[place] for place in answers}, VICTIM, "/popular") as watch:
        yield
    assert belongings(world) == before
    assert watch.courses() == {place: [status] for place, status in answers.items()}


def race(world: World) -> None:
    """Both clusters are reconciled at the same time, twice: the loser has to see that it lost."""
    states, arn = world.aws("stepfunctions"), world.status()["stateMachines"]["reconcile-cluster"]
    for _ in range(2):
        started = [
            states.start_execution(stateMachineArn=arn, input=json.dumps({"cluster": cluster}))["executionArn"]
            for cluster in (CLUSTER_A, CLUSTER_B)
        ]
        for execution in started:
            world.wait(
                "the end of the race",
                lambda execution=execution: states.describe_execution(executionArn=execution)["status"] != "RUNNING",
            )
