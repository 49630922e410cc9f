"""The operations on associations between resource configurations and service networks.

A group is associated as a whole: its children have associations of their own, which are listed on demand only and come
and go with that of the group.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status
from .configuration import current
from .connectivity import ResourceAssociation, ResourceConfiguration
from .errors import ValidationException
from .kinds import both_forms
from .network_sharing import shared_service_network
from .paging import page
from .resource_configurations import verification_status
from .resources import ServiceNetwork, present

Document = dict[str, Any]
Request = Mapping[str, Any]


def create_service_network_resource_association(backend: LatticeBackend, request: Request) -> Document:
    """Associate an ACTIVE configuration, other than a child, with a network that does not have it yet."""
    network = shared_service_network(backend, request["serviceNetworkIdentifier"])
    configuration = backend.resource_configuration(request["resourceConfigurationIdentifier"])
    require_status(configuration, "ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
    _require_associable(backend, network=network, configuration=configuration)
    association = ResourceAssociation(
        **backend.common_members(ResourceAssociation.kind, request),
        network_arn=network.arn,
        configuration_arn=configuration.arn,
        private_dns_enabled=request.get("privateDnsEnabled", False),
    )
    backend.resource_associations[association.id] = association
    backend.begin(association, "CREATE_IN_PROGRESS")
    for child in backend.resource_configurations.where("group", configuration.arn):
        add_child(backend, association, child)
    return {
        "id": association.id,
        "arn": association.arn,
        "status": association.status,
        "createdBy": association.account,
        "privateDnsEnabled": association.private_dns_enabled,
    }


def get_service_network_resource_association(backend: LatticeBackend, request: Request) -> Document:
    """Describe an association."""
    association = _find(backend, request)
    configuration = _configuration(backend, association)
    return {
        **_summary(backend, association),
        **present(
            lastUpdatedAt=association.last_updated_at,
            failureReason=association.failure.get("failureMessage"),
            domainVerificationStatus=verification_status(backend, configuration),
        ),
    }


def list_service_network_resource_associations(backend: LatticeBackend, request: Request) -> Document:
    """List the associations of a network or of a configuration, those of children on demand; one must be given."""
    network, configuration = request.get("serviceNetworkIdentifier"), request.get("resourceConfigurationIdentifier")
    if network is None and configuration is None:
        raise ValidationException("Either serviceNetworkIdentifier or resourceConfigurationIdentifier is required.")
    index, key = ("configuration", configuration) if network is None else ("network", network)
    found: Iterable[ResourceAssociation] = [
        item
        for item in backend.resource_associations.where(index, key)
        if configuration is None or configuration in both_forms(item.configuration_arn)
        if item.parent_arn is None or request.get("includeChildren", False)
    ]
    return page(
        "resource associations",
        found,
        request,
        key=lambda item: item.sequence,
        render=lambda item: _summary(backend, item),
    )


def delete_service_network_resource_association(backend: LatticeBackend, request: Request) -> Document:
    """Delete an association that is not being created, with those of the children of its group."""
    association = _find(backend, request)
    if association.parent_arn is not None:
        raise conflict(association, f"Association {association.id} is deleted with that of its group only")
    if association.status != "DELETE_IN_PROGRESS":
        require_status(association, "ACTIVE", "PARTIAL", "CREATE_FAILED", "DELETE_FAILED")
        backend.begin(association, "DELETE_IN_PROGRESS")
        for child in backend.resource_associations.where("parent", association.arn):
            backend.begin(child, "DELETE_IN_PROGRESS")
    return {"id": association.id, "arn": association.arn, "status": association.status}


def add_child(backend: LatticeBackend, association: ResourceAssociation, child: ResourceConfiguration) -> None:
    """Associate a child of the group that the association is of."""
    made = ResourceAssociation(
        **backend.common_members(ResourceAssociation.kind, {}),
        network_arn=association.network_arn,
        configuration_arn=child.arn,
        private_dns_enabled=association.private_dns_enabled,
        parent_arn=association.arn,
    )
    backend.resource_associations[made.id] = made
    backend.begin(made, "CREATE_IN_PROGRESS")


def _require_associable(
    backend: LatticeBackend, *, network: ServiceNetwork, configuration: ResourceConfiguration
) -> None:
    if configuration.type in ("CHILD", "CIDR"):
        raise ValidationException(
            f"A {configuration.type} resource configuration cannot be associated with a service network."
        )
    if network.sharing_enabled and not configuration.shareable:
        raise ValidationException(
            f"Resource configuration {configuration.id} does not allow associations to shareable service networks."
        )
    existing = [item for peer in backend.peers() for item in peer.resource_associations.where("network", network.arn)]
    for item in existing:
        if item.configuration_arn == configuration.arn:
            raise conflict(
                item, f"ResourceConfiguration {configuration.id} is already associated to {network.id}, {item.status}."
            )
    wanted = sum(item.parent_arn is None for item in existing) + 1
    quotas.check_quota(
        quotas.RESOURCE_CONFIGURATIONS_PER_NETWORK, wanted=wanted, limits=current().quotas, parent_id=network.id
    )


def _find(backend: LatticeBackend, request: Request) -> ResourceAssociation:
    identifier = request["serviceNetworkResourceAssociationIdentifier"]
    return backend.find(backend.resource_associations, ResourceAssociation.kind, identifier)


def _configuration(backend: LatticeBackend, association: ResourceAssociation) -> ResourceConfiguration:
    return backend.owner_of(association.configuration_arn).resource_configuration(association.configuration_arn)


def _summary(backend: LatticeBackend, association: ResourceAssociation) -> Document:
    network = backend.owner_of(association.network_arn).service_network(association.network_arn)
    configuration = _configuration(backend, association)
    return {
        "id": association.id,
        "arn": association.arn,
        "status": association.status,
        "createdBy": association.account,
        "createdAt": association.created_at,
        "resourceConfigurationId": configuration.id,
        "resourceConfigurationArn": configuration.arn,
        "resourceConfigurationName": configuration.name,
        **network.reference,
        "dnsEntry": association.dns_entry,
        "privateDnsEnabled": association.private_dns_enabled,
        "isManagedAssociation": False,
        **present(
            privateDnsEntry=_private_dns_entry(association, configuration),
            failureCode=association.failure.get("failureCode"),
        ),
    }


def _private_dns_entry(association: ResourceAssociation, configuration: ResourceConfiguration) -> Document | None:
    if not (association.private_dns_enabled and configuration.custom_domain_name):
        return None
    return {**association.dns_entry, "domainName": configuration.custom_domain_name}
