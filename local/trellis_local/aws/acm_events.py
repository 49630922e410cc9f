"""The events of AWS Certificate Manager, and its managed renewal, which one of them tells of.

https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html says what is sent: `Available` when a certificate
is issued, renewed or imported; `Approaching Expiration` once a day, 45 days before an imported or private certificate
expires and 30 days before a public one does; `Expired`, for those that ACM issued. ACM renews what it issued and what
is in use 60 days before it expires (managed-renewal.html); here validation never fails, so that no
`Renewal Action Required` is sent, and nothing is revoked.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.acm.models import CertBundle

from trellis_local import clock
from trellis_local.aws import acm

Event = dict[str, Any]

_LOG = logging.getLogger(__name__)
_LOOKS_EVERY = 0.2
"""Real seconds: what is looked at is in memory."""

_PUBLIC_DAYS = 30
_RENEWAL = timedelta(days=60)


@dataclass
class _Known:
    """What was told of a certificate."""

    serial: int
    is_available: bool = False
    told_at: datetime | None = None
    is_expired: bool = False


class CertificateEvents:
    """Looks at moto's certificates from a thread of its own and publishes what AWS would."""

    def __init__(self, publish: Callable[[Event], object], *, users: acm.Users, region: str) -> None:
        self._publish = publish
        self._users = users
        self._region = region
        self._known: dict[str, _Known] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="acm", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def look(self) -> list[Event]:
        """What has happened since the last look, by the stack's clock."""
        found = list(acm.bundles(self._region))
        events = [event for bundle in found for event in self._of(bundle)]
        self._known = {arn: known for arn, known in self._known.items() if arn in {bundle.arn for bundle in found}}
        return events

    def _run(self) -> None:
        while not self._stopping.wait(_LOOKS_EVERY):
            try:
                for event in self.look():
                    self._publish(event)
            except Exception:  # noqa: BLE001 - a thread's entry point: the next look may succeed
                _LOG.exception("events of ACM were lost")

    def _of(self, bundle: Any) -> Iterator[Event]:
        bundle.check()  # moto looks at time only when it is asked
        before = self._known.get(bundle.arn)
        action = _action(bundle, before)
        if self._is_to_renew(bundle):
            bundle, action = _renewed(bundle, self._region), "RENEWAL"
        if before is None or before.serial != bundle._cert.serial_number:
            self._known[bundle.arn] = _Known(bundle._cert.serial_number)
        known = self._known[bundle.arn]
        now = clock.current().now()
        if bundle.status == "ISSUED":
            if not known.is_available:
                known.is_available = True
                yield self._event("Available", bundle, {"Action": action, **self._detail(bundle, now)})
            yield from self._expiration(bundle, known, now)
        elif bundle.status == "EXPIRED" and bundle.type != "IMPORTED" and not known.is_expired:
            known.is_expired = True
            yield self._event("Expired", bundle, self._detail(bundle, now, days=False))

    def _is_to_renew(self, bundle: Any) -> bool:
        due = acm.not_after(bundle) - clock.current().now() <= _RENEWAL
        return due and bundle.type == "AMAZON_ISSUED" and bundle.status == "ISSUED" and bool(self._users(bundle.arn))

    def _expiration(self, bundle: Any, known: _Known, now: datetime) -> Iterator[Event]:
        days = acm.days_before_expiry(bundle, self._region)
        days = min(days, _PUBLIC_DAYS) if bundle.type == "AMAZON_ISSUED" else days
        is_near = acm.not_after(bundle) - now <= timedelta(days=days)
        if is_near and (known.told_at is None or now - known.told_at >= timedelta(days=1)):
            known.told_at = now
            detail = {"DaysToExpiry": _days(bundle, now), "CommonName": bundle.common_name}
            yield self._event("Approaching Expiration", bundle, detail)

    def _detail(self, bundle: Any, now: datetime, *, days: bool = True) -> dict[str, Any]:
        return {
            "CertificateType": bundle.type,
            "CommonName": bundle.common_name,
            **({"DomainValidationMethod": "DNS"} if bundle.type == "AMAZON_ISSUED" else {}),
            "CertificateCreatedDate": _time(acm.made(bundle)),
            "CertificateExpirationDate": _time(acm.not_after(bundle)),
            **({"DaysToExpiry": _days(bundle, now)} if days else {}),
            "InUse": bool(self._users(bundle.arn)),
            "Exported": False,
        }

    def _event(self, what: str, bundle: Any, detail: dict[str, Any]) -> Event:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": f"ACM Certificate {what}",
            "source": "aws.acm",
            "account": bundle.arn.split(":")[4],
            "time": _time(clock.current().now()),
            "region": self._region,
            "resources": [bundle.arn],
            "detail": detail,
        }


def _action(bundle: Any, before: _Known | None) -> str:
    if bundle.type != "IMPORTED":
        return "ISSUANCE"
    return "IMPORT" if before is None else "REIMPORT"


def _renewed(bundle: Any, region: str) -> Any:
    """A new certificate in the place of the old one, under its ARN."""
    account = bundle.arn.split(":")[4]
    fresh = CertBundle.generate_cert(bundle.common_name, account, region, sans=bundle.sans)
    fresh.arn, fresh.tags, fresh.status = bundle.arn, bundle.tags, "ISSUED"
    fresh.cert_options, fresh.issued_at = bundle.cert_options, clock.current().now()
    acm.put(fresh, region)
    return fresh


def _days(bundle: Any, now: datetime) -> int:
    return (acm.not_after(bundle) - now).days


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
