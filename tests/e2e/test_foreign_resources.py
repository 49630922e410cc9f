"""Other people's resources in the way of what a cluster asks for: refused with a reason, and left as they are."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from extra_cluster import ExtraCluster, extra_cluster
from manifests import Document, apply, backend, delete, gateway, namespace, route
from observing import CLUSTER_B, conditions, events_kept_away, execute, report_of, service_of

from trellis_local.walkthrough import Walkthrough, World

PLACE = "crowded"
ZONE = "lattice-test.io"
SETTLER = "settler"
DNS_READY = "trellis.dev/DNSReady"

ROUTES = {
    "taken": route(f"{PLACE}/taken", hostname=f"taken.{ZONE}"),
    "address": route(f"{PLACE}/address", hostname=f"address.{ZONE}"),
    "no-zone": route(f"{PLACE}/no-zone", hostname="shop.nowhere.example"),
    "same-name": route(f"{PLACE}/same-name", hostname=f"same-name.{ZONE}"),
}
RECORDS: list[Document] = [
    {"Name": f"taken.{ZONE}.", "Type": "CNAME", "TTL": 30, "ResourceRecords": [{"Value": "elsewhere.example"}]},
    {"Name": f"address.{ZONE}.", "Type": "A", "TTL": 30, "ResourceRecords": [{"Value": "192.168.50.7"}]},
]


@dataclass(frozen=True)
class Aftermath:
    """The run over everything that was in the way; `squatter` is somebody else's service."""

    execution: Mapping[str, Any]
    report: Mapping[str, Any]
    squatter: Mapping[str, Any]


@pytest.fixture(scope="module")
def aftermath(onboarded: Walkthrough, world: World) -> Iterator[Aftermath]:
    api, lattice = world.kubernetes(CLUSTER_B), world.aws("vpc-lattice")
    documents = [namespace(PLACE), gateway(PLACE), *backend(PLACE), *ROUTES.values()]
    with events_kept_away(world):  # else the records' event would start a run before everything is in the way
        change_records(world, "CREATE")
        apply(api, *documents)
        squatter = lattice.create_service(name=planned_service(world, "same-name"))
        before = world.wait("somebody's service", lambda: active(world, squatter["id"]))
        execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B})
    yield Aftermath(execution, report_of(world, execution, CLUSTER_B), before)
    delete(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    lattice.delete_service(serviceIdentifier=squatter["id"])
    change_records(world, "DELETE")


def test_the_run_succeeds_and_makes_what_it_can(aftermath: Aftermath, world: World) -> None:
    assert aftermath.execution["status"] == "SUCCEEDED", aftermath.report["refused"]
    for name in ("taken", "address", "no-zone"):
        assert conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/{name}")["Programmed"]["status"] == "True"
        assert service_of(world, ROUTES[name]["spec"]["hostnames"][0]) is not None


@pytest.mark.parametrize(
    ("name", "reason"), [("taken", "RecordNotOwned"), ("address", "RecordNotOwned"), ("no-zone", "NoHostedZone")]
)
def test_a_name_that_cannot_be_had_is_told_by_condition_and_report(
    aftermath: Aftermath, world: World, name: str, reason: str
) -> None:
    found = conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/{name}")[DNS_READY]
    assert (found["status"], found["reason"]) == ("False", reason)
    hostname = ROUTES[name]["spec"]["hostnames"][0]
    assert reason in {line["reason"] for line in aftermath.report["refused"] if line["resource"] == hostname}


def test_somebodys_records_are_left_as_they_are(aftermath: Aftermath, world: World) -> None:
    records = world.aws("route53").list_resource_record_sets(HostedZoneId=zone_id(world))["ResourceRecordSets"]
    names = {record["Name"] for record in RECORDS}
    found = [record for record in records if any(record["Name"].endswith(name) for name in names)]
    assert sorted(found, key=lambda record: str(record["Name"])) == sorted(RECORDS, key=lambda record: record["Name"])


def test_somebodys_service_of_the_same_name_is_left_as_it_is(aftermath: Aftermath, world: World) -> None:
    programmed = conditions(world, CLUSTER_B, "HTTPRoute", f"{PLACE}/same-name")["Programmed"]
    assert (programmed["status"], programmed["reason"]) == ("False", "NotOwned")
    assert active(world, aftermath.squatter["id"]) == aftermath.squatter
    assert "NotOwned" in {line["reason"] for line in aftermath.report["refused"]}


@pytest.fixture(scope="module")
def settler(onboarded: Walkthrough, world: World) -> Iterator[tuple[ExtraCluster, str]]:
    """A cluster in a VPC that somebody has put into another network, with the association's id."""
    lattice = world.aws("vpc-lattice")
    with ExitStack() as stack:
        cluster = stack.enter_context(extra_cluster(world, SETTLER))
        network = lattice.create_service_network(name="their-network")["id"]
        association = lattice.create_service_network_vpc_association(
            serviceNetworkIdentifier=network, vpcIdentifier=cluster.vpc_id
        )["id"]
        world.wait("their association", lambda: association_of(world, association) == "ACTIVE")
        yield cluster, association
        assert cluster.leave() == "SUCCEEDED"
        assert association_of(world, association) == "ACTIVE"
        lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=association)
        world.wait(
            "their association gone",
            lambda: not lattice.list_service_network_vpc_associations(vpcIdentifier=cluster.vpc_id)["items"],
        )
        lattice.delete_service_network(serviceNetworkIdentifier=network)


