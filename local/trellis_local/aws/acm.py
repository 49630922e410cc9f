"""What moto's AWS Certificate Manager answers otherwise than AWS: its list, what is in use, and the time.

The list shows names, lists RSA keys of 1024 and 2048 bits unless it is asked for others, and comes in pages
(API reference of ListCertificates). A certificate that a VPC Lattice service uses cannot be deleted: inferred from the
VPC Lattice User Guide, by which ACM shows the service as an associated resource, and the API reference of
DeleteCertificate. Validation, validity and expiry go by the stack's clock.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from moto import settings
from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.acm.responses import AWSCertificateManagerResponse

from trellis_local import clock
from trellis_local.aws import acm_renewal, acm_revocation, acm_validation
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.acm_bundles import VALIDITY, Users, is_exported, made, not_after
from trellis_local.aws.acm_revocation import InUseError

_DEFAULT_KEYS = ("RSA_1024", "RSA_2048")
_SUMMARY_NAMES = 100
_MOST_ITEMS = 1000
_GIVES_UP = timedelta(hours=72)
_DOMAIN_STATUS = {"PENDING_VALIDATION": "PENDING_VALIDATION", "VALIDATION_TIMED_OUT": "FAILED", "FAILED": "FAILED"}
"""Of a certificate's names, by its own; otherwise they were validated."""


def install(users: Users) -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo = [
        moto.replace(CertBundle, "check", _check),
        moto.replace(CertBundle, "describe", _describe(CertBundle.describe, users)),
        moto.replace(CertBundle, "generate_cert", _generate(CertBundle.generate_cert)),
        moto.replace(AWSCertificateManagerResponse, "list_certificates", _list),
        moto.replace(
            AWSCertificateManagerBackend,
            "delete_certificate",
            _delete(AWSCertificateManagerBackend.delete_certificate, users),
        ),
        acm_revocation.install(users),
    ]

    def uninstall() -> None:
        while undo:
            undo.pop()()

    return uninstall


def _check(self: Any) -> None:
    now = clock.current().now()
    if self.type == "AMAZON_ISSUED" and self.status == "PENDING_VALIDATION":
        _validate(self, now - made(self))
    if self.status == "ISSUED" and not_after(self) <= now:
        self.status = "EXPIRED"


def _validate(bundle: Any, waited: timedelta) -> None:
    """Issue it, or not: ACM gives up after 72 hours (API reference of DescribeCertificate), and at once for CAA."""
    if waited.total_seconds() <= float(settings.ACM_VALIDATION_WAIT):
        return
    reason = acm_validation.reason(acm_validation.problems(bundle))
    if not reason:
        bundle.status, bundle.issued_at = "ISSUED", clock.current().now()
    elif reason == acm_validation.CAA_ERROR:
        bundle.status, bundle.failure = "FAILED", reason
    elif waited > _GIVES_UP:
        bundle.status = "VALIDATION_TIMED_OUT"


def _generate(original: Callable[..., Any]) -> Callable[..., Any]:
    def generate_cert(*args: Any, **members: Any) -> Any:
        bundle = original(*args, **members)
        if bundle.type == "AMAZON_ISSUED":
            bundle._cert = _valid_from_now(bundle._cert).sign(bundle._key, hashes.SHA256())
            bundle.cert = bundle._cert.public_bytes(serialization.Encoding.PEM)
        return bundle

    return generate_cert


def _valid_from_now(signed: x509.Certificate) -> x509.CertificateBuilder:
    begins = clock.current().now()
    builder = x509.CertificateBuilder().subject_name(signed.subject).issuer_name(signed.issuer)
    builder = builder.public_key(signed.public_key()).serial_number(signed.serial_number)
    for extension in signed.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.not_valid_before(begins).not_valid_after(begins + VALIDITY)


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
        if self.type != "IMPORTED" and self.status not in _DOMAIN_STATUS:
            issued = getattr(self, "issued_at", None)
            detail["IssuedAt"] = issued.timestamp() if issued else created
        options = detail.get("DomainValidationOptions", [])
        for option in options:
            option["ValidationStatus"] = _DOMAIN_STATUS.get(self.status, "SUCCESS")
        return {"Certificate": {**detail, **_ended(self), **acm_renewal.summary(self, options)}}

    return describe


def _ended(bundle: Any) -> dict[str, Any]:
    if bundle.status == "REVOKED":
        return {"RevokedAt": bundle.revoked_at.timestamp(), "RevocationReason": bundle.revocation_reason}
    return {"FailureReason": bundle.failure} if bundle.status == "FAILED" else {}


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
        "Exported": is_exported(bundle),
    }


def _delete(original: Callable[[Any, str], None], users: Users) -> Callable[[Any, str], None]:
    def delete_certificate(self: Any, arn: str) -> None:
        if arn in self._certificates and users(arn):
            raise InUseError(arn)
        original(self, arn)

    return delete_certificate
