"""The events of AWS Certificate Manager, and its managed renewal, which some of them tell of.

https://docs.aws.amazon.com/acm/latest/userguide/supported-events.html says what is sent:

- `Available` when a certificate is issued, renewed or imported;
- `Approaching Expiration` once a day, 45 days before an imported or private certificate expires and 30 days before a
  public one does;
- `Renewal Action Required` 30, 15, 7, 3 and 1 days before one expires whose names ACM cannot validate;
- `Expired`, for those that ACM issued, and `Revoked`.

`Rotated` is only named: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-acm.html. That it follows a
renewal, when services in use have got the new certificate, and that its detail is empty, is inferred.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trellis_local import clock
from trellis_local.aws import acm_renewal
from trellis_local.aws.acm_bundles import Users, bundles, days_before_expiry, is_exported, made, not_after, validity

Event = dict[str, Any]

_LOG = logging.getLogger(__name__)
_LOOKS_EVERY = 0.2
"""Real seconds: what is looked at is in memory."""

_PUBLIC_DAYS = 30


@dataclass
class _Known:
    """What was told of a certificate."""

    serial: int
    is_available: bool = False
    told_at: datetime | None = None
    step: int | None = None
    is_over: bool = False


class CertificateEvents:
    """Looks at moto's certificates from a thread of its own and publishes what AWS would."""

    def __init__(self, publish: Callable[[Event], object], *, users: Users, region: str) -> None:
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
        found = list(bundles(self._region))
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
        if acm_renewal.is_due(bundle) and (is_exported(bundle) or self._users(bundle.arn)):
            old, bundle = bundle, acm_renewal.attempt(bundle, self._region)
            action = action if bundle is old else "RENEWAL"
        if before is None or before.serial != bundle._cert.serial_number:
            self._known[bundle.arn] = _Known(bundle._cert.serial_number)
        known = self._known[bundle.arn]
        if bundle.status == "ISSUED":
            yield from self._available(bundle, known, action)
            yield from self._expiration(bundle, known)
            yield from self._renewal(bundle, known)
        elif bundle.type != "IMPORTED" and not known.is_over:
            yield from self._over(bundle, known)

    def _available(self, bundle: Any, known: _Known, action: str) -> Iterator[Event]:
        if known.is_available:
            return
        known.is_available = True
        yield self._event("Available", bundle, {"Action": action, **self._detail(bundle)})
        if action == "RENEWAL" and self._users(bundle.arn):
            yield self._event("Rotated", bundle, {})

    def _expiration(self, bundle: Any, known: _Known) -> Iterator[Event]:
        now = clock.current().now()
        days = days_before_expiry(bundle, self._region)
        days = min(days, _PUBLIC_DAYS) if bundle.type == "AMAZON_ISSUED" else days
        is_near = not_after(bundle) - now <= timedelta(days=days)
        if is_near and (known.told_at is None or now - known.told_at >= timedelta(days=1)):
            known.told_at = now
            yield self._event("Approaching Expiration", bundle, {"DaysToExpiry": _days(bundle), **_named(bundle)})

    def _renewal(self, bundle: Any, known: _Known) -> Iterator[Event]:
        step, renewal = acm_renewal.step(bundle), acm_renewal.of(bundle)
        if renewal and step is not None and (known.step is None or step < known.step):
            known.step = step
            detail = {**self._detail(bundle), "RenewalStatusReason": renewal.reason}
            del detail["CertificateCreatedDate"]
            yield self._event("Renewal Action Required", bundle, detail)

    def _over(self, bundle: Any, known: _Known) -> Iterator[Event]:
        if bundle.status == "EXPIRED":
            known.is_over = True
            detail = self._detail(bundle)
            del detail["DaysToExpiry"]
            yield self._event("Expired", bundle, detail)
        elif bundle.status == "REVOKED":
            known.is_over = True
            exportable = bundle.type == "PRIVATE" or bundle.cert_options.get("Export") == "ENABLED"
            ends = {"CertificateExpirationDate": _time(not_after(bundle)), "Exportable": exportable}
            yield self._event("Revoked", bundle, {"CertificateType": bundle.type, **_named(bundle), **ends})

    def _detail(self, bundle: Any) -> dict[str, Any]:
        return {
            "CertificateType": bundle.type,
            **_named(bundle),
            **({"DomainValidationMethod": "DNS"} if bundle.type == "AMAZON_ISSUED" else {}),
            "CertificateCreatedDate": _time(made(bundle)),
            "CertificateExpirationDate": _time(not_after(bundle)),
            "DaysToExpiry": _days(bundle),
            "InUse": bool(self._users(bundle.arn)),
            "Exported": is_exported(bundle),
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


def _named(bundle: Any) -> dict[str, Any]:
    return {
        "CommonName": bundle.common_name,
        **({"FirstSubjectAlternativeName": bundle.sans[0]} if bundle.sans else {}),
        "ValidityInDays": validity(bundle).days,
        "CertificateKeyPairOrigin": "CUSTOMER_PROVIDED" if bundle.type == "IMPORTED" else "AWS_MANAGED",
    }


def _days(bundle: Any) -> int:
    return (not_after(bundle) - clock.current().now()).days


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
