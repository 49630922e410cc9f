"""The operations on services."""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status, require_unique_name
from .certificates import require_certificate
from .configuration import current
from .dns_entries import dns_entry
from .network_sharing import listed_services, readable_service
from .paging import page
from .resources import Service, ServiceAssociation, present

Document = dict[str, Any]
Request = Mapping[str, Any]
_DEFAULT_IDLE_TIMEOUT = 60  # seconds


def create_service(backend: LatticeBackend, request: Request) -> Document:
    """Create a service, which needs some seconds to become ACTIVE."""
    require_unique_name(backend.services, request["name"])
    require_certificate(backend, request.get("certificateArn"), domain=request.get("customDomainName"))
    quotas.check_quota(quotas.SERVICES, wanted=len(backend.services) + 1, limits=current().quotas)
    common = backend.common_members(Service.kind, request)
    service = Service(
        **common,
        auth_type=request.get("authType", "NONE"),
        dns_entry=dns_entry(name=request["name"], service_id=common["id"], region=backend.region_name),
        custom_domain_name=request.get("customDomainName"),
        certificate_arn=request.get("certificateArn") or None,
        idle_timeout_seconds=request.get("idleTimeoutSeconds"),
    )
    backend.services[service.id] = service
    backend.begin(service, "CREATE_IN_PROGRESS")
    return {**_settings(service), "status": service.status, "dnsEntry": service.dns_entry}


def get_service(backend: LatticeBackend, request: Request) -> Document:
    """Describe a service, an own or a shared one."""
    service = readable_service(backend, request["serviceIdentifier"])
    return {
        **_settings(service),
        **_idle_timeout(service),
        **service.times,
        **service.failure,
        "status": service.status,
        "dnsEntry": service.dns_entry,
    }


def list_services(backend: LatticeBackend, request: Request) -> Document:
    """List the services of the account and those that are shared with it."""
    return page("services", listed_services(backend), request, key=lambda service: service.sequence, render=_summary)


def update_service(backend: LatticeBackend, request: Request) -> Document:
    """Change certificate, auth type or idle timeout; members that are left out keep their value."""
    service = backend.service(request["serviceIdentifier"])
    require_status(service, "ACTIVE")
    require_certificate(backend, request.get("certificateArn"), domain=service.custom_domain_name)
    if "certificateArn" in request:
        service.certificate_arn = request["certificateArn"] or None
    service.auth_type = request.get("authType", service.auth_type)
    service.idle_timeout_seconds = request.get("idleTimeoutSeconds", service.idle_timeout_seconds)
    service.last_updated_at = backend.now()
    return _settings(service)


def delete_service(backend: LatticeBackend, request: Request) -> Document:
    """Delete a service without associations; its listeners, rules and policies go with it."""
    service = backend.service(request["serviceIdentifier"])
    if service.status != "DELETE_IN_PROGRESS":
        require_status(service, "ACTIVE", "CREATE_FAILED", "DELETE_FAILED")
        if associations_of(backend, service.arn):
            raise conflict(service, f"Service {service.id} has service network(s) associated")
        backend.begin(service, "DELETE_IN_PROGRESS")
    return {"id": service.id, "arn": service.arn, "name": service.name, "status": service.status}


def associations_of(backend: LatticeBackend, service_arn: str) -> list[ServiceAssociation]:
    """The network associations of a service, in any account."""
    return [
        association
        for peer in backend.peers()
        for association in peer.service_associations.where("service", service_arn)
    ]


def _settings(service: Service) -> Document:
    return present(
        id=service.id,
        arn=service.arn,
        name=service.name,
        customDomainName=service.custom_domain_name,
        certificateArn=service.certificate_arn,
        authType=service.auth_type,
        idleTimeoutSeconds=service.idle_timeout_seconds,
    )


def _idle_timeout(service: Service) -> Document:
    unset = service.idle_timeout_seconds is None and current().choices.shows_default_idle_timeout
    return {"idleTimeoutSeconds": _DEFAULT_IDLE_TIMEOUT} if unset else {}


def _summary(service: Service) -> Document:
    return {
        "id": service.id,
        "arn": service.arn,
        "name": service.name,
        **service.times,
        **present(customDomainName=service.custom_domain_name),
        "dnsEntry": service.dns_entry,
        "status": service.status,
    }
