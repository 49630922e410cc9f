"""The names of a cluster: what is wanted, what is there, and the changes in between."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from trellis.model import Cluster, DnsName, HostedZone, NameOwnership, RecordSet
from trellis.planning.work import Description, described


@dataclass(frozen=True)
class ObservedNames:
    """The managed private zones with their record sets by zone id, and the services' generated domain names.

    `noted` is what earlier runs have found to be the cluster's own, as `own_ids` tells it. `unmanaged` are the names of
    the other private zones, whose names are not Trellis' to give away.
    """

    zones: tuple[HostedZone, ...] = ()
    records: Mapping[str, tuple[RecordSet, ...]] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    noted: Collection[str] = frozenset()
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
        first = (self.upserts or self.deletes)[0]
        return first.hostname if isinstance(first, NameOwnership) else first.name

    def describe(self) -> Description:
        """Describe the change for reports; what is only in the batch so that it holds for all of it is left out."""
        expected = [record for record in self.upserts if record not in self.replaced]
        found = [record for record in (*self.deletes, *self.replaced) if record not in self.upserts]
        return described(
            "ChangeResourceRecordSets",
            f"record {(expected or found)[0].name} in {self.zone.name}",
            expected=[_words(record) for record in expected],
            found=[_words(record) for record in found],
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

    def left_because(self, change: NameChange) -> str:
        """Why a change is only reported; empty for one that is made."""
        found = (self.left.get(name) for name in (change.hostname, str(change.describe()["resource"])))
        return next((because for because in found if because), "")


def zone_for(hostname: str, zones: Iterable[HostedZone]) -> HostedZone | None:
    """The zone with the longest name that is a suffix of the hostname, as Route 53 itself resolves."""
    fitting = [zone for zone in zones if covers(zone.name, hostname)]
    return max(fitting, key=lambda zone: (len(zone.name), zone.id), default=None)


def covers(zone: str, hostname: str) -> bool:
    """Whether a hostname is a name of the zone called so."""
    return hostname == zone or hostname.endswith(f".{zone}")


def _words(record: RecordSet) -> str:
    return f"{record.name} {record.ttl} {record.type} {' '.join(record.values)}"
