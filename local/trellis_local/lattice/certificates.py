"""Which certificates of ACM a service may have (VPC Lattice User Guide, "Bring Your Own Certificate (BYOC)").

It looks at what ACM says of a certificate, and never at its key.
"""

from .backend import LatticeBackend
from .errors import ValidationException, invalid_field
from .moto_seam import certificate


def require_certificate(backend: LatticeBackend, arn: str | None, *, domain: str | None) -> None:
    """Raise ValidationException unless the certificate can serve the custom domain; nothing is asked of no certificate.

    It must be in the account and region of the service, issued, with a 2048-bit RSA key, and for that name.
    """
    if not arn:
        return
    found = certificate(account=backend.account_id, region=backend.region_name, arn=arn)
    if found is None:
        raise _refused(f"there is no certificate {arn} in {backend.region_name}")
    if found.status != "ISSUED":
        raise _refused(f"the status of the certificate is {found.status}, not ISSUED")
    if found.key_algorithm != "RSA_2048":
        raise _refused(f"the key of the certificate is {found.key_algorithm}, not RSA_2048")
    if domain is None or not any(_covers(name.lower(), domain.lower()) for name in found.names):
        raise _refused(f"the certificate is for {', '.join(found.names)}, not for the custom domain name {domain}")


def _covers(name: str, domain: str) -> bool:
    """A wildcard stands for the first label, and for that one only."""
    return name == domain or (name.startswith("*.") and name[2:] == domain.partition(".")[2])


def _refused(message: str) -> ValidationException:
    return invalid_field("certificateArn", message)
