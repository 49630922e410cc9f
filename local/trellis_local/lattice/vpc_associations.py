"""The operations on associations between VPCs and service networks."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status
from .configuration import current
from .errors import ResourceNotFoundException, ValidationException, invalid_field
from .kinds import both_forms
from .moto_seam import security_group_vpc, vpc_networks
from .network_sharing import (
    find_association,
    require_creator,
    require_party,
    shared_service_network,
    visible_associations,
)
from .paging import page
from .resources import VpcAssociation, present
from .service_networks import vpc_association_count

Document = dict[str, Any]
Request = Mapping[str, Any]


def create_service_network_vpc_association(backend: LatticeBackend, request: Request) -> Document:
    """Associate a VPC with the one service network that it may have."""
    network = shared_service_network(backend, request["serviceNetworkIdentifier"])
    vpc_id = request["vpcIdentifier"]
    _require_vpc(backend, vpc_id)
    for existing in backend.vpc_associations.where("vpc", vpc_id):
        raise conflict(existing, "VPC has already been associated to a service network.")
    wanted = vpc_association_count(backend, network.arn) + 1
    quotas.check_quota(
        quotas.VPC_ASSOCIATIONS_PER_NETWORK, wanted=wanted, limits=current().quotas, parent_id=network.id
    )
    groups = list(request.get("securityGroupIds", ()))
    _require_security_groups(backend, vpc_id=vpc_id, group_ids=groups)
    association = VpcAssociation(
        **backend.common_members(VpcAssociation.kind, request),
        network_arn=network.arn,
        vpc_id=vpc_id,
        security_group_ids=groups,
        private_dns_enabled=request.get("privateDnsEnabled", False),
        dns_options=_dns_options(request),
    )
    backend.vpc_associations[association.id] = association
    backend.begin(association, "CREATE_IN_PROGRESS")
    return _settings(backend, association)


def get_service_network_vpc_association(backend: LatticeBackend, request: Request) -> Document:
    """Describe an association."""
    association = _find(backend, request)
    return {
        **_summary(backend, association),
        "securityGroupIds": association.security_group_ids,
        **association.failure,
    }


def list_service_network_vpc_associations(backend: LatticeBackend, request: Request) -> Document:
    """List the associations of a network or of a VPC; one of the two must be given."""
    vpc_id, network = request.get("vpcIdentifier"), request.get("serviceNetworkIdentifier")
    if vpc_id is None and network is None:
        raise ValidationException("Either serviceNetworkIdentifier or vpcIdentifier is required.")
    index, key = ("network", network) if vpc_id is None else ("vpc", vpc_id)
    found = visible_associations(backend, lambda peer: peer.vpc_associations, index=index, key=key)
    if vpc_id is not None and network is not None:
        found = [item for item in found if network in both_forms(item.network_arn)]
    return page(
        "VPC associations", found, request, key=lambda item: item.sequence, render=lambda item: _summary(backend, item)
    )


def update_service_network_vpc_association(backend: LatticeBackend, request: Request) -> Document:
    """Replace the security groups or the DNS options of an association that is not changing."""
    association = _find(backend, request)
    require_creator(backend, association)
    require_status(association, "ACTIVE", "UPDATE_FAILED")
    if "securityGroupIds" in request:
        groups = list(request["securityGroupIds"])
        _require_security_groups(backend, vpc_id=association.vpc_id, group_ids=groups)
        association.security_group_ids = groups
    association.private_dns_enabled = request.get("privateDnsEnabled", association.private_dns_enabled)
    if "dnsOptions" in request:
        association.dns_options = _dns_options(request)
    association.last_updated_at = backend.now()
    backend.begin(association, "UPDATE_IN_PROGRESS")
    return _settings(backend, association)


def delete_service_network_vpc_association(backend: LatticeBackend, request: Request) -> Document:
    """Delete an association that is not being created or updated, as its creator or as the owner of the network."""
    association = _find(backend, request)
    require_party(backend, association)
    if association.status != "DELETE_IN_PROGRESS":
        require_status(association, "ACTIVE", "CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
        backend.begin(association, "DELETE_IN_PROGRESS")
    return {"id": association.id, "arn": association.arn_in(backend.account_id), "status": association.status}


def _find(backend: LatticeBackend, request: Request) -> VpcAssociation:
    identifier = request["serviceNetworkVpcAssociationIdentifier"]
    return find_association(backend, lambda peer: peer.vpc_associations, VpcAssociation.kind, identifier)


def _require_vpc(backend: LatticeBackend, vpc_id: str) -> None:
    if vpc_networks(account=backend.account_id, region=backend.region_name, vpc_id=vpc_id) is None:
        raise ResourceNotFoundException(f"VPC {vpc_id} not found", resource_id=vpc_id, resource_type="VPC")


def _require_security_groups(backend: LatticeBackend, *, vpc_id: str, group_ids: Sequence[str]) -> None:
    for group_id in group_ids:
        owner = security_group_vpc(account=backend.account_id, region=backend.region_name, group_id=group_id)
        if owner != vpc_id:
            raise invalid_field("securityGroupIds", f"{group_id} is not a security group of {vpc_id}")


def _dns_options(request: Request) -> Document | None:
    options = request.get("dnsOptions")
    return {"privateDnsPreference": "VERIFIED_DOMAINS_ONLY", **options} if options is not None else None


def _settings(backend: LatticeBackend, association: VpcAssociation) -> Document:
    return present(
        id=association.id,
        arn=association.arn_in(backend.account_id),
        status=association.status,
        createdBy=association.account,
        securityGroupIds=association.security_group_ids,
        privateDnsEnabled=association.private_dns_enabled,
        dnsOptions=association.dns_options,
    )


def _summary(backend: LatticeBackend, association: VpcAssociation) -> Document:
    network = backend.owner_of(association.network_arn).service_network(association.network_arn)
    return {
        "id": association.id,
        "arn": association.arn_in(backend.account_id),
        "status": association.status,
        "createdBy": association.account,
        **association.times,
        **network.reference,
        "vpcId": association.vpc_id,
        "privateDnsEnabled": association.private_dns_enabled,
        **present(dnsOptions=association.dns_options),
    }
