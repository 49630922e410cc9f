"""Which VPCs resolve the zones of their network: associations that are made, claimed again, or undone.

Each cluster makes the associations of all, so that a name works as soon as it is there; what has lost its ownership
record is claimed again, and undone, by the cluster alone whose VPC it is, since that one has noted it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trellis.model import (
    AssociationOwnership,
    Cluster,
    ClusterState,
    HostedZone,
    NameOwnership,
    RecordSet,
    cluster_owner,
    fleet_owner,
)
from trellis.planning.dns_ownership import (
    association_claim,
    association_id,
    is_own_association,
    owner_text,
)
from trellis.planning.dns_state import (
    AssociateZone,
    ChangeRecords,
    DisassociateZone,
    NameChange,
    NamesWanted,
    ObservedNames,
)
from trellis.planning.work import Refusal


@dataclass(frozen=True)
class Associations:
    """What associations need: first `added`, at the end `removed`."""

    added: tuple[NameChange, ...] = ()
    removed: tuple[NameChange, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def diff_associations(wanted: NamesWanted, observed: ObservedNames, used: Mapping[str, set[str]]) -> Associations:
    """Compare; `used` are the hostnames of the cluster by zone. The VPCs of all members resolve the zones that carry
    names of the network; the cluster's own leaves the others.
    """
    added: list[NameChange] = []
    removed: list[NameChange] = []
    refusals: list[Refusal] = []
    vpcs = {member.vpc_id for member in _active(wanted)}
    own = wanted.cluster.vpc_id
    for zone in observed.zones:
        carries = bool(used[zone.id]) or _has_names_of_others(zone, observed, wanted)
        if carries:
            for vpc_id in sorted(vpcs - set(zone.vpc_ids)):
                added.extend(_associate(zone, vpc_id, observed, wanted))
        if carries and own in vpcs:
            added.extend(_claim_again(zone, observed, wanted))
            refusals.extend(_refusals(zone, observed, wanted))
        elif is_own_association(zone, observed, wanted.cluster):
            removed.extend(_dissociate(zone, observed, wanted.cluster))
    return Associations(tuple(added), tuple(removed), tuple(refusals))


def _active(wanted: NamesWanted) -> list[Cluster]:
    return [member for member in wanted.members if member.state is ClusterState.ACTIVE]


def _has_names_of_others(zone: HostedZone, observed: ObservedNames, wanted: NamesWanted) -> bool:
    owners = {cluster_owner(member.account, member.name) for member in _active(wanted)}
    owners.discard(cluster_owner(wanted.cluster.account, wanted.cluster.name))
    return any(isinstance(record, NameOwnership) and record.owner in owners for record in observed.records[zone.id])


def _associate(zone: HostedZone, vpc_id: str, observed: ObservedNames, wanted: NamesWanted) -> Iterator[NameChange]:
    """First the ownership record, then the association: a crash between the two leaves nothing unowned."""
    found, cluster = association_claim(zone, observed, vpc_id), wanted.cluster
    is_own = vpc_id == cluster.vpc_id and is_own_association(zone, observed, cluster)
    if found and found.owner != fleet_owner(cluster.account) and not is_own:
        return
    record = _claim(zone, vpc_id, wanted)
    if found != record:
        yield ChangeRecords(zone, upserts=(record,), replaced=(found,) if found else ())
    yield AssociateZone(zone, vpc_id)


def _claim_again(zone: HostedZone, observed: ObservedNames, wanted: NamesWanted) -> Iterator[NameChange]:
    """The ownership record of an association that is there and own; somebody has deleted or changed the record."""
    vpc_id = wanted.cluster.vpc_id
    found, record = association_claim(zone, observed, vpc_id), _claim(zone, vpc_id, wanted)
    if vpc_id in zone.vpc_ids and found != record and is_own_association(zone, observed, wanted.cluster):
        yield ChangeRecords(zone, upserts=(record,), replaced=(found,) if found else ())


def _refusals(zone: HostedZone, observed: ObservedNames, wanted: NamesWanted) -> Iterator[Refusal]:
    """Another's record in the place of the cluster's own, where it keeps the association from being made or owned."""
    cluster = wanted.cluster
    found = association_claim(zone, observed, cluster.vpc_id)
    needed = cluster.vpc_id not in zone.vpc_ids or association_id(zone, cluster.vpc_id) in observed.noted
    if found and needed and not is_own_association(zone, observed, cluster):
        message = f"zone {zone.name} has a record that Trellis does not own: {found.name} {found.type}"
        yield Refusal(f"zone {zone.name}", "RecordNotOwned", message)


def _dissociate(zone: HostedZone, observed: ObservedNames, cluster: Cluster) -> Iterator[NameChange]:
    found = association_claim(zone, observed, cluster.vpc_id)
    if cluster.vpc_id in zone.vpc_ids:
        yield DisassociateZone(zone, cluster.vpc_id)
    if found:
        yield ChangeRecords(zone, deletes=(found,))


def _claim(zone: HostedZone, vpc_id: str, wanted: NamesWanted) -> RecordSet:
    owner = fleet_owner(wanted.cluster.account)
    name, text = AssociationOwnership.name_of(zone, vpc_id), owner_text(owner, f"association of {vpc_id}")
    return AssociationOwnership(zone.id, name, "TXT", (text,), wanted.ttl, owner)
