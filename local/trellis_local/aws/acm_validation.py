"""Whether ACM may issue a certificate for its domain names, as public DNS says: at first and at each renewal.

Public DNS is what the public hosted zones of the stack's Route 53 hold. A name that is in none of them has its DNS
elsewhere, where the stack cannot look: it counts as validated, and nothing is asked of it.

- Each name needs the CNAME record that DescribeCertificate shows, a wildcard that of its domain:
  https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
- Where there are CAA records, those of the closest domain count, and one has to name an authority of Amazon:
  https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html and RFC 8659.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from moto.acm.models import CertBundle
from moto.route53.models import route53_backends

PENDING = "PENDING_DOMAIN_VALIDATION"
CAA_ERROR = "CAA_ERROR"

_AUTHORITIES = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
_DESCRIBE = CertBundle.describe


def problems(bundle: Any) -> dict[str, str]:
    """Why ACM cannot validate the certificate's names, by name; empty when it can."""
    options = _DESCRIBE(bundle)["Certificate"].get("DomainValidationOptions", ())
    found = {option["DomainName"]: _problem(option["DomainName"], option["ResourceRecord"]) for option in options}
    return {name: problem for name, problem in sorted(found.items()) if problem}


def reason(found: dict[str, str]) -> str:
    """The one that ACM gives where names have several; that a CAA record comes first is inferred."""
    return CAA_ERROR if CAA_ERROR in found.values() else next(iter(found.values()), "")


def _problem(name: str, record: dict[str, str]) -> str:
    zone = _zone_of(record["Name"])
    if zone is None:
        return ""
    if not _is_authorized(name):
        return CAA_ERROR
    return "" if _plain(record["Value"]) in map(_plain, _values(zone, record["Name"], "CNAME")) else PENDING


def _is_authorized(name: str) -> bool:
    domain = name.removeprefix("*.")
    values = [_parsed(value) for value in _closest_caa(domain)]
    wild = [authority for tag, authority in values if tag == "issuewild"]
    plain = [authority for tag, authority in values if tag == "issue"]
    allowed = wild if wild and name.startswith("*.") else plain
    return not allowed or bool(_AUTHORITIES & set(allowed))


def _closest_caa(domain: str) -> Sequence[str]:
    """The CAA records of the domain, else of the closest one above it that has any."""
    while domain:
        zone = _zone_of(domain)
        found = _values(zone, domain, "CAA") if zone is not None else []
        if found:
            return found
        domain = domain.partition(".")[2]
    return ()


def _parsed(value: str) -> tuple[str, str]:
    """Tag and authority of a CAA record: `0 issue "amazon.com; validationmethods=dns"`."""
    _flags, tag, quoted = (*value.split(None, 2), "", "", "")[:3]
    return tag.lower(), quoted.strip('"').partition(";")[0].strip().lower()


def _zone_of(name: str) -> Any | None:
    """The public hosted zone that answers for a name: the longest of those it lies in."""
    inside = [zone for zone in _public_zones() if f".{_plain(name)}".endswith(f".{_plain(zone.name)}")]
    return max(inside, key=lambda zone: len(zone.name), default=None)


def _public_zones() -> Iterator[Any]:
    for partitions in list(route53_backends.values()):
        for backend in list(partitions.values()):
            yield from (zone for zone in list(backend.zones.values()) if not zone.private_zone)


def _values(zone: Any, name: str, kind: str) -> list[str]:
    sets = [found for found in list(zone.rrsets) if found.type == kind and _plain(found.name) == _plain(name)]
    return [str(value) for found in sets for value in found.records or ()]


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")
