"""The records of the clusters' hostnames and the zones' associations with the client VPCs: what differs.

A hostname gets a CNAME and, in the same atomic batch, a TXT record that says who owns it. A VPC that Trellis associated
with a zone has a TXT record there as well. Whatever lacks such a record is somebody else's and stays as it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trellis.model import Cluster, ClusterState, DnsName, HostedZone, RecordSet, cluster_owner, fleet_owner
from trellis.planning.work import Description, Refusal, described

_HERITAGE = "heritage=trellis"
_NAME_LABEL = "_trellis"
_VPC_LABEL = "_trellis-vpc"
# The longest string of a TXT record; an owner always fits, a namespace and a name may not.
_TXT_LENGTH = 255


@dataclass(frozen=True)
class ObservedNames:
    """The managed private zones with their record sets by zone id, and the services' generated domain names.

    `unmanaged` are the names of the other private zones, whose names are not Trellis' to give away.
    """

    zones: tuple[HostedZone, ...] = ()
    records: Mapping[str, tuple[RecordSet, ...]] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    unmanaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeRecords:
    """One atomic batch in one zone: `deletes` are removed, `upserts` created, or put in the place of `replaced`."""

    zone: HostedZone
    upserts: tuple[RecordSet, ...] = ()
    deletes: tuple[RecordSet, ...] = ()
    replaced: tuple[RecordSet, ...] = ()

    @property
    def hostname(self) -> str:
        """The hostname whose records these are."""
        return (self.upserts or self.deletes)[0].name.removeprefix(f"{_NAME_LABEL}.")

    def describe(self) -> Description:
        """Describe the change for reports."""
        first = (self.upserts or self.deletes)[0]
        return described(
            "ChangeResourceRecordSets",
            f"record {first.name} in {self.zone.name}",
            expected=[_words(record) for record in self.upserts],
            found=[_words(record) for record in (*self.deletes, *self.replaced)],
            deletes=not self.upserts,
        )


@dataclass(frozen=True)
class AssociateZone:
    """Let a VPC resolve the names of a zone."""

    zone: HostedZone
    vpc_id: str

    @property
    def hostname(self) -> str:
        """An association has no hostname of its own."""
        return ""

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("AssociateVPCWithHostedZone", f"zone {self.zone.name}", expected=self.vpc_id)


@dataclass(frozen=True)
class DisassociateZone:
    """Undo an association that Trellis made."""

    zone: HostedZone
    vpc_id: str

    @property
    def hostname(self) -> str:
        """An association has no hostname of its own."""
        return ""

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("DisassociateVPCFromHostedZone", f"zone {self.zone.name}", found=self.vpc_id, deletes=True)


NameChange = ChangeRecords | AssociateZone | DisassociateZone


@dataclass(frozen=True)
class NamesDiff:
    """The changes in order; `refusals` name hostnames; `pending` hostnames wait for their service's domain name."""

    changes: tuple[NameChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    pending: tuple[str, ...] = ()
    owned: int = 0
    reported: tuple[NameChange, ...] = ()


@dataclass(frozen=True)
class NamesWanted:
    """What one cluster wants; `members` are the registered clusters of its service network, itself included.

    `keep` says that `names` may lack some, so that nothing may be removed. `left` names hostnames and resources that
    are only reported, each with why.
    """

    cluster: Cluster
    names: tuple[DnsName, ...]
    members: tuple[Cluster, ...]
    ttl: int
    keep: bool = False
    left: Mapping[str, str] = field(default_factory=dict)

    def left_because(self, change: "NameChange") -> str:
        """Why a change is only reported; empty for one that is made."""
        found = (self.left.get(name) for name in (change.hostname, str(change.describe()["resource"])))
        return next((because for because in found if because), "")


def zone_for(hostname: str, zones: Iterable[HostedZone]) -> HostedZone | None:
    """The zone with the longest name that is a suffix of the hostname, as Route 53 itself resolves."""
    fitting = [zone for zone in zones if _covers(zone.name, hostname)]
    return max(fitting, key=lambda zone: (len(zone.name), zone.id), default=None)


def _covers(zone: str, hostname: str) -> bool:
    return hostname == zone or hostname.endswith(f".{zone}")


def diff_names(wanted: NamesWanted, observed: ObservedNames) -> NamesDiff:
    """Compare the hostnames and zone associations of a cluster with what is there."""
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    refusals: list[Refusal] = []
    pending: list[str] = []
    changes: list[NameChange] = []
    used: dict[str, set[str]] = {zone.id: set() for zone in observed.zones}
    for name in wanted.names:
        zone = zone_for(name.hostname, observed.zones)
        refusal = _refusal(name, zone, observed, owner)
        if zone is None or refusal is not None:
            refusals.extend([refusal] if refusal else [])
            continue
        used[zone.id].add(name.hostname)
        domain = observed.domains.get(name.service)
        if not domain:
            pending.extend([] if name.hostname in wanted.left else [name.hostname])
            continue
        change = _records(name, zone, observed.records[zone.id], target=domain, wanted=wanted)
        changes.extend([change] if change else [])
    carried = {zone.id: used[zone.id] | _left_names(zone, observed, wanted) for zone in observed.zones}
    associations = _associations(wanted, observed, carried)
    removed = () if wanted.keep else (*_stale(observed, owner, used), *associations.removed)
    owned = sum(1 for records in observed.records.values() for record in records if record.owner == owner)
    # A VPC that is given a zone asks no other for its names any more: they must be there before.
    all_changes = (*changes, *associations.added, *removed)
    return NamesDiff(
        changes=tuple(change for change in all_changes if not wanted.left_because(change)),
        refusals=tuple(refusals),
        pending=tuple(pending),
        owned=owned,
        reported=tuple(change for change in all_changes if wanted.left_because(change)),
    )


def zones_in_use(wanted: NamesWanted, observed: ObservedNames) -> tuple[str, ...]:
    """The ids of the zones that the cluster's names are in, or ought to be."""
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    fitting = {zone.id for name in wanted.names if (zone := zone_for(name.hostname, observed.zones))}
    owned = {zone_id for zone_id, found in observed.records.items() if any(record.owner == owner for record in found)}
    return tuple(sorted(fitting | owned))


def _left_names(zone: HostedZone, observed: ObservedNames, wanted: NamesWanted) -> set[str]:
    """Hostnames with records in the zone that stay as they are, whether or not anybody wants them."""
    return {record.name for record in observed.records[zone.id] if record.name in wanted.left}


def owner_text(owner: str, stands_for: str) -> str:
    """The value of an ownership record, quoted as Route 53 wants TXT values."""
    printable = "".join(character for character in stands_for if character.isascii() and character not in '"\\')
    return f'"{f"{_HERITAGE},owner={owner},for={printable}"[:_TXT_LENGTH]}"'


def owner_of(record: RecordSet) -> str:
    """The owner that an ownership record names; empty for any other record."""
    text = "".join(record.values).strip('"')
    if record.type != "TXT" or not text.startswith(f"{_HERITAGE},owner="):
        return ""
    return text.removeprefix(f"{_HERITAGE},owner=").partition(",")[0]


def _refusal(name: DnsName, zone: HostedZone | None, observed: ObservedNames, owner: str) -> Refusal | None:
    if zone is None:
        message = (
            f"no private hosted zone with the tag trellis:managed=true has a name that {name.hostname} ends with; "
            f"the service answers, but the name does not resolve"
        )
        return Refusal(name.hostname, "NoHostedZone", message)
    if name.hostname == zone.name:
        message = f"{name.hostname} is the apex of its zone, where DNS allows no CNAME record"
        return Refusal(name.hostname, "ZoneApex", message)
    mine = _owner_at(observed.records[zone.id], name.hostname) == owner
    closer = [found for found in observed.unmanaged if _covers(found, name.hostname) and len(found) > len(zone.name)]
    if closer and not mine:
        message = (
            f"{name.hostname} is a name of the private hosted zone {max(closer, key=len)}, which has no tag "
            f"trellis:managed=true; beside that zone, none in {zone.name} is made"
        )
        return Refusal(name.hostname, "NoHostedZone", message)
    # A record of another type under an own name was put there by somebody, however the ownership record came to stay.
    records = [record for record in observed.records[zone.id] if record.name == name.hostname]
    others = [record for record in records if not (mine and record.type == "CNAME")]
    claims = [] if mine else list(_claims(name.hostname, zone, observed, owner))
    if others or claims:
        kinds = ", ".join(sorted(f"{record.name} {record.type}" for record in (*others, *claims)))
        names = {found.id: found.name for found in observed.zones}
        zones = ", ".join(sorted({names[record.zone_id] for record in (*others, *claims)}))
        message = f"zone {zones} has records that this cluster does not own: {kinds}"
        return Refusal(name.hostname, "RecordNotOwned", message)
    return None


def _claims(hostname: str, zone: HostedZone, observed: ObservedNames, owner: str) -> Iterator[RecordSet]:
    """What stands in the place of the ownership record, and the ownership records of others in any zone.

    A zone that is made below another must not give its names away anew.
    """
    for records in observed.records.values():
        for record in records:
            foreign = record.zone_id == zone.id or record.owner not in ("", owner)
            if foreign and record.name == f"{_NAME_LABEL}.{hostname}":
                yield record


def _owner_at(records: Sequence[RecordSet], hostname: str) -> str:
    return next((record.owner for record in records if record.name == f"{_NAME_LABEL}.{hostname}"), "")


def _records(
    name: DnsName, zone: HostedZone, records: Sequence[RecordSet], *, target: str, wanted: NamesWanted
) -> ChangeRecords | None:
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    cname = RecordSet(zone.id, name.hostname, "CNAME", (target,), wanted.ttl)
    text = RecordSet(
        zone.id, f"{_NAME_LABEL}.{name.hostname}", "TXT", (owner_text(owner, name.stands_for),), wanted.ttl, owner
    )
    if cname in records and text in records:
        return None
    places = {(record.name, record.type) for record in (cname, text)}
    replaced = tuple(record for record in records if (record.name, record.type) in places)
    return ChangeRecords(zone, upserts=(cname, text), replaced=replaced)


def _stale(observed: ObservedNames, owner: str, used: Mapping[str, set[str]]) -> list[ChangeRecords]:
    """Batches that remove the hostnames this cluster owns and wants no more."""
    stale = []
    for zone in observed.zones:
        records = observed.records[zone.id]
        for text in records:
            label, _, hostname = text.name.partition(".")
            if label == _NAME_LABEL and text.owner == owner and hostname not in used[zone.id]:
                cnames = tuple(record for record in records if (record.name, record.type) == (hostname, "CNAME"))
                stale.append(ChangeRecords(zone, deletes=(*cnames, text)))
    return stale


@dataclass(frozen=True)
class _Associations:
    added: tuple[NameChange, ...]
    removed: tuple[NameChange, ...]


def _associations(wanted: NamesWanted, observed: ObservedNames, used: Mapping[str, set[str]]) -> _Associations:
    """The VPCs of all members resolve the zones that carry names of the network; own VPC leaves the others."""
    cluster = wanted.cluster
    active = [member for member in wanted.members if member.state is ClusterState.ACTIVE]
    vpcs = {member.vpc_id for member in active}
    owners = {cluster_owner(member.account, member.name) for member in active} - {
        cluster_owner(cluster.account, cluster.name)
    }
    added: list[NameChange] = []
    removed: list[NameChange] = []
    for zone in observed.zones:
        by_name = {record.name: record for record in observed.records[zone.id] if record.type == "TXT"}
        carries = bool(used[zone.id]) or any(
            record.owner in owners and record.name.startswith(f"{_NAME_LABEL}.") for record in by_name.values()
        )
        if carries:
            for vpc_id in sorted(vpcs - set(zone.vpc_ids)):
                added.extend(_associate(zone, vpc_id, by_name, wanted))
        own = by_name.get(_vpc_record_name(zone, cluster.vpc_id))
        if own and own.owner == fleet_owner(cluster.account) and not (carries and cluster.vpc_id in vpcs):
            if cluster.vpc_id in zone.vpc_ids:
                removed.append(DisassociateZone(zone, cluster.vpc_id))
            removed.append(ChangeRecords(zone, deletes=(own,)))
    return _Associations(tuple(added), tuple(removed))


def _associate(
    zone: HostedZone, vpc_id: str, by_name: Mapping[str, RecordSet], wanted: NamesWanted
) -> list[NameChange]:
    """First the ownership record, then the association: a crash between the two leaves nothing unowned."""
    owner = fleet_owner(wanted.cluster.account)
    name = _vpc_record_name(zone, vpc_id)
    text = RecordSet(zone.id, name, "TXT", (owner_text(owner, f"association of {vpc_id}"),), wanted.ttl, owner)
    found = by_name.get(name)
    replaced = (found,) if found else ()
    record: list[NameChange] = [] if found == text else [ChangeRecords(zone, upserts=(text,), replaced=replaced)]
    return [*record, AssociateZone(zone, vpc_id)]


def _vpc_record_name(zone: HostedZone, vpc_id: str) -> str:
    return f"{_VPC_LABEL}.{vpc_id}.{zone.name}"


def _words(record: RecordSet) -> str:
    return f"{record.name} {record.ttl} {record.type} {' '.join(record.values)}"
