"""Hostnames that reach for zones of others: refused with a condition, and no record made, changed or lost.

`lattice-test.io` was handed to Trellis by its tag; the victim has a name in it. The zones beside and below it are those
of other teams, with and without the tag.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from attacking import MALLORY, VICTIM, ZONE, Belongings, applied, belongings, race, records, unharmed
from manifests import Document, apply, backend, delete, gateway, namespace, route
from observing import CLUSTER_A, CLUSTER_B, conditions, events_kept_away, execute, report_of

from trellis.errors import ClusterUnreadableError
from trellis_local.walkthrough import Walkthrough, World

VAULT, PARTNER, PUBLIC, TEAM = f"vault.{ZONE}", "partner.example", "public.example", f"team.{ZONE}"
LATE = f"late.{ZONE}"
DNS = "trellis.dev/DNSReady"
ATTACKS = {
    "vault": (f"keys.{VAULT}", "NoHostedZone"),
    "vault-apex": (VAULT, "NoHostedZone"),
    "partner": (f"pay.{PARTNER}", "NoHostedZone"),
    "public": (f"shop.{PUBLIC}", "NoHostedZone"),
    "team-apex": (TEAM, "ZoneApex"),
    "apex": (ZONE, "ZoneApex"),
}
ROUTES = tuple(route(f"{MALLORY}/{name}", hostname=hostname) for name, (hostname, _) in ATTACKS.items())
PLACE = (namespace(MALLORY), gateway(MALLORY), *backend(MALLORY))


@contextmanager
def zone(world: World, name: str, vpc_id: str = "", *, managed: bool) -> Iterator[str]:
    """A hosted zone, private if there is a VPC, with a record of its owner's; it is emptied and deleted at the end."""
    route53 = world.aws("route53")
    private = {
        "VPC": {"VPCRegion": "us-west-2", "VPCId": vpc_id},
        "HostedZoneConfig": {"PrivateZone": True, "Comment": ""},
    }
    made = route53.create_hosted_zone(Name=name, CallerReference=name, **(private if vpc_id else {}))
    identifier = made["HostedZone"]["Id"].rsplit("/", 1)[-1]
    if managed:
        tags = [{"Key": "trellis:managed", "Value": "true"}]
        route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier, AddTags=tags)
    change_record(world, identifier, "CREATE", theirs(name))
    yield identifier
    change_record(world, identifier, "DELETE", theirs(name))
    for vpc in route53.get_hosted_zone(Id=identifier).get("VPCs", []):
        if vpc["VPCId"] != vpc_id:
            route53.disassociate_vpc_from_hosted_zone(HostedZoneId=identifier, VPC=vpc)
    route53.delete_hosted_zone(Id=identifier)


def theirs(zone_name: str) -> Document:
    """A record of the zone's owner."""
    return {"Name": f"theirs.{zone_name}.", "Type": "A", "TTL": 30, "ResourceRecords": [{"Value": "192.168.50.7"}]}


def change_record(world: World, identifier: str, action: str, record: Document) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    world.aws("route53").change_resource_record_sets(HostedZoneId=identifier, ChangeBatch=batch)


@pytest.fixture(scope="module")
def attacked(onboarded: Walkthrough, world: World) -> Iterator[tuple[Belongings, list[Document], dict[str, object]]]:
    """The victim's belongings before the attack, what the run after it refuses, and all records before."""
    outside = onboarded.vpcs["outside"]
    with ExitStack() as stack, events_kept_away(world):
        for name, vpc_id, managed in (
            (VAULT, outside, False),
            (PARTNER, outside, False),
            (PUBLIC, "", True),
            (TEAM, outside, True),
        ):
            stack.enter_context(zone(world, name, vpc_id, managed=managed))
        before, held = belongings(world), all_records(world)
        with applied(world, CLUSTER_B, *PLACE, *ROUTES):
            with unharmed(world, onboarded.vpcs, a=200, b=200):
                execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B})
            yield before, report_of(world, execution, CLUSTER_B)["refused"], held
        assert all_records(world) == held


