"""The operations on associations between services and service networks."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status
from .configuration import current
from .errors import ValidationException
from .kinds import both_forms
from .network_sharing import (
    find_association,
    require_one_own_end,
    require_party,
    shared_service,
    shared_service_network,
    visible_associations,
)
from .paging import page
from .resources import Service, ServiceAssociation, ServiceNetwork, present
from .service_networks import service_association_count
from .services import associations_of

Document = dict[str, Any]
Request = Mapping[str, Any]


def create_service_network_service_association(backend: LatticeBackend, request: Request) -> Document:
    """Associate an ACTIVE service with a network that has no service of the same custom domain name."""
    network = shared_service_network(backend, request["serviceNetworkIdentifier"])
    service = shared_service(backend, request["serviceIdentifier"])
    require_one_own_end(backend, network=network, service=service)
    require_status(service, "ACTIVE")
    _require_new_in_network(backend, network=network, service=service)
    association = ServiceAssociation(
        **backend.common_members(ServiceAssociation.kind, request), network_arn=network.arn, service_arn=service.arn
    )
    backend.service_associations[association.id] = association
    backend.begin(association, "CREATE_IN_PROGRESS")
    return {**_identity(backend, association), "createdBy": association.account, **_domain_names(service)}


def get_service_network_service_association(backend: LatticeBackend, request: Request) -> Document:
    """Describe an association."""
    association = _find(backend, request)
    return {**_summary(backend, association), **association.failure}


def list_service_network_service_associations(backend: LatticeBackend, request: Request) -> Document:
    """List the associations of a network or of a service; one of the two must be given."""
    service, network = request.get("serviceIdentifier"), request.get("serviceNetworkIdentifier")
    if service is None and network is None:
        raise ValidationException("Either serviceNetworkIdentifier or serviceIdentifier is required.")
    index, key = ("network", network) if service is None else ("service", service)
    found = visible_associations(backend, lambda peer: peer.service_associations, index=index, key=key)
    if service is not None and network is not None:
        found = [item for item in found if network in both_forms(item.network_arn)]
    return page(
        "service associations",
        found,
        request,
        key=lambda item: item.sequence,
        render=lambda item: _summary(backend, item),
    )


def delete_service_network_service_association(backend: LatticeBackend, request: Request) -> Document:
    """Delete an association that is not being created, as its creator or as the owner of one of its ends."""
    association = _find(backend, request)
    require_party(backend, association)
    if association.status != "DELETE_IN_PROGRESS":
        require_status(association, "ACTIVE", "CREATE_FAILED", "DELETE_FAILED")
        backend.begin(association, "DELETE_IN_PROGRESS")
    return _identity(backend, association)


def _require_new_in_network(backend: LatticeBackend, *, network: ServiceNetwork, service: Service) -> None:
    for association in _associations(backend, network=network, service=service):
        raise conflict(association, f"Service {service.id} is already associated to {network.id}.")
    for other in _services_of_domain(backend, service.custom_domain_name):
        for association in _associations(backend, network=network, service=other):
            raise conflict(
                association,
                f"Service {other.id} of {network.id} has the custom domain name {service.custom_domain_name} already.",
            )
    quotas.check_quota(
        quotas.SERVICE_ASSOCIATIONS_PER_NETWORK,
        wanted=service_association_count(backend, network.arn) + 1,
        limits=current().quotas,
        parent_id=network.id,
    )


def _associations(
    backend: LatticeBackend, *, network: ServiceNetwork, service: Service
) -> Iterator[ServiceAssociation]:
    return (item for item in associations_of(backend, service.arn) if item.network_arn == network.arn)


def _services_of_domain(backend: LatticeBackend, host: str | None) -> Iterator[Service]:
    """The services of all accounts that a host name may reach."""
    for peer in backend.peers():
        yield from peer.services.where("domain", host.lower() if host else None)


def _find(backend: LatticeBackend, request: Request) -> ServiceAssociation:
    identifier = request["serviceNetworkServiceAssociationIdentifier"]
    return find_association(backend, lambda peer: peer.service_associations, ServiceAssociation.kind, identifier)


def _service(backend: LatticeBackend, association: ServiceAssociation) -> Service:
    return backend.owner_of(association.service_arn).service(association.service_arn)


def _identity(backend: LatticeBackend, association: ServiceAssociation) -> Document:
    return {"id": association.id, "arn": association.arn_in(backend.account_id), "status": association.status}


def _domain_names(service: Service) -> Document:
    return present(dnsEntry=service.dns_entry, customDomainName=service.custom_domain_name)


def _summary(backend: LatticeBackend, association: ServiceAssociation) -> Document:
    service = _service(backend, association)
    network = backend.owner_of(association.network_arn).service_network(association.network_arn)
    return {
        **_identity(backend, association),
        "createdBy": association.account,
        "createdAt": association.created_at,
        "serviceId": service.id,
        "serviceName": service.name,
        "serviceArn": service.arn,
        **network.reference,
        **_domain_names(service),
    }
