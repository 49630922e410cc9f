"""DNS as a client in one VPC sees it: private hosted zones first, then the public names of VPC Lattice services.

The longest matching private zone wins and there is no fall-through: a name that it lacks does not exist
(docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html). Names of the internet at
large do not resolve here, and record sets with a routing policy are refused rather than guessed.
"""

import ipaddress
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LINK_LOCAL = ipaddress.ip_network("169.254.171.0/24")
LINK_LOCAL_IPV6 = ipaddress.ip_network("fd00:ec2:80::/64")
LONGEST_CHAIN = 8
ADDRESS_TYPES = ("A", "AAAA")


@dataclass(frozen=True)
class Record:
    """One record set; `alias` is the target of an alias record, `plain` is False under a routing policy."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    alias: str = ""
    plain: bool = True


@dataclass(frozen=True)
class Zone:
    """A private hosted zone; names in lower case without the final dot."""

    name: str
    records: tuple[Record, ...]

    def covers(self, name: str) -> bool:
        """True when the name is the zone's apex or below it."""
        return name == self.name or name.endswith(f".{self.name}")

    def at(self, name: str) -> tuple[Record, ...]:
        """The record sets of a name; a wildcard answers for names that the zone does not have (RFC 4592)."""
        existing = {record.name for record in self.records}
        labels = name.split(".")
        for cut in range(len(labels)):
            encloser = ".".join(labels[cut:])
            if any(known == encloser or known.endswith(f".{encloser}") for known in existing):
                owner = encloser if cut == 0 else f"*.{encloser}"
                return tuple(record for record in self.records if record.name == owner)
        return ()


@dataclass(frozen=True)
class Resolution:
    """The addresses of a name, or none and the reason; `chain` lists the names asked for, first to last."""

    chain: tuple[str, ...]
    addresses: tuple[str, ...]
    reason: str


def is_lattice_address(address: str) -> bool:
    """True for the link-local addresses that VPC Lattice answers on."""
    parsed = ipaddress.ip_address(address)
    return parsed in LINK_LOCAL if parsed.version == 4 else parsed in LINK_LOCAL_IPV6


def resolve(name: str, *, zones: Iterable[Zone], is_lattice_name: Callable[[str], bool]) -> Resolution:
    """Resolve a name, or an address written as a name, for a VPC that sees these private zones."""
    try:
        address = str(ipaddress.ip_address(name))
    except ValueError:
        return _follow((name,), tuple(zones), is_lattice_name)
    return Resolution((name,), (address,), f"{name} is an address")


def _follow(chain: tuple[str, ...], zones: tuple[Zone, ...], is_lattice_name: Callable[[str], bool]) -> Resolution:
    name = chain[-1]
    if len(chain) > LONGEST_CHAIN or name in chain[:-1]:
        return Resolution(chain, (), f"the CNAME chain {' -> '.join(chain)} does not end")
    zone = max((zone for zone in zones if zone.covers(name)), key=lambda zone: len(zone.name), default=None)
    if zone is None:
        return _public(chain, is_lattice_name)
    found = _from_zone(chain, zone)
    if found.addresses or found.chain == chain:
        return found
    return _follow(found.chain, zones, is_lattice_name)


def _public(chain: tuple[str, ...], is_lattice_name: Callable[[str], bool]) -> Resolution:
    name = chain[-1]
    if is_lattice_name(name):
        host = 1 + zlib.crc32(name.encode()) % (LINK_LOCAL.num_addresses - 2)
        return Resolution(chain, (str(LINK_LOCAL[host]),), f"{name} is the name of a VPC Lattice service")
    return Resolution(
        chain,
        (),
        f"NXDOMAIN: no private hosted zone of the VPC covers {name}, and no VPC Lattice service has that name",
    )


def _from_zone(chain: tuple[str, ...], zone: Zone) -> Resolution:
    """Addresses, a longer chain to follow, or the same chain and the reason why there is nothing."""
    name = chain[-1]
    records = zone.at(name)
    if not records:
        return Resolution(chain, (), f"NXDOMAIN: private hosted zone {zone.name} has no record {name}")
    for record in sorted(records, key=lambda record: record.type):
        if record.type not in (*ADDRESS_TYPES, "CNAME"):
            continue
        if not record.plain:
            return Resolution(chain, (), f"{record.type} {name} has a routing policy, which is not emulated")
        if record.alias or record.type == "CNAME":
            return Resolution((*chain, record.alias or record.values[0]), (), f"{name} points elsewhere")
        return Resolution(chain, record.values, f"{record.type} record in private hosted zone {zone.name}")
    kinds = ", ".join(sorted({record.type for record in records}))
    return Resolution(chain, (), f"NODATA: private hosted zone {zone.name} has only {kinds} records for {name}")
