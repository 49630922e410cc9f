"""An ownership record that is lost or spoiled by itself: put back for what was noted as own, and for nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from trellis.model import (
    AssociationOwnership,
    Cluster,
    ClusterState,
    DnsName,
    HostedZone,
    NameOwnership,
    RecordSet,
)
from trellis.planning.dns import diff_names, names_ids
from trellis.planning.dns_ownership import classified, is_in_question, owner_text
from trellis.planning.dns_state import NameChange, NamesWanted, ObservedNames

B = Cluster("b", "111122223333", "us-west-2", "vpc-b", "sg-b", "net")
ZONE = HostedZone("Z1", "lattice-test.io", ("vpc-b", "vpc-platform"))
DOMAIN = "store-svc-0.7d67968.vpc-lattice-svcs.us-west-2.on.aws"
WANTED = NamesWanted(B, (DnsName("store.lattice-test.io", "store-svc", "HTTPRoute apps/store"),), (B,), ttl=60)
NOTHING = replace(WANTED, names=())
LEAVING = replace(NOTHING, cluster=replace(B, state=ClusterState.LEAVING), members=())

CNAME = RecordSet("Z1", "store.lattice-test.io", "CNAME", (DOMAIN,), 60)
NAME, VPC = "_trellis.store.lattice-test.io", "_trellis-vpc.vpc-b.lattice-test.io"


def text(name: str, value: str) -> RecordSet:
    return classified(RecordSet("Z1", name, "TXT", (value,), 60))


TEXT = text(NAME, owner_text("111122223333/b", "HTTPRoute apps/store"))
CLAIM = text(VPC, owner_text("111122223333/@fleet", "association of vpc-b"))
ANOTHERS = [
    owner_text("111122223333/a", "HTTPRoute apps/store"),
    owner_text("444455556666/@fleet", "association of vpc-b"),
    '"heritage=external-dns,external-dns/owner=else"',
    '"first" "heritage=trellis,owner=111122223333/a"',
]
by_another = pytest.mark.parametrize("value", ANOTHERS)


def there(*records: RecordSet, zone: HostedZone = ZONE, noted: Any = ()) -> ObservedNames:
    return ObservedNames((zone,), {"Z1": records}, {"store-svc": DOMAIN}, noted)


NOTED = frozenset(names_ids(WANTED, there(CNAME, TEXT, CLAIM)))


def told(*records: RecordSet, wanted: NamesWanted = WANTED, noted: Any = NOTED) -> list[tuple[str, Any, Any]]:
    """Resource, expected and found of each change."""
    changes = diff_names(wanted, there(*records, noted=noted)).changes
    return [(found["resource"], found["expected"], found["found"]) for found in map(describe, changes)]


def describe(change: NameChange) -> Any:
    return change.describe()


def of_name(*records: RecordSet, noted: Any = NOTED) -> list[str]:
    """The changes of the name's own records; without another name, the zone itself may be left."""
    return [resource for resource, *_ in told(*records, CLAIM, noted=noted) if CNAME.name in resource]


def refused(*records: RecordSet) -> list[str]:
    return [refusal.reason for refusal in diff_names(WANTED, there(*records, noted=NOTED)).refusals]


def words(record: RecordSet) -> str:
    return f"{record.name} {record.ttl} TXT {record.values[0]}"


def test_records_with_their_ownership_records_are_in_no_question() -> None:
    assert not is_in_question(WANTED, there(CNAME, TEXT, CLAIM))
    assert told(CNAME, TEXT, CLAIM, noted=()) == []


def test_a_lost_ownership_record_is_made_again() -> None:
    assert is_in_question(WANTED, there(CNAME, CLAIM))
    assert is_in_question(WANTED, there(CNAME, TEXT))
    assert told(CNAME, CLAIM) == [(f"record {NAME} in lattice-test.io", [words(TEXT)], [])]
    assert told(CNAME, TEXT) == [(f"record {VPC} in lattice-test.io", [words(CLAIM)], [])]


def test_the_batch_holds_only_as_long_as_the_name_has_the_noted_value() -> None:
    (change,) = diff_names(WANTED, there(CNAME, CLAIM, noted=NOTED)).changes
    assert (change.replaced, change.upserts) == ((CNAME,), (CNAME, TEXT))  # type: ignore[union-attr]


def test_a_name_of_another_cluster_is_in_question_only_where_it_is_wanted_too() -> None:
    others = there(CNAME, text(NAME, ANOTHERS[0]), CLAIM)
    assert (is_in_question(NOTHING, others), is_in_question(WANTED, others)) == (False, True)


@pytest.mark.parametrize("spoiled", ['"nobody"', '""'])
def test_one_that_names_nobody_any_more_is_replaced(spoiled: str) -> None:
    name, vpc = text(NAME, spoiled), text(VPC, spoiled)
    assert told(CNAME, name, CLAIM) == [(f"record {NAME} in lattice-test.io", [words(TEXT)], [words(name)])]
    assert told(CNAME, TEXT, vpc) == [(f"record {VPC} in lattice-test.io", [words(CLAIM)], [words(vpc)])]