def test_a_vpc_of_another_network_keeps_its_association_and_gets_its_services(
    settler: tuple[ExtraCluster, str], world: World
) -> None:
    cluster, association = settler
    assert cluster.join() == "SUCCEEDED"
    hostname = f"settler.{ZONE}"
    documents = (namespace("apps"), gateway("apps"), *backend("apps"), route("apps/settler", hostname=hostname))
    apply(world.kubernetes(SETTLER), *documents)
    execution = execute(world, "reconcile-cluster", {"cluster": SETTLER})
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    refused = report_of(world, execution, SETTLER)["refused"]
    assert "VpcBelongsToOtherNetwork" in {line["reason"] for line in refused}
    programmed = conditions(world, SETTLER, "Gateway", "apps/eks-lattice-network")["Programmed"]
    assert (programmed["status"], programmed["reason"]) == ("False", "VpcBelongsToOtherNetwork")
    assert conditions(world, SETTLER, "HTTPRoute", "apps/settler")["Programmed"]["status"] == "True"
    assert service_of(world, hostname) is not None
    assert association_of(world, association) == "ACTIVE"


def planned_service(world: World, name: str) -> str:
    """The name that the route's service would get, as a run in mode plan tells."""
    execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B, "mode": "plan"})
    changes = report_of(world, execution, CLUSTER_B)["planned"]
    created = [str(change["resource"]) for change in changes if change["kind"] == "CreateService"]
    return next(found.removeprefix("service ") for found in created if name in found)


def active(world: World, service: str) -> dict[str, Any] | None:
    found = world.aws("vpc-lattice").get_service(serviceIdentifier=service)
    return {key: found[key] for key in found if key != "ResponseMetadata"} if found["status"] == "ACTIVE" else None


def association_of(world: World, association: str) -> str:
    lattice = world.aws("vpc-lattice")
    found = lattice.get_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=association)
    return str(found["status"])


def zone_id(world: World) -> str:
    zones = world.aws("route53").list_hosted_zones()["HostedZones"]
    return next(str(zone["Id"]) for zone in zones if zone["Name"] == f"{ZONE}.")


def change_records(world: World, action: str) -> None:
    changes = [{"Action": action, "ResourceRecordSet": record} for record in RECORDS]
    world.aws("route53").change_resource_record_sets(HostedZoneId=zone_id(world), ChangeBatch={"Changes": changes})
