"""Whose a record or a zone association is: what its ownership record says and, where that is gone, what was noted.

An ownership record can be lost by itself. What it was about is still own if an earlier run has noted it: a record with
its value, a VPC with its zone. That never counts against a record that names another owner, and not for another value.
"""

from collections.abc import Iterable, Iterator

from trellis.model import (
    AssociationOwnership,
    Cluster,
    HostedZone,
    NameOwnership,
    RecordSet,
    cluster_owner,
    fleet_owner,
)
from trellis.planning.dns_state import NamesWanted, ObservedNames, zone_for

_HERITAGE = "heritage="
_OWN = f"{_HERITAGE}trellis,owner="
# The longest string of a TXT record; an owner always fits, a namespace and a name may not.
_TXT_LENGTH = 255


def owner_text(owner: str, stands_for: str) -> str:
    """The value of an ownership record, quoted as Route 53 wants TXT values."""
    printable = "".join(character for character in stands_for if character.isascii() and character not in '"\\')
    return f'"{f"{_OWN}{owner},for={printable}"[:_TXT_LENGTH]}"'


def owner_of(record: RecordSet) -> str:
    """The owner that an ownership record names; empty for any other record."""
    text = "".join(record.values).strip('"')
    if record.type != "TXT" or not text.startswith(_OWN):
        return ""
    return text.removeprefix(_OWN).partition(",")[0]


def classified(record: RecordSet) -> RecordSet:
    """A record as what it is by type and name, with its owner."""
    members = (record.zone_id, record.name, record.type, record.values, record.ttl, owner_of(record))
    for kind in (NameOwnership, AssociationOwnership):
        if record.type == "TXT" and record.name.startswith(f"{kind.LABEL}."):
            return kind(*members)
    return RecordSet(*members)


def is_nameless(record: RecordSet) -> bool:
    """Whether a record is a TXT record that names no owner, neither as Trellis nor as ExternalDNS writes it."""
    return record.type == "TXT" and not any(_HERITAGE in value for value in record.values)


def record_id(record: RecordSet) -> str:
    """What a record with its value is noted as."""
    return "/".join((record.zone_id, record.name, record.type, *record.values))


def association_id(zone: HostedZone, vpc_id: str) -> str:
    """What the association of a VPC with a zone is noted as."""
    return f"{zone.id}/{vpc_id}"


def is_own_name(hostname: str, zone: HostedZone, observed: ObservedNames, owner: str) -> bool:
    """Whether the records of a hostname are the owner's, by their ownership record or else by what was noted."""
    records, place = observed.records[zone.id], NameOwnership.name_of(hostname)
    claims = [record for record in records if record.name == place]
    if any(isinstance(claim, NameOwnership) and claim.owner == owner for claim in claims):
        return True
    cname = next((record for record in records if (record.name, record.type) == (hostname, "CNAME")), None)
    if cname is None and claims:
        # Both were spoiled, and only the ownership record is left.
        noted = any(known.startswith(f"{zone.id}/{hostname}/CNAME/") for known in observed.noted)
        return noted and all(map(is_nameless, claims))
    return is_noted(cname, claims, observed)


def is_noted(cname: RecordSet | None, claims: Iterable[RecordSet], observed: ObservedNames) -> bool:
    """Whether a record was noted as own with just this value; `claims`, where its ownership record was, name nobody."""
    return cname is not None and record_id(cname) in observed.noted and all(map(is_nameless, claims))


def is_own_association(zone: HostedZone, observed: ObservedNames, cluster: Cluster) -> bool:
    """Whether Trellis has associated the cluster's VPC with a zone, by the same two signs."""
    found = association_claim(zone, observed, cluster.vpc_id)
    if found is not None and found.owner == fleet_owner(cluster.account):
        return True
    return (found is None or is_nameless(found)) and association_id(zone, cluster.vpc_id) in observed.noted


def association_claim(zone: HostedZone, observed: ObservedNames, vpc_id: str) -> RecordSet | None:
    """The ownership record of an association."""
    name = AssociationOwnership.name_of(zone, vpc_id)
    return next((record for record in observed.records[zone.id] if (record.name, record.type) == (name, "TXT")), None)


def is_in_question(wanted: NamesWanted, observed: ObservedNames) -> bool:
    """Whether what was noted may matter: something is not as it must be, or no ownership record says whose it is.

    Names of others matter where the cluster wants them too.
    """
    claims = {zone.id: _owners(observed.records[zone.id]) for zone in observed.zones}
    values = {(zone.id, record.name): record.values for zone in observed.zones for record in _cnames(zone, observed)}
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    for name in wanted.names:
        zone = zone_for(name.hostname, observed.zones)
        right = (observed.domains.get(name.service),)
        if zone and (claims[zone.id].get(name.hostname), values.get((zone.id, name.hostname))) != (owner, right):
            return True
    return any(not claims[zone_id].get(hostname) for zone_id, hostname in values) or any(
        _is_association_in_question(zone, wanted, observed) for zone in observed.zones
    )


def own_ids(wanted: NamesWanted, observed: ObservedNames) -> Iterator[str]:
    """What is to be noted. A value that somebody else has put there is not.

    What was noted of a wanted name stays so, whoever has taken or claimed its records now: they may be put back by
    several runs. Of anything else it stays while it is there.
    """
    owner = cluster_owner(wanted.cluster.account, wanted.cluster.name)
    targets = {name.hostname: observed.domains.get(name.service, "") for name in wanted.names}
    for known in observed.noted:
        hostname, value = _noted_of_name(known)
        if hostname in targets and targets[hostname] in ("", value):
            yield known
    for zone in observed.zones:
        owners = _owners(observed.records[zone.id])
        for record in _cnames(zone, observed):
            is_right = record.name not in targets or record.values == (targets[record.name],)
            if record_id(record) in observed.noted or (owners.get(record.name) == owner and is_right):
                yield record_id(record)
        if _is_association_noted(zone, observed, wanted.cluster):
            yield association_id(zone, wanted.cluster.vpc_id)


def _noted_of_name(known: str) -> tuple[str, str]:
    """Hostname and value of a record that was noted, both empty for anything else."""
    match known.split("/", 3):
        case [_, hostname, "CNAME", value]:
            return hostname, value
    return "", ""


def _is_association_noted(zone: HostedZone, observed: ObservedNames, cluster: Cluster) -> bool:
    is_there = cluster.vpc_id in zone.vpc_ids
    if association_id(zone, cluster.vpc_id) in observed.noted:
        return is_there or association_claim(zone, observed, cluster.vpc_id) is not None
    return is_there and is_own_association(zone, observed, cluster)


def _is_association_in_question(zone: HostedZone, wanted: NamesWanted, observed: ObservedNames) -> bool:
    cluster = wanted.cluster
    claim = association_claim(zone, observed, cluster.vpc_id)
    is_claimed = claim is not None and claim.owner == fleet_owner(cluster.account)
    return (claim is not None or cluster.vpc_id in zone.vpc_ids) and not (is_claimed and cluster.vpc_id in zone.vpc_ids)


def _cnames(zone: HostedZone, observed: ObservedNames) -> list[RecordSet]:
    return [record for record in observed.records[zone.id] if record.type == "CNAME"]


def _owners(records: Iterable[RecordSet]) -> dict[str, str]:
    """Whom the ownership records name, by hostname."""
    return {record.hostname: record.owner for record in records if isinstance(record, NameOwnership)}
