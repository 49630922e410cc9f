"""Records and zone associations: what a cluster's run changes, and what it never touches."""

from dataclasses import replace

import pytest

from trellis.model import Cluster, ClusterState, DnsName, HostedZone, NameOwnership, RecordSet
from trellis.planning.dns import NamesDiff, diff_names
from trellis.planning.dns_ownership import owner_of, owner_text
from trellis.planning.dns_state import (
    AssociateZone,
    ChangeRecords,
    DisassociateZone,
    NameChange,
    NamesWanted,
    ObservedNames,
    zone_for,
)

A = Cluster("a", "111122223333", "us-west-2", "vpc-a", "sg-a", "net")
B = Cluster("b", "111122223333", "us-west-2", "vpc-b", "sg-b", "net")
ZONE = HostedZone("Z1", "lattice-test.io", ("vpc-platform",))
NAME = DnsName("store.lattice-test.io", "store-svc", "HTTPRoute apps/store")
DOMAIN = "store-svc-0.7d67968.vpc-lattice-svcs.us-west-2.on.aws"


def wanted(
    cluster: Cluster = B, names: tuple[DnsName, ...] = (NAME,), members: tuple[Cluster, ...] = (A, B)
) -> NamesWanted:
    return NamesWanted(cluster, names, members, ttl=60)


def observed(*records: RecordSet, zone: HostedZone = ZONE, domain: str = DOMAIN) -> ObservedNames:
    return ObservedNames((zone,), {zone.id: records}, {"store-svc": domain})


def after(diff: NamesDiff, before: ObservedNames) -> ObservedNames:
    """What Route 53 would show once the changes are made."""
    zone = before.zones[0]
    records = {(record.name, record.type): record for record in before.records[zone.id]}
    for change in diff.changes:
        match change:
            case ChangeRecords(upserts=upserts, deletes=deletes):
                for record in deletes:
                    del records[record.name, record.type]
                records.update({(record.name, record.type): record for record in upserts})
            case AssociateZone(vpc_id=vpc_id):
                zone = replace(zone, vpc_ids=tuple(sorted({*zone.vpc_ids, vpc_id})))
            case DisassociateZone(vpc_id=vpc_id):
                zone = replace(zone, vpc_ids=tuple(sorted({*zone.vpc_ids} - {vpc_id})))
    return ObservedNames((zone,), {zone.id: tuple(records.values())}, before.domains)


def kinds(changes: tuple[NameChange, ...]) -> list[str]:
    return [type(change).__name__ for change in changes]


def test_a_new_name_gets_cname_and_ownership_record_in_one_batch() -> None:
    diff = diff_names(wanted(members=()), observed())
    assert [change for change in diff.changes if isinstance(change, ChangeRecords)] == [
        ChangeRecords(
            ZONE,
            upserts=(
                RecordSet("Z1", "store.lattice-test.io", "CNAME", (DOMAIN,), 60),
                NameOwnership(
                    "Z1",
                    "_trellis.store.lattice-test.io",
                    "TXT",
                    (owner_text("111122223333/b", "HTTPRoute apps/store"),),
                    60,
                    "111122223333/b",
                ),
            ),
        )
    ]


def test_the_zone_is_associated_with_every_client_vpc() -> None:
    diff = diff_names(wanted(), observed())
    assert {change.vpc_id for change in diff.changes if isinstance(change, AssociateZone)} == {"vpc-a", "vpc-b"}


def test_once_applied_nothing_is_left_to_do() -> None:
    there = after(diff_names(wanted(), observed()), observed())
    assert diff_names(wanted(), there) == NamesDiff(owned=1)


def test_a_cluster_without_names_joins_the_zones_of_its_network() -> None:
    there = after(diff_names(wanted(members=(B,)), observed()), observed())
    diff = diff_names(wanted(A, ()), there)
    assert [change.vpc_id for change in diff.changes if isinstance(change, AssociateZone)] == ["vpc-a"]


