"""The operations on domain verifications: a domain is verified once its TXT record is found in a public hosted zone.

Source: VPC Lattice User Guide, "Custom domain names for resource configurations". There is no resolver here: the record
counts when a public zone of any account in this process has it. How long a verification may stay PENDING is our choice.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from .. import clock
from . import quotas
from .backend import LatticeBackend
from .configuration import current
from .connectivity import DomainVerification
from .moto_endpoints import public_txt_values
from .paging import page
from .resources import present

Document = dict[str, Any]
Request = Mapping[str, Any]
_PENDING_SECONDS = 72 * 3600.0


def start_domain_verification(backend: LatticeBackend, request: Request) -> Document:
    """Start a verification; the answer says which TXT record proves it."""
    wanted = len(backend.domain_verifications) + 1
    quotas.check_quota(quotas.DOMAIN_VERIFICATIONS, wanted=wanted, limits=current().quotas)
    domain = request["domainName"].lower().removesuffix(".")
    verification = DomainVerification(
        **backend.common_members(DomainVerification.kind, request),
        domain_name=domain,
        txt_name=f"_{secrets.token_hex(8)}.{domain}",
        txt_value=secrets.token_hex(16),
        started_at=clock.current().time(),
    )
    backend.domain_verifications[verification.id] = verification
    return _settings(verification)


def get_domain_verification(backend: LatticeBackend, request: Request) -> Document:
    """Describe a verification, looking for its record."""
    verification = backend.domain_verification(request["domainVerificationIdentifier"])
    return _summary(verified(backend, verification))


def list_domain_verifications(backend: LatticeBackend, request: Request) -> Document:
    """List the verifications of the account."""
    return page(
        "domain verifications",
        backend.domain_verifications.values(),
        request,
        key=lambda item: item.sequence,
        render=lambda item: _summary(verified(backend, item)),
    )


def delete_domain_verification(backend: LatticeBackend, request: Request) -> Document:
    """Delete a verification; configurations that refer to it lose their verified domain."""
    verification = backend.domain_verification(request["domainVerificationIdentifier"])
    for configuration in backend.resource_configurations.values():
        if configuration.verification_arn == verification.arn:
            configuration.verification_arn = None
    del backend.domain_verifications[verification.id]
    return {}


def verified(backend: LatticeBackend, verification: DomainVerification) -> DomainVerification:
    """The verification with the status that the record, or the lack of it, gives it by now."""
    if verification.verification_status == "VERIFICATION_TIMED_OUT":
        return verification
    if verification.txt_value in public_txt_values(verification.txt_name):
        verification.verification_status, verification.last_verified_at = "VERIFIED", backend.now()
    elif verification.verification_status == "PENDING":
        is_late = clock.current().time() - verification.started_at >= _PENDING_SECONDS
        verification.verification_status = "VERIFICATION_TIMED_OUT" if is_late else "PENDING"
    return verification


def covers(domain: str, name: str) -> bool:
    """Whether a name is a domain or below it."""
    name = name.lower().removesuffix(".")
    return name == domain or name.endswith(f".{domain}")


def _settings(verification: DomainVerification) -> Document:
    return {
        "id": verification.id,
        "arn": verification.arn,
        "domainName": verification.domain_name,
        "status": verification.verification_status,
        "txtMethodConfig": {"name": verification.txt_name, "value": verification.txt_value},
    }


def _summary(verification: DomainVerification) -> Document:
    return {
        **_settings(verification),
        "createdAt": verification.created_at,
        "tags": dict(verification.tags),
        **present(lastVerifiedTime=verification.last_verified_at),
    }
