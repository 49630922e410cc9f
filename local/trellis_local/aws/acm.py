"""What moto's AWS Certificate Manager answers otherwise than AWS: its list, what is in use, and the time.

The list shows names, lists RSA keys of 1024 and 2048 bits unless it is asked for others, and comes in pages
(API reference of ListCertificates). A certificate that a VPC Lattice service uses cannot be deleted: inferred from the
VPC Lattice User Guide, by which ACM shows the service as an associated resource, and the API reference of
DeleteCertificate. Validation and expiry go by the stack's clock.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from moto import settings
from moto.acm.exceptions import AWSResourceNotFoundException
from moto.acm.models import AWSCertificateManagerBackend, CertBundle, acm_backends
from moto.acm.responses import AWSCertificateManagerResponse

from trellis_local import clock
from trellis_local.aws import moto_seam as moto

Users = Callable[[str], list[str]]
"""The ARNs of the VPC Lattice services that use a certificate."""

_DEFAULT_KEYS = ("RSA_1024", "RSA_2048")
_SUMMARY_NAMES = 100
_MOST_ITEMS = 1000


class _InUse(AWSResourceNotFoundException):  # type: ignore[misc]
    TYPE = "ResourceInUseException"

    def __init__(self, arn: str) -> None:
        super().__init__(message=f"Certificate {arn} in account {arn.split(':')[4]} is in use.")


def install(users: Users) -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo = [
        moto.replace(CertBundle, "check", _check),
        moto.replace(CertBundle, "describe", _describe(CertBundle.describe, users)),
        moto.replace(AWSCertificateManagerResponse, "list_certificates", _list),
        moto.replace(
            AWSCertificateManagerBackend,
            "delete_certificate",
            _delete(AWSCertificateManagerBackend.delete_certificate, users),
        ),
    ]

    def uninstall() -> None:
        while undo:
            undo.pop()()

    return uninstall


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


def made(bundle: Any) -> datetime:
    """When a certificate was requested or imported, by the stack's clock; moto notes the real time."""
    now = clock.current()
    real = bundle.created_at.replace(tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(now.start + (real - now.start) * now.speed, UTC)


def _check(self: Any) -> None:
    now = clock.current().now()
    if not_after(self) <= now:
        self.status = "EXPIRED"
    elif self.type == "AMAZON_ISSUED" and self.status == "PENDING_VALIDATION" and _is_validated(self, now):
        self.status = "ISSUED"
        self.issued_at = now


def _is_validated(bundle: Any, now: datetime) -> bool:
    return (now - made(bundle)).total_seconds() > float(settings.ACM_VALIDATION_WAIT)


def _describe(original: Callable[[Any], dict[str, Any]], users: Users) -> Callable[[Any], dict[str, Any]]:
    def describe(self: Any) -> dict[str, Any]:
        answer = original(self)
        detail = answer["Certificate"]
        detail["InUseBy"] = [*detail["InUseBy"], *users(self.arn)]
        created = made(self).timestamp()
        for name in ("CreatedAt", "ImportedAt"):
            if name in detail:
                detail[name] = created
        detail.pop("IssuedAt", None)
        if self.type != "IMPORTED" and self.status != "PENDING_VALIDATION":
            issued = getattr(self, "issued_at", None)
            detail["IssuedAt"] = issued.timestamp() if issued else created
        return answer

    return describe


def _list(self: Any) -> Any:
    includes = dict(self._get_param("Includes") or {})
    includes.setdefault("keyTypes", list(_DEFAULT_KEYS))
    found = list(self.acm_backend.list_certificates(self._get_param("CertificateStatuses"), includes))
    start, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxItems") or _MOST_ITEMS)
    answer: dict[str, Any] = {"CertificateSummaryList": [_summary(bundle) for bundle in found[start : start + size]]}
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return moto.ActionResult(result=answer)


def _summary(bundle: Any) -> dict[str, Any]:
    detail = bundle.describe()["Certificate"]
    names = detail["SubjectAlternativeNames"]
    return {
        **detail,
        "SubjectAlternativeNameSummaries": names[:_SUMMARY_NAMES],
        "HasAdditionalSubjectAlternativeNames": len(names) > _SUMMARY_NAMES,
        "InUse": bool(detail["InUseBy"]),
        "Exported": False,
    }


def _delete(original: Callable[[Any, str], None], users: Users) -> Callable[[Any, str], None]:
    def delete_certificate(self: Any, arn: str) -> None:
        if arn in self._certificates and users(arn):
            raise _InUse(arn)
        original(self, arn)

    return delete_certificate
