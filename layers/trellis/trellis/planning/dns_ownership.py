"""Whose a record or a zone association is: what its ownership record says and, where that is gone, what was noted.

An ownership record can be lost by itself. What it was about is still own if an earlier run has noted it: a record with
its value, a VPC with its zone. That never counts against a record that names another owner, and not for another value.
"""

from collections.abc import Iterable, Iterator, Mapping

from trellis.model import (
    AssociationOwnership,
    Cluster,
    HostedZone,
    NameOwnership,
    RecordSet,
    cluster_owner,
    fleet_owner,
)
from trellis.planning.dns_state import NamesWanted, ObservedNames

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
    records = observed.records[zone.id]
    claims = [record for record in records if record.name == NameOwnership.name_of(hostname)]
    if any(isinstance(claim, NameOwnership) and claim.owner == owner for claim in claims):
        return True
    cname = next((record for record in records if (record.name, record.type) == (hostname, "CNAME")), None)
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
    """Whether what was noted may matter: no ownership record says that what is there is the cluster's, or another's.

    Names of others matter where the cluster wants them too.
    """
    cluster = wanted.cluster
    owner, hostnames = cluster_owner(cluster.account, cluster.name), {name.hostname for name in wanted.names}
    for zone in observed.zones:
        owners = _owners(observed.records[zone.id])
        cnames = {record.name for record in observed.records[zone.id] if record.type == "CNAME"}
        if any(owners.get(name, "") != owner and (name in hostnames or not owners.get(name)) for name in cnames):
            return True
        claim = association_claim(zone, observed, cluster.vpc_id)
        if cluster.vpc_id in zone.vpc_ids and (claim is None or claim.owner != fleet_owner(cluster.account)):
            return True
    return False


def own_ids(observed: ObservedNames, cluster: Cluster, targets: Mapping[str, str]) -> Iterator[str]:
    """What is to be noted; `targets` are the domain names that hostnames must have.

    A value that somebody else has put there is not noted. What was noted stays so while it is there, whoever claims it
    now: his claim may go again.
    """
    owner = cluster_owner(cluster.account, cluster.name)
    for zone in observed.zones:
        records = observed.records[zone.id]
        owners = _owners(records)
        for record in records:
            is_own = record.type == "CNAME" and owners.get(record.name) == owner
            is_right = record.name not in targets or record.values == (targets[record.name],)
            if record_id(record) in observed.noted or (is_own and is_right):
                yield record_id(record)
        known = association_id(zone, cluster.vpc_id)
        if cluster.vpc_id in zone.vpc_ids and (known in observed.noted or is_own_association(zone, observed, cluster)):
            yield known


def _owners(records: Iterable[RecordSet]) -> dict[str, str]:
    """Whom the ownership records name, by hostname."""
    return {record.hostname: record.owner for record in records if isinstance(record, NameOwnership)}
