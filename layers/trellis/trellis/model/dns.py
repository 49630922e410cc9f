"""Private hosted zones and the record sets that Trellis keeps in them."""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class HostedZone:
    """A private hosted zone; `name` has no trailing dot."""

    id: str
    name: str
    vpc_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordSet:
    """A simple record set; names have no trailing dot, `ttl` is in seconds.

    `owner` is whom an ownership record names.
    """

    zone_id: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int = 300
    owner: str = field(default="", compare=False)


@dataclass(frozen=True)
class NameOwnership(RecordSet):
    """The TXT record beside the CNAME of a hostname, `_trellis.<hostname>`, that says whose both are."""

    LABEL: ClassVar[str] = "_trellis"

    @property
    def hostname(self) -> str:
        """The hostname that it is about."""
        return self.name.removeprefix(f"{self.LABEL}.")

    @classmethod
    def name_of(cls, hostname: str) -> str:
        """Where the record of a hostname is."""
        return f"{cls.LABEL}.{hostname}"


@dataclass(frozen=True)
class AssociationOwnership(RecordSet):
    """The TXT record `_trellis-vpc.<vpc>.<zone>` that says that Trellis has associated the VPC with the zone."""

    LABEL: ClassVar[str] = "_trellis-vpc"

    @classmethod
    def name_of(cls, zone: HostedZone, vpc_id: str) -> str:
        """Where the record of a VPC is."""
        return f"{cls.LABEL}.{vpc_id}.{zone.name}"


def name_id(name: str) -> str:
    """What a record's name is called where resources are known by id; a hostname and its ownership record are one."""
    return f"name/{name.removesuffix('.').lower().removeprefix(f'{NameOwnership.LABEL}.')}"