def all_records(world: World) -> dict[str, object]:
    return {name: records(world, name) for name in (ZONE, VAULT, PARTNER, PUBLIC, TEAM)}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_each_name_is_refused_with_a_condition_and_in_the_report(
    attacked: tuple[Belongings, list[Document], dict[str, object]], world: World, name: str
) -> None:
    hostname, reason = ATTACKS[name]
    found = conditions(world, CLUSTER_B, "HTTPRoute", f"{MALLORY}/{name}")[DNS]
    assert (found["status"], found["reason"]) == ("False", reason)
    assert {line["reason"] for line in attacked[1] if line["resource"] == hostname} == {reason}


def test_no_zone_has_a_record_more_or_less_and_the_victim_all_it_had(
    attacked: tuple[Belongings, list[Document], dict[str, object]], onboarded: Walkthrough, world: World
) -> None:
    before, _, held = attacked
    assert belongings(world) == before
    assert all_records(world) == held
    for hostname, _ in ATTACKS.values():
        assert world.get(onboarded.vpcs["a"], f"http://{hostname}/").status == 0


@pytest.mark.parametrize(
    "hostname", [VICTIM.upper(), f"{VICTIM}.", f"_trellis.{VICTIM}", f"_trellis-vpc.vpc-1.{ZONE}", f"a.*.{ZONE}"]
)
def test_what_is_no_hostname_does_not_get_into_the_cluster(onboarded: Walkthrough, world: World, hostname: str) -> None:
    """Neither as an ownership record of its own making, nor as another way to write the victim's name."""
    listening = gateway("forger")
    listening["spec"]["listeners"][0]["hostname"] = hostname
    api, place = world.kubernetes(CLUSTER_B), namespace("forger")
    apply(api, place)
    try:
        for document in (route("forger/forged", hostname=hostname), listening):
            with pytest.raises(ClusterUnreadableError, match="422"):
                apply(api, document)
    finally:
        delete(api, place)


def test_a_zone_that_is_made_below_gives_no_name_away_again(onboarded: Walkthrough, world: World) -> None:
    """The victim has `orders.late` in the zone above; mallory asks for it as soon as there is a zone `late`."""
    hostname, heirs = f"orders.{LATE}", (namespace("heirs"), gateway("heirs"), *backend("heirs"))
    victims = (*heirs, route("heirs/orders", hostname=hostname))
    mallorys = (*PLACE, route(f"{MALLORY}/orders", hostname=hostname))
    with events_kept_away(world), applied(world, CLUSTER_B, *victims):
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        (target,) = records(world)[f"CNAME {hostname}."]
        with zone(world, LATE, onboarded.vpcs["outside"], managed=True), applied(world, CLUSTER_A, *mallorys):
            world.run("reconcile-cluster", {"cluster": CLUSTER_A})
            assert refusal_of(world) == ("False", "RecordNotOwned")
            assert records(world)[f"CNAME {hostname}."] == [target]
            assert not [name for name in records(world, LATE) if hostname in name]
            race(world)
            assert refusal_of(world) == ("False", "RecordNotOwned")
            assert records(world, LATE)[f"CNAME {hostname}."] == [target]
            assert not [name for name in records(world) if hostname in name]
            assert world.get(onboarded.vpcs["a"], f"http://{hostname}/").status == 200
            delete(world.kubernetes(CLUSTER_B), victims[-1])
            delete(world.kubernetes(CLUSTER_A), mallorys[-1])
            for cluster in (CLUSTER_B, CLUSTER_A, CLUSTER_B, CLUSTER_A):  # Each takes its own VPC out of the zone.
                world.run("reconcile-cluster", {"cluster": cluster})


def refusal_of(world: World) -> tuple[str, str]:
    found = conditions(world, CLUSTER_A, "HTTPRoute", f"{MALLORY}/orders")[DNS]
    return found["status"], found["reason"]