def test_another_time_to_live_is_put_right_without_anything_noted() -> None:
    for record, others in ((TEXT, (CNAME, CLAIM)), (CLAIM, (CNAME, TEXT))):
        changed = replace(record, ttl=3600)
        assert [resource for resource, *_ in told(changed, *others, noted=())] == [
            f"record {record.name} in lattice-test.io"
        ]


@by_another
def test_another_owner_is_never_overwritten(value: str) -> None:
    assert (of_name(CNAME, text(NAME, value)), refused(CNAME, text(NAME, value), CLAIM)) == ([], ["RecordNotOwned"])
    assert (told(CNAME, TEXT, text(VPC, value)), refused(CNAME, TEXT, text(VPC, value))) == ([], ["RecordNotOwned"])


@by_another
def test_nor_is_the_vpc_associated_again_in_its_place(value: str) -> None:
    apart = there(CNAME, TEXT, text(VPC, value), zone=replace(ZONE, vpc_ids=("vpc-platform",)), noted=NOTED)
    diff = diff_names(WANTED, apart)
    assert (diff.changes, [refusal.reason for refusal in diff.refusals]) == ((), ["RecordNotOwned"])


def test_a_record_with_another_value_than_noted_stays_foreign() -> None:
    other = replace(CNAME, values=("elsewhere.example.com",))
    assert (of_name(other), refused(other, CLAIM)) == ([], ["RecordNotOwned"])
    assert (of_name(CNAME, noted=()), told(CNAME, TEXT, noted=())) == ([], [])


def test_a_value_that_somebody_has_put_there_is_not_noted() -> None:
    other = replace(CNAME, values=("elsewhere.example.com",))
    noted = names_ids(WANTED, there(other, TEXT, CLAIM))
    assert not [known for known in noted if "CNAME" in known]


def test_what_was_noted_stays_so_while_the_ownership_record_is_missing_or_anothers() -> None:
    for records in ((CNAME,), (CNAME, text(NAME, ANOTHERS[0]), text(VPC, ANOTHERS[0]))):
        assert frozenset(names_ids(WANTED, there(*records, noted=NOTED))) == NOTED


def test_what_was_noted_stays_so_while_a_wanted_name_is_being_put_back() -> None:
    other = replace(CNAME, values=("elsewhere.example.com",))
    name = {known for known in NOTED if "CNAME" in known}
    for records in ((), (other, TEXT), (TEXT,), (other,), (text(NAME, '"nobody"'),)):
        assert is_in_question(WANTED, there(*records, CLAIM))
        assert name <= set(names_ids(WANTED, there(*records, CLAIM, noted=NOTED)))
        assert not name & set(names_ids(NOTHING, there(*records, CLAIM, noted=NOTED)))
    lost = there(CNAME, TEXT, CLAIM, zone=replace(ZONE, vpc_ids=()))
    assert is_in_question(WANTED, lost)
    assert frozenset(names_ids(WANTED, replace(lost, noted=NOTED))) == NOTED


def test_a_service_without_a_domain_name_yet_keeps_what_was_noted_of_its_name() -> None:
    waiting = replace(there(TEXT, CLAIM, noted=NOTED), domains={})
    assert frozenset(names_ids(WANTED, waiting)) == NOTED


def test_a_name_whose_both_records_were_spoiled_is_put_back() -> None:
    assert [expected for _, expected, _ in told(text(NAME, '"nobody"'), CLAIM)] == [
        [f"store.lattice-test.io 60 CNAME {DOMAIN}", words(TEXT)]
    ]
    assert refused(text(NAME, ANOTHERS[0]), CLAIM) == ["RecordNotOwned"]


def test_a_name_that_nobody_wants_goes_without_its_ownership_record_too() -> None:
    assert told(CNAME, TEXT, CLAIM, wanted=NOTHING)[0] == told(CNAME, TEXT, CLAIM, wanted=NOTHING, noted=())[0]
    assert [resource for resource, *_ in told(CNAME, CLAIM, wanted=NOTHING)] == [
        "record store.lattice-test.io in lattice-test.io",
        "zone lattice-test.io",
        f"record {VPC} in lattice-test.io",
    ]
    assert told(CNAME, wanted=LEAVING) == [
        ("record store.lattice-test.io in lattice-test.io", [], [f"store.lattice-test.io 60 CNAME {DOMAIN}"]),
        ("zone lattice-test.io", None, "vpc-b"),
    ]


@by_another
def test_nor_does_what_another_owner_has_taken_over(value: str) -> None:
    assert told(CNAME, text(NAME, value), text(VPC, value), wanted=LEAVING) == []
    assert told(CNAME, wanted=LEAVING, noted=()) == []


def test_an_ownership_record_is_known_by_its_name() -> None:
    assert (type(TEXT), type(CLAIM), type(text("_trellis", '""'))) == (NameOwnership, AssociationOwnership, RecordSet)
