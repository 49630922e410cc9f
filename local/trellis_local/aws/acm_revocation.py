"""Exporting and revoking certificates: moto forgets that it exported one, and has no RevokeCertificate.

https://docs.aws.amazon.com/acm/latest/APIReference/API_RevokeCertificate.html: only exported certificates that ACM
issued can be revoked, none that is in use, and it is for good. Which error each of these is, is inferred, but for the
one in use: the page lists the errors without saying when they come. A revocation takes effect at once; AWS says within
24 hours.
"""

from collections.abc import Callable
from typing import Any

from moto.acm.exceptions import AWSResourceNotFoundException, AWSValidationException
from moto.acm.models import AWSCertificateManagerBackend
from moto.acm.responses import AWSCertificateManagerResponse

from trellis_local import clock
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.acm_bundles import Users, is_exported


class InUseError(AWSResourceNotFoundException):  # type: ignore[misc]
    """ResourceInUseException."""

    TYPE = "ResourceInUseException"

    def __init__(self, arn: str) -> None:
        super().__init__(message=f"Certificate {arn} in account {arn.split(':')[4]} is in use.")


def install(users: Users) -> Callable[[], None]:
    """Patch moto; call the result to undo it."""
    undo_export = moto.replace(
        AWSCertificateManagerBackend,
        "export_certificate",
        _export(AWSCertificateManagerBackend.export_certificate),
    )
    AWSCertificateManagerResponse.revoke_certificate = _revoke(users)

    def uninstall() -> None:
        undo_export()
        del AWSCertificateManagerResponse.revoke_certificate

    return uninstall


def _export(original: Callable[[Any, str, str], Any]) -> Callable[[Any, str, str], Any]:
    def export_certificate(self: Any, certificate_arn: str, passphrase: str) -> Any:
        answer = original(self, certificate_arn, passphrase)
        self.get_certificate(certificate_arn).exported = True
        return answer

    return export_certificate


def _revoke(users: Users) -> Callable[[Any], Any]:
    def revoke_certificate(self: Any) -> Any:
        arn, reason = self._get_param("CertificateArn"), self._get_param("RevocationReason")
        if not arn or reason not in moto.get_service_model("acm").shape_for("RevocationReason").enum:
            raise AWSValidationException("CertificateArn and a valid RevocationReason are required.")
        bundle = self.acm_backend.get_certificate(arn)
        if users(arn):
            raise InUseError(arn)
        if not is_exported(bundle) or bundle.status != "ISSUED":
            raise AWSValidationException(f"Certificate {arn} is not an issued certificate that was exported.")
        bundle.status, bundle.revoked_at, bundle.revocation_reason = "REVOKED", clock.current().now(), reason
        return moto.ActionResult(result={"CertificateArn": arn})

    return revoke_certificate
