"""moto's certificates, and what is known of one by the stack's clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.acm.models import acm_backends

from trellis_local import clock

Users = Callable[[str], list[str]]
"""The ARNs of the VPC Lattice services that use a certificate."""

VALIDITY = timedelta(days=198)
"""Of a public certificate that ACM issues: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html"""


def bundles(region: str) -> Iterator[Any]:
    """moto's certificates of all accounts in a region."""
    for regions in list(acm_backends.values()):
        if dict.__contains__(regions, region):
            yield from list(regions[region]._certificates.values())


def put(bundle: Any, region: str) -> None:
    """Put a certificate in the place of the one with the same ARN."""
    acm_backends[bundle.arn.split(":")[4]][region]._certificates[bundle.arn] = bundle


def days_before_expiry(bundle: Any, region: str) -> int:
    """How many days before they expire the account wants to be told of certificates (PutAccountConfiguration)."""
    return int(acm_backends[bundle.arn.split(":")[4]][region]._account_config.days_before_expiry)


def not_after(bundle: Any) -> datetime:
    """When a certificate expires."""
    found: datetime = bundle._cert.not_valid_after_utc
    return found


def validity(bundle: Any) -> timedelta:
    """From when to when a certificate is valid."""
    found: timedelta = bundle._cert.not_valid_after_utc - bundle._cert.not_valid_before_utc
    return found


def made(bundle: Any) -> datetime:
    """When a certificate was requested or imported, by the stack's clock; moto notes the real time."""
    now = clock.current()
    real = bundle.created_at.replace(tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(now.start + (real - now.start) * now.speed, UTC)


def is_exported(bundle: Any) -> bool:
    """Whether it was exported since it was issued or last renewed."""
    return bool(getattr(bundle, "exported", False))
