"""Every place where the backend touches moto: what it imports, what it replaces, what it reads of other services.

The contract test of this module names what broke when moto is upgraded. Nothing else in this package imports moto.
"""

import ipaddress
from typing import Any

import moto.vpclattice
import moto.vpclattice.models
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.core.responses import ActionResult, BaseResponse
from moto.core.routing import get_service_router
from moto.ec2.exceptions import InvalidVPCIdError
from moto.ec2.models import ec2_backends
from moto.ram.models import ResourceShare, ram_backends

__all__ = [
    "ActionResult",
    "BackendDict",
    "BaseBackend",
    "BaseResponse",
    "ServiceException",
    "TaggableResourcesMixin",
    "TaggedResource",
    "instance_address",
    "instance_vpc",
    "is_shared_with",
    "operation_of",
    "replace_vpc_lattice",
    "security_group_vpc",
    "vpc_networks",
]

_SHAREABLE_BY_RAM = ("servicenetwork", "service")  # which moto's list of shareable resource types lacks
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def replace_vpc_lattice(backends: Any) -> None:
    """Make moto serve vpc-lattice from these backends, in process and in server mode, and let RAM share its resources.

    moto looks the name up at request time; the tagging API finds every backend dictionary that is in use by itself.
    """
    moto.vpclattice.vpclattice_backends = backends
    moto.vpclattice.models.vpclattice_backends = backends
    for segment in _SHAREABLE_BY_RAM:
        if segment not in ResourceShare.SHAREABLE_RESOURCES:
            ResourceShare.SHAREABLE_RESOURCES.append(segment)
    _route_without_required_queries()


def _route_without_required_queries() -> None:
    """Let moto find an operation by method and path alone, which is enough for VPC Lattice.

    moto takes a request that lacks a required query argument for no operation; the service finds a field missing.
    """
    router = get_service_router("vpc-lattice")._get_router("rest-json")
    for rule in router._map.iter_rules():
        for candidate in rule._action_selector.candidates:
            candidate.constraints.clear()


def vpc_networks(*, account: str, region: str, vpc_id: str) -> tuple[IpNetwork, ...] | None:
    """The CIDR blocks of a VPC, both address families; None when there is no such VPC."""
    try:
        vpc = ec2_backends[account][region].get_vpc(vpc_id)
    except InvalidVPCIdError:
        return None
    blocks = [*vpc.get_cidr_block_association_set(), *vpc.get_cidr_block_association_set(ipv6=True)]
    return tuple(
        ipaddress.ip_network(block["cidr_block"])
        for block in blocks
        if block["cidr_block_state"]["state"] == "associated"
    )


def security_group_vpc(*, account: str, region: str, group_id: str) -> str | None:
    """The VPC of a security group; None when there is no such group."""
    group = ec2_backends[account][region].get_security_group_from_id(group_id)
    return str(group.vpc_id) if group else None


def _running_instance(*, account: str, region: str, instance_id: str) -> Any | None:
    for instance in ec2_backends[account][region].all_running_instances():
        if instance.id == instance_id:
            return instance
    return None


def instance_address(*, account: str, region: str, instance_id: str) -> str | None:
    """The private address of a running instance; None when there is no such instance or it does not run."""
    instance = _running_instance(account=account, region=region, instance_id=instance_id)
    return str(instance.private_ip) if instance else None


def instance_vpc(*, account: str, region: str, instance_id: str) -> str | None:
    """The VPC of a running instance; None when there is no such instance or it does not run."""
    instance = _running_instance(account=account, region=region, instance_id=instance_id)
    return str(instance.vpc_id) if instance else None


def is_shared_with(*, owner: str, region: str, arn: str, account: str) -> bool:
    """Whether an active RAM resource share of the owner gives this resource to the account."""
    return any(
        share.status == "ACTIVE" and arn in share.resource_arns and account in share.principals
        for share in ram_backends[owner][region].resource_shares
    )


def operation_of(response: Any) -> str | None:
    """The name of the operation that the request of this moto response object asks for."""
    name: str | None = response._get_action()
    return name