def test_a_deleted_route_takes_its_records_and_the_associations_along() -> None:
    there = after(diff_names(wanted(), observed()), observed())
    there = after(diff_names(wanted(B, ()), there), there)
    there = after(diff_names(wanted(B, ()), there), there)
    there = after(diff_names(wanted(A, ()), there), there)
    assert there.records["Z1"] == ()
    assert there.zones[0].vpc_ids == ("vpc-platform",)


def test_a_leaving_cluster_takes_everything_of_its_own_along_in_one_run() -> None:
    there = after(diff_names(wanted(members=(B,)), observed()), observed())
    leaving = replace(B, state=ClusterState.LEAVING)
    there = after(diff_names(wanted(leaving, (), (leaving,)), there), there)
    assert there.records["Z1"] == ()
    assert there.zones[0].vpc_ids == ("vpc-platform",)


def test_a_foreign_record_is_refused_and_stays() -> None:
    foreign = RecordSet("Z1", "store.lattice-test.io", "A", ("10.0.0.1",))
    diff = diff_names(wanted(), observed(foreign))
    assert [refusal.reason for refusal in diff.refusals] == ["RecordNotOwned"]
    assert not [change for change in diff.changes if isinstance(change, ChangeRecords) and change.deletes]


def test_a_name_of_another_cluster_is_refused() -> None:
    there = after(diff_names(wanted(), observed()), observed())
    diff = diff_names(wanted(A), there)
    assert [refusal.reason for refusal in diff.refusals] == ["RecordNotOwned"]
    assert diff.changes == ()


def test_a_name_without_zone_is_refused() -> None:
    diff = diff_names(wanted(), ObservedNames(domains={"store-svc": DOMAIN}))
    assert [(refusal.resource, refusal.reason) for refusal in diff.refusals] == [
        ("store.lattice-test.io", "NoHostedZone")
    ]


def test_a_name_at_the_apex_is_refused() -> None:
    diff = diff_names(wanted(names=(replace(NAME, hostname="lattice-test.io"),)), observed())
    assert [refusal.reason for refusal in diff.refusals] == ["ZoneApex"]


def test_a_name_waits_for_its_services_domain() -> None:
    diff = diff_names(wanted(), observed(domain=""))
    assert diff.pending == ("store.lattice-test.io",)


def test_a_changed_target_is_repaired() -> None:
    there = after(diff_names(wanted(), observed()), observed())
    moved = ObservedNames(there.zones, there.records, {"store-svc": "new.on.aws"})
    assert kinds(diff_names(wanted(), moved).changes) == ["ChangeRecords"]


def test_the_longest_zone_wins() -> None:
    zones = [ZONE, HostedZone("Z2", "eu.lattice-test.io"), HostedZone("Z3", "test.io")]
    assert zone_for("a.eu.lattice-test.io", zones) == zones[1]
    assert zone_for("alattice-test.io", zones) is None


CHILD = HostedZone("Z2", "store.lattice-test.io", ("vpc-platform",))
BELOW = DnsName("cart.store.lattice-test.io", "store-svc", "HTTPRoute apps/cart")


def in_both_zones(*, parent: tuple[RecordSet, ...] = (), child: tuple[RecordSet, ...] = ()) -> ObservedNames:
    return ObservedNames((ZONE, CHILD), {"Z1": parent, "Z2": child}, {"store-svc": DOMAIN})


@pytest.mark.parametrize("hostname", ["cart.store.lattice-test.io", "store.lattice-test.io"])
def test_a_name_of_a_zone_that_was_not_handed_over_is_not_made_in_the_zone_above(hostname: str) -> None:
    closed = replace(observed(), unmanaged=("lattice-test.io", "store.lattice-test.io"))
    diff = diff_names(wanted(names=(replace(BELOW, hostname=hostname),)), closed)
    assert [(refusal.reason, "store.lattice-test.io" in refusal.message) for refusal in diff.refusals] == [
        ("NoHostedZone", True)
    ]
    assert not [change for change in diff.changes if isinstance(change, ChangeRecords) and change.hostname == hostname]


