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
from moto.ec2.exceptions import InvalidVPCIdError
from moto.ec2.models import ec2_backends
from moto.firehose.models import firehose_backends
from moto.logs.models import logs_backends
from moto.ram.models import ResourceShare, ram_backends
from moto.s3.models import s3_backends

__all__ = [
    "ActionResult",
    "BackendDict",
    "BaseBackend",
    "BaseResponse",
    "ServiceException",
    "TaggableResourcesMixin",
    "TaggedResource",
    "bucket_owner",
    "bucket_policy",
    "has_bucket",
    "has_delivery_stream",
    "has_log_group",
    "instance_address",
    "instance_vpc",
    "is_shared_with",
    "log_resource_policies",
    "operation_of",
    "put_bucket_policy",
    "put_log_resource_policy",
    "replace_vpc_lattice",
    "security_group_vpc",
    "tag_delivery_stream",
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


def has_bucket(name: str) -> bool:
    """Whether there is an S3 bucket of this name, in any account and region."""
    return name in s3_backends.bucket_accounts


def has_log_group(*, account: str, region: str, name: str) -> bool:
    """Whether CloudWatch Logs has this log group."""
    backend = _existing(logs_backends, account=account, region=region)
    return backend is not None and name in backend.groups


def has_delivery_stream(*, account: str, region: str, name: str) -> bool:
    """Whether Firehose has this delivery stream."""
    backend = _existing(firehose_backends, account=account, region=region)
    return backend is not None and name in backend.delivery_streams


def bucket_owner(name: str) -> str:
    """The account of an S3 bucket that exists."""
    account: str = s3_backends.bucket_accounts[name][1]
    return account


def bucket_policy(name: str) -> str:
    """The policy of an S3 bucket that exists, empty when it has none."""
    policy = _bucket_backend(name).get_bucket_policy(name)
    return policy.decode() if isinstance(policy, bytes) else policy or ""


def put_bucket_policy(name: str, document: str) -> None:
    """Give an S3 bucket that exists a policy."""
    _bucket_backend(name).put_bucket_policy(name, document.encode())


def _bucket_backend(name: str) -> Any:
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition]


def log_resource_policies(*, account: str, region: str) -> dict[str, str]:
    """The resource policies of CloudWatch Logs, by name."""
    policies = logs_backends[account][region].resource_policies
    return {name: policy.policy_document for name, policy in policies.items()}


def put_log_resource_policy(*, account: str, region: str, name: str, document: str) -> None:
    """Put a resource policy of CloudWatch Logs."""
    logs_backends[account][region].put_resource_policy(name, document)


def tag_delivery_stream(*, account: str, region: str, name: str, tag: tuple[str, str]) -> None:
    """Add a tag, key and value, to a delivery stream that exists."""
    firehose_backends[account][region].tag_delivery_stream(name, [{"Key": tag[0], "Value": tag[1]}])


def _existing(backends: Any, *, account: str, region: str) -> Any | None:
    # Indexing moto's dictionaries would create a backend for whoever is asked for.
    return dict.get(dict.get(backends, account, {}), region)


def operation_of(response: Any) -> str | None:
    """The name of the operation that the request of this moto response object asks for."""
    name: str | None = response._get_action()
    return name
