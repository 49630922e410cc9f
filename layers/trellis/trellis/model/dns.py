"""Private hosted zones and the record sets that Trellis keeps in them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class HostedZone:
    """A private hosted zone; `name` has no trailing dot."""

    id: str
    name: str
    vpc_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordSet:
    """A simple record set; names have no trailing dot, `ttl` is in seconds."""

    zone_id: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int = 300
    owner: str = field(default="", compare=False)
