"""The operations on service networks, which exist at once and have no status."""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_unique_name
from .configuration import current
from .network_sharing import listed_service_networks, readable_service_network
from .paging import page
from .resources import ServiceNetwork

Document = dict[str, Any]
Request = Mapping[str, Any]


def create_service_network(backend: LatticeBackend, request: Request) -> Document:
    """Create a service network."""
    require_unique_name(backend.service_networks, request["name"])
    quotas.check_quota(quotas.SERVICE_NETWORKS, wanted=len(backend.service_networks) + 1, limits=current().quotas)
    network = ServiceNetwork(
        **backend.common_members(ServiceNetwork.kind, request),
        auth_type=request.get("authType", "NONE"),
        sharing_enabled=request.get("sharingConfig", {}).get("enabled", True),
    )
    backend.service_networks[network.id] = network
    return {**_identity(network), "authType": network.auth_type, "sharingConfig": {"enabled": network.sharing_enabled}}


def get_service_network(backend: LatticeBackend, request: Request) -> Document:
    """Describe a service network, an own or a shared one, with the numbers of its associations."""
    network = readable_service_network(backend, request["serviceNetworkIdentifier"])
    return {
        **_identity(network),
        **network.times,
        "authType": network.auth_type,
        "sharingConfig": {"enabled": network.sharing_enabled},
        **_association_counts(backend, network),
    }


def list_service_networks(backend: LatticeBackend, request: Request) -> Document:
    """List the service networks of the account and those that are shared with it."""
    return page(
        "service networks",
        listed_service_networks(backend),
        request,
        key=lambda network: network.sequence,
        render=lambda network: {
            **_identity(network),
            **network.times,
            **_association_counts(backend, network),
            "numberOfAssociatedResourceConfigurations": resource_association_count(backend, network.arn),
        },
    )


def update_service_network(backend: LatticeBackend, request: Request) -> Document:
    """Change the auth type, the only thing of a network that can change."""
    network = backend.service_network(request["serviceNetworkIdentifier"])
    network.auth_type = request["authType"]
    network.last_updated_at = backend.now()
    return {**_identity(network), "authType": network.auth_type}


def delete_service_network(backend: LatticeBackend, request: Request) -> Document:
    """Delete a network without associations, and its policies and access log subscriptions with it."""
    network = backend.service_network(request["serviceNetworkIdentifier"])
    if vpc_association_count(backend, network.arn):
        raise conflict(network, f"ServiceNetwork {network.id} has VPC(s) associated")
    if service_association_count(backend, network.arn):
        raise conflict(network, f"ServiceNetwork {network.id} has service(s) associated")
    if resource_association_count(backend, network.arn):
        raise conflict(network, f"ServiceNetwork {network.id} has resource(s) associated.")
    if backend.endpoints_of(network.arn):
        raise conflict(network, f"ServiceNetwork {network.id} has VPC endpoint(s) associated")
    del backend.service_networks[network.id]
    backend.forget_access_logs(network.arn)
    return {}


def vpc_association_count(backend: LatticeBackend, network_arn: str) -> int:
    """The number of VPC associations of a network, in any account."""
    return sum(len(peer.vpc_associations.where("network", network_arn)) for peer in backend.peers())


def service_association_count(backend: LatticeBackend, network_arn: str) -> int:
    """The number of service associations of a network, in any account."""
    return sum(len(peer.service_associations.where("network", network_arn)) for peer in backend.peers())


def resource_association_count(backend: LatticeBackend, network_arn: str) -> int:
    """The number of resource configurations of a network, in any account; children count with their group."""
    found = [item for peer in backend.peers() for item in peer.resource_associations.where("network", network_arn)]
    return sum(item.parent_arn is None for item in found)


def _identity(network: ServiceNetwork) -> Document:
    return {"id": network.id, "arn": network.arn, "name": network.name}


def _association_counts(backend: LatticeBackend, network: ServiceNetwork) -> Document:
    return {
        "numberOfAssociatedVPCs": vpc_association_count(backend, network.arn),
        "numberOfAssociatedServices": service_association_count(backend, network.arn),
    }
