"""The operations on resource gateways."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status, require_unique_name
from .configuration import current
from .connectivity import ResourceGateway
from .errors import ResourceNotFoundException, invalid_field
from .moto_endpoints import subnet_vpc
from .moto_seam import security_group_vpc, vpc_networks
from .paging import page
from .resources import present

Document = dict[str, Any]
Request = Mapping[str, Any]
_DEFAULT_ADDRESSES = 16  # API reference of CreateResourceGateway, ipv4AddressesPerEni


def create_resource_gateway(backend: LatticeBackend, request: Request) -> Document:
    """Create a gateway in subnets of one VPC, which needs some seconds to become ACTIVE."""
    require_unique_name(backend.resource_gateways, request["name"])
    vpc_id, subnet_ids = _place(backend, request)
    in_vpc = backend.resource_gateways.where("vpc", vpc_id)
    quotas.check_quota(quotas.RESOURCE_GATEWAYS_PER_VPC, wanted=len(in_vpc) + 1, limits=current().quotas)
    groups = list(request.get("securityGroupIds", ()))
    _require_security_groups(backend, vpc_id=vpc_id, group_ids=groups)
    gateway = ResourceGateway(
        **backend.common_members(ResourceGateway.kind, request),
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        security_group_ids=groups,
        ip_address_type=request.get("ipAddressType", "IPV4"),
        ipv4_addresses_per_eni=_addresses(request),
        dns_resolution=request.get("resourceConfigDnsResolution", "PUBLIC"),
    )
    backend.resource_gateways[gateway.id] = gateway
    backend.begin(gateway, "CREATE_IN_PROGRESS")
    return {**_settings(gateway), "vpcIdentifier": gateway.vpc_id}


def get_resource_gateway(backend: LatticeBackend, request: Request) -> Document:
    """Describe a gateway, whose VPC is `vpcId` here and `vpcIdentifier` elsewhere."""
    gateway = backend.resource_gateway(request["resourceGatewayIdentifier"])
    return {**_settings(gateway), **gateway.times, "vpcId": gateway.vpc_id, "serviceManaged": False}


def list_resource_gateways(backend: LatticeBackend, request: Request) -> Document:
    """List the gateways of the account."""
    return page(
        "resource gateways",
        backend.resource_gateways.values(),
        request,
        key=lambda gateway: gateway.sequence,
        render=lambda gateway: {**_settings(gateway), **gateway.times, "vpcIdentifier": gateway.vpc_id},
    )


def update_resource_gateway(backend: LatticeBackend, request: Request) -> Document:
    """Replace the security groups or the place where names are resolved."""
    gateway = backend.resource_gateway(request["resourceGatewayIdentifier"])
    require_status(gateway, "ACTIVE", "UPDATE_FAILED")
    if "securityGroupIds" in request:
        groups = list(request["securityGroupIds"])
        _require_security_groups(backend, vpc_id=gateway.vpc_id, group_ids=groups)
        gateway.security_group_ids = groups
    gateway.dns_resolution = request.get("resourceConfigDnsResolution", gateway.dns_resolution)
    gateway.last_updated_at = backend.now()
    backend.begin(gateway, "UPDATE_IN_PROGRESS")
    return {**_settings(gateway), "vpcId": gateway.vpc_id}


def delete_resource_gateway(backend: LatticeBackend, request: Request) -> Document:
    """Delete a gateway that no resource configuration uses."""
    gateway = backend.resource_gateway(request["resourceGatewayIdentifier"])
    if gateway.status != "DELETE_IN_PROGRESS":
        require_status(gateway, "ACTIVE", "CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
        if backend.resource_configurations.where("gateway", gateway.arn):
            raise conflict(gateway, f"ResourceGateway {gateway.id} has resource configuration(s) associated")
        backend.begin(gateway, "DELETE_IN_PROGRESS")
    return {"id": gateway.id, "arn": gateway.arn, "name": gateway.name, "status": gateway.status}


def _place(backend: LatticeBackend, request: Request) -> tuple[str, list[str]]:
    """The VPC and the subnets; the API model requires neither, the service cannot make a gateway without."""
    subnet_ids = list(request.get("subnetIds", ()))
    vpc_id = request.get("vpcIdentifier")
    if vpc_id is None:
        raise invalid_field("vpcIdentifier", "is required")
    if not subnet_ids:
        raise invalid_field("subnetIds", "is required")
    if vpc_networks(account=backend.account_id, region=backend.region_name, vpc_id=vpc_id) is None:
        raise ResourceNotFoundException(f"VPC {vpc_id} not found", resource_id=vpc_id, resource_type="VPC")
    for subnet_id in subnet_ids:
        if subnet_vpc(account=backend.account_id, region=backend.region_name, subnet_id=subnet_id) != vpc_id:
            raise invalid_field("subnetIds", f"{subnet_id} is not a subnet of {vpc_id}")
    return vpc_id, subnet_ids


def _require_security_groups(backend: LatticeBackend, *, vpc_id: str, group_ids: Sequence[str]) -> None:
    for group_id in group_ids:
        owner = security_group_vpc(account=backend.account_id, region=backend.region_name, group_id=group_id)
        if owner != vpc_id:
            raise invalid_field("securityGroupIds", f"{group_id} is not a security group of {vpc_id}")


def _addresses(request: Request) -> int | None:
    if request.get("ipAddressType") == "IPV6":
        if "ipv4AddressesPerEni" in request:
            raise invalid_field("ipv4AddressesPerEni", "is not supported for IPV6")
        return None
    return int(request.get("ipv4AddressesPerEni", _DEFAULT_ADDRESSES))


def _settings(gateway: ResourceGateway) -> Document:
    return present(
        id=gateway.id,
        arn=gateway.arn,
        name=gateway.name,
        status=gateway.status,
        subnetIds=gateway.subnet_ids,
        securityGroupIds=gateway.security_group_ids,
        ipAddressType=gateway.ip_address_type,
        ipv4AddressesPerEni=gateway.ipv4_addresses_per_eni,
        resourceConfigDnsResolution=gateway.dns_resolution,
    )
