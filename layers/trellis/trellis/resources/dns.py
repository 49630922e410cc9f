"""Records and zone associations in Route 53: observe, compare, change.

Only private hosted zones with the tag `trellis:managed=true` are looked at: the tag is how a platform team hands a zone
to Trellis.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trellis.model import HostedZone, RecordSet
from trellis.planning.contest import refusals_of
from trellis.planning.dns import diff_names, names_ids
from trellis.planning.dns_ownership import classified, is_in_question
from trellis.planning.dns_state import (
    AssociateZone,
    ChangeRecords,
    DisassociateZone,
    NameChange,
    NamesWanted,
    ObservedNames,
)
from trellis.planning.service_state import is_lost
from trellis.planning.work import Description, KindPlan, Outcome, Refusal, Status, reported

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_vpc_lattice import VPCLatticeClient

KIND = "sync_dns"

PERMISSIONS = ("ec2:DescribeVpcs",)
"""What the calls need beside the actions of their own names."""

MANAGED_TAG = ("trellis:managed", "true")

_TAGS_PER_CALL = 10
_REFUSED = {"ConflictingDomainExists", "LastVPCAssociation", "LimitsExceeded", "InvalidVPCId", "InvalidChangeBatch"}
# Somebody did the same change meanwhile.
_DONE_ALREADY = {"VPCAssociationNotFound"}


Recall = Callable[[], Collection[str]]
"""Reads what earlier runs have noted of the cluster; it is asked only where that matters."""


def plan(clients: "Names", wanted: NamesWanted, recall: Recall) -> KindPlan:
    """What a run would change; names whose service has no domain name yet count as waiting."""
    observed = _observe(clients, wanted, recall)
    diff = diff_names(wanted, observed)
    return KindPlan(
        changes=tuple(change.describe() for change in diff.changes),
        refusals=diff.refusals,
        owned=diff.owned,
        waiting=bool(diff.pending),
        ids=names_ids(wanted, observed),
        reported=tuple(reported(change.describe(), wanted.left_because(change)) for change in diff.reported),
    )


def reconcile(clients: "Names", wanted: NamesWanted, recall: Recall) -> Outcome:
    """Apply all changes. A refused one does not keep the others from being made."""
    diff = diff_names(wanted, _observe(clients, wanted, recall))
    done: list[Description] = []
    contested = refusals_of(wanted.left, (str(change.describe()["resource"]) for change in diff.reported))
    refusals = [*diff.refusals, *contested]
    for change in diff.changes:
        refusal = clients.apply(change, wanted.cluster.region)
        if refusal:
            refusals.append(refusal)
        else:
            done.append(change.describe())
    refusals.extend(
        Refusal(hostname, "NoDomainName", "the service of this name does not exist") for hostname in diff.pending
    )
    status = Status.REFUSED if refusals else Status.DONE
    return Outcome(KIND, wanted.cluster.name, status, tuple(done), tuple(refusals))


def _observe(clients: "Names", wanted: NamesWanted, recall: Recall) -> ObservedNames:
    observed = clients.observe()
    return replace(observed, noted=recall()) if is_in_question(wanted, observed) else observed


class Names:
    """Reads and changes names; the domain names of the account's services come from VPC Lattice, which chooses them."""

    def __init__(self, route53: "Route53Client", lattice: "VPCLatticeClient", account: str) -> None:
        self._route53 = route53
        self._lattice = lattice
        self._account = account

    def observe(self) -> ObservedNames:
        """Read the managed zones, their records and the services' domain names."""
        private = self._private_zones()
        managed = set(self._managed(list(private)))
        found = dict(self._zones(sorted(managed)))
        return ObservedNames(
            zones=tuple(found),
            records={zone.id: records for zone, records in found.items()},
            domains=self._domains(),
            unmanaged=tuple(sorted({name for zone_id, name in private.items() if zone_id not in managed})),
        )

    def apply(self, change: NameChange, region: str) -> Refusal | None:
        """Make one change; a refusal when Route 53 will not have it."""
        try:
            self._call(change, region)
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] in _DONE_ALREADY:
                return None
            if details["Code"] in _REFUSED:
                return Refusal(str(change.describe()["resource"]), details["Code"], details["Message"])
            raise
        return None

    def _call(self, change: NameChange, region: str) -> None:
        match change:
            case ChangeRecords(zone=zone, upserts=created, deletes=deletes, replaced=replaced):
                # Not UPSERT: of two clusters that ask for a hostname at the same time, the second must be refused, and
                # what somebody changed since it was read must not be lost.
                changes = [_record_change("DELETE", record) for record in (*deletes, *replaced)]
                changes += [_record_change("CREATE", record) for record in created]
                self._route53.change_resource_record_sets(
                    HostedZoneId=zone.id, ChangeBatch={"Comment": "Trellis", "Changes": changes}
                )
            case AssociateZone(zone=zone, vpc_id=vpc_id):
                self._route53.associate_vpc_with_hosted_zone(HostedZoneId=zone.id, VPC=_vpc(vpc_id, region))
            case DisassociateZone(zone=zone, vpc_id=vpc_id):
                self._route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone.id, VPC=_vpc(vpc_id, region))

    def _private_zones(self) -> dict[str, str]:
        """The names of the account's private zones by id."""
        return {
            zone["Id"].rsplit("/", 1)[-1]: _plain(zone["Name"])
            for page in self._route53.get_paginator("list_hosted_zones").paginate()
            for zone in page["HostedZones"]
            if zone.get("Config", {}).get("PrivateZone")
        }

    def _zones(self, zone_ids: Sequence[str]) -> Iterator[tuple[HostedZone, tuple[RecordSet, ...]]]:
        for zone_id in zone_ids:
            try:
                zone = self._zone(zone_id)
                yield zone, tuple(self._records(zone))
            except ClientError as error:
                # Deleted since it was listed.
                if error.response["Error"]["Code"] != "NoSuchHostedZone":
                    raise

    def _zone(self, zone_id: str) -> HostedZone:
        answer = self._route53.get_hosted_zone(Id=zone_id)
        vpc_ids = tuple(sorted(vpc["VPCId"] for vpc in answer.get("VPCs", [])))
        return HostedZone(id=zone_id, name=_plain(answer["HostedZone"]["Name"]), vpc_ids=vpc_ids)

    def _managed(self, zone_ids: Sequence[str]) -> Iterator[str]:
        key, value = MANAGED_TAG
        for start in range(0, len(zone_ids), _TAGS_PER_CALL):
            answer = self._route53.list_tags_for_resources(
                ResourceType="hostedzone", ResourceIds=list(zone_ids[start : start + _TAGS_PER_CALL])
            )
            for tagged in answer["ResourceTagSets"]:
                if {"Key": key, "Value": value} in tagged.get("Tags", []):
                    yield tagged["ResourceId"]

    def _records(self, zone: HostedZone) -> Iterator[RecordSet]:
        pages = self._route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone.id)
        for page in pages:
            for record in page["ResourceRecordSets"]:
                values = tuple(value["Value"] for value in record.get("ResourceRecords", []))
                plain = RecordSet(
                    zone_id=zone.id,
                    name=_plain(record["Name"]),
                    type=record["Type"],
                    # Names as values are compared without the trailing dot, which Route 53 keeps as it was given.
                    values=tuple(map(_plain, values)) if record["Type"] == "CNAME" else values,
                    ttl=record.get("TTL", 0),
                )
                yield classified(plain)

    def _domains(self) -> dict[str, str]:
        # A service that is going away is no service any more: the one made in its place gets another domain name. One
        # without a custom domain name, or of another account that shares it, may have the same name by chance or not.
        pages = self._lattice.get_paginator("list_services").paginate()
        return {
            item["name"]: item.get("dnsEntry", {}).get("domainName", "")
            for page in pages
            for item in page["items"]
            if item["arn"].split(":")[4] == self._account
            and item.get("customDomainName")
            and not is_lost(item["status"])
        }


def _record_change(action: Any, record: RecordSet) -> Any:
    return {
        "Action": action,
        "ResourceRecordSet": {
            "Name": record.name,
            "Type": record.type,
            "TTL": record.ttl,
            "ResourceRecords": [{"Value": value} for value in record.values],
        },
    }


def _vpc(vpc_id: str, region: str) -> Any:
    return {"VPCRegion": region, "VPCId": vpc_id}


def _plain(name: str) -> str:
    return name.removesuffix(".").lower()