def test_a_zone_without_the_tag_takes_no_name_that_is_there_already_and_no_other() -> None:
    there = after(diff_names(wanted(), observed()), observed())
    closed = replace(there, unmanaged=("store.lattice-test.io", "restore.lattice-test.io", "io"))
    assert diff_names(wanted(), closed) == NamesDiff(owned=1)


def test_a_zone_that_is_made_below_does_not_give_the_names_of_the_one_above_away_again() -> None:
    above = after(diff_names(wanted(names=(BELOW,)), observed()), observed()).records["Z1"]
    diff = diff_names(wanted(A, (BELOW,)), in_both_zones(parent=above))
    assert [refusal.reason for refusal in diff.refusals] == ["RecordNotOwned"]
    assert "zone lattice-test.io has" in diff.refusals[0].message
    moved = diff_names(wanted(names=(BELOW,)), in_both_zones(parent=above))
    records = [
        change
        for change in moved.changes
        if isinstance(change, ChangeRecords) and "_trellis-vpc" not in change.hostname
    ]
    assert [(change.zone.id, bool(change.deletes)) for change in records] == [("Z2", False), ("Z1", True)]


def test_names_are_in_a_zone_before_vpcs_ask_it_for_them() -> None:
    changes = kinds(diff_names(wanted(), observed()).changes)
    assert changes[0] == "ChangeRecords"
    assert diff_names(wanted(), observed()).changes[0].hostname == NAME.hostname


def test_ownership_is_read_from_own_records_only() -> None:
    text = owner_text("111122223333/b", 'HTTPRoute apps/st"ör\\e')
    assert owner_of(RecordSet("Z1", "_trellis.x", "TXT", (text,))) == "111122223333/b"
    assert owner_of(RecordSet("Z1", "_trellis.x", "TXT", ('"owner=me"',))) == ""


def test_while_names_may_be_missing_none_is_removed() -> None:
    there = after(diff_names(wanted(), observed()), observed())
    assert diff_names(wanted(names=()), there).changes != ()
    assert diff_names(replace(wanted(names=()), keep=True), there).changes == ()


def test_an_ownership_record_fits_into_one_string_of_a_txt_record() -> None:
    text = owner_text("111122223333/b", f"HTTPRoute {'n' * 63}/{'r' * 253}")
    assert len(text.strip('"')) == 255
    assert owner_of(RecordSet("Z1", "_trellis.x", "TXT", (text,))) == "111122223333/b"


HELD = {"store.lattice-test.io": "mode plan of HTTPRoute apps/store"}


def test_the_record_of_a_held_name_is_told_and_not_changed() -> None:
    diff = diff_names(replace(wanted(members=()), left=HELD), observed())
    assert not [change for change in diff.changes if isinstance(change, ChangeRecords)]
    assert [change.describe()["resource"] for change in diff.reported] == [
        "record store.lattice-test.io in lattice-test.io"
    ]


def test_a_held_name_that_nobody_wants_any_more_stays_with_its_zones_associations() -> None:
    before = observed()
    made = after(diff_names(wanted(), before), before)
    diff = diff_names(replace(wanted(names=()), left=HELD), made)
    assert (diff.changes, kinds(diff.reported)) == ((), ["ChangeRecords"])


def test_a_held_name_without_a_service_is_not_waited_for() -> None:
    assert diff_names(wanted(), observed(domain="")).pending == ("store.lattice-test.io",)
    assert diff_names(replace(wanted(), left=HELD), observed(domain="")).pending == ()


def test_a_contested_record_is_left_by_its_resource() -> None:
    left = {"record store.lattice-test.io in lattice-test.io": "was put back 4 times"}
    diff = diff_names(replace(wanted(members=()), left=left), observed())
    assert (kinds(diff.reported), "ChangeRecords" in kinds(diff.changes)) == (["ChangeRecords"], False)
