"""The records of the clusters' hostnames and the zones' associations with the client VPCs: what differs.

A hostname gets a CNAME and, in the same atomic batch, a TXT record that says who owns it. A VPC that Trellis associated
with a zone has a TXT record there as well. Whatever lacks such a record, and was not noted as own before it lost it, is
somebody else's and stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trellis.model import AssociationOwnership, DnsName, HostedZone, NameOwnership, RecordSet, cluster_owner, name_id
from trellis.planning.dns_associations import diff_associations
from trellis.planning.dns_ownership import is_noted, is_own_name, own_ids, owner_text
from trellis.planning.dns_state import ChangeRecords, NameChange, NamesWanted, ObservedNames, covers, zone_for
from trellis.planning.work import Refusal


@dataclass(frozen=True)
class NamesDiff:
    """The changes in order; `refusals` name hostnames; `pending` hostnames wait for their service's domain name."""

    changes: tuple[NameChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    pending: tuple[str, ...] = ()
    owned: int = 0
    reported: tuple[NameChange, ...] = ()


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
    associations = diff_associations(wanted, observed, carried)
    removed = () if wanted.keep else (*_stale(observed, owner, used), *associations.removed)
    owned = sum(1 for records in observed.records.values() for record in records if record.owner == owner)
    # A VPC that is given a zone asks no other for its names any more: they must be there before.
    all_changes = (*changes, *associations.added, *removed)
    return NamesDiff(
        changes=tuple(change for change in all_changes if not wanted.left_because(change)),
        refusals=(*refusals, *associations.refusals),
        pending=tuple(pending),
        owned=owned,
        reported=tuple(change for change in all_changes if wanted.left_because(change)),
    )


def names_ids(wanted: NamesWanted, observed: ObservedNames) -> tuple[str, ...]:
    """The ids by which events find the names: zones that they are in or ought to be, and what is noted as own."""
    cluster = wanted.cluster
    owner = cluster_owner(cluster.account, cluster.name)
    fitting = {zone.id for name in wanted.names if (zone := zone_for(name.hostname, observed.zones))}
    owned = {zone_id for zone_id, found in observed.records.items() if any(record.owner == owner for record in found)}
    claims = {name_id(AssociationOwnership.name_of(zone, cluster.vpc_id)) for zone in observed.zones}
    return tuple(sorted(fitting | owned | claims | set(own_ids(wanted, observed))))


def _left_names(zone: HostedZone, observed: ObservedNames, wanted: NamesWanted) -> set[str]:
    """Hostnames with records in the zone that stay as they are, whether or not anybody wants them."""
    return {record.name for record in observed.records[zone.id] if record.name in wanted.left}


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
    mine = is_own_name(name.hostname, zone, observed, owner)
    closer = [found for found in observed.unmanaged if covers(found, name.hostname) and len(found) > len(zone.name)]
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
            if foreign and record.name == NameOwnership.name_of(hostname):
                yield record


def _records(
    name: DnsName, zone: HostedZone, records: Sequence[RecordSet], *, target: str, wanted: NamesWanted
) -> ChangeRecords | None:
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    cname = RecordSet(zone.id, name.hostname, "CNAME", (target,), wanted.ttl)
    text = NameOwnership(
        zone.id,
        NameOwnership.name_of(name.hostname),
        "TXT",
        (owner_text(owner, name.stands_for),),
        wanted.ttl,
        owner,
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
        claims = {record.hostname: record for record in records if isinstance(record, NameOwnership)}
        cnames = {record.name: record for record in records if record.type == "CNAME"}
        for hostname in sorted({*claims, *cnames} - used[zone.id]):
            claim, cname = claims.get(hostname), cnames.get(hostname)
            if (claim and claim.owner == owner) or is_noted(cname, [claim] if claim else [], observed):
                stale.append(ChangeRecords(zone, deletes=tuple(record for record in (cname, claim) if record)))
    return stale
