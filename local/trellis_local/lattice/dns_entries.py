"""The DNS names that VPC Lattice generates; the emulator resolves none of them."""

import base64
import hashlib

from .kinds import id_of

# The only hosted zone id that is publicly known; AWS publishes no table, so callers must read the field.
_KNOWN_ZONES = {"us-east-1": "Z0681547Z82L3THDFSCZ"}
_DOMAIN_HASH = "7d67968"


def dns_entry(*, name: str, service_id: str, region: str) -> dict[str, str]:
    """The dnsEntry of a service."""
    digits = id_of(service_id).split("-", 1)[1]
    return {
        "domainName": f"{name}-{digits}.{_DOMAIN_HASH}.vpc-lattice-svcs.{region}.on.aws",
        "hostedZoneId": _KNOWN_ZONES.get(region) or _stable_zone_id(region),
    }


def _stable_zone_id(region: str) -> str:
    digest = hashlib.sha256(f"vpc-lattice-svcs.{region}".encode()).digest()
    return "Z" + base64.b32encode(digest).decode()[:20]
