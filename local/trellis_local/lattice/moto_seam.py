"""Every place where the backend touches moto: what it imports, what it replaces, what it reads of other services.

The contract test of this module names what broke when moto is upgraded. Nothing else in this package imports moto.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partialmethod
from typing import Any

import moto.vpclattice
import moto.vpclattice.models
from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.core.responses import ActionResult, BaseResponse
from moto.core.routing import get_service_router
from moto.ec2.exceptions import InvalidVPCIdError
from moto.ec2.models import ec2_backends
from moto.firehose.models import firehose_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.organizations.models import organizations_backends
from moto.ram.models import ResourceShare, ram_backends
from moto.s3.models import s3_backends
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse
from moto.sts.models import sts_backends

__all__ = [
    "ActionResult",
    "BackendDict",
    "BaseBackend",
    "BaseResponse",
    "Certificate",
    "LoadBalancer",
    "ServiceException",
    "TaggableResourcesMixin",
    "TaggedResource",
    "add_service_quotas",
    "bucket_owner",
    "bucket_policy",
    "caller_arn",
    "certificate",
    "endpoint_addresses",
    "function_exists",
    "has_bucket",
    "has_delivery_stream",
    "has_log_group",
    "instance_address",
    "instance_vpc",
    "is_shared_with",
    "load_balancer",
    "log_resource_policies",
    "operation_of",
    "put_bucket_policy",
    "put_log_resource_policy",
    "replace_vpc_lattice",
    "security_group_vpc",
    "shared_arns",
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
    _route_without_required_queries()


def _route_without_required_queries() -> None:
    """Let moto find an operation by method and path alone, which is enough for VPC Lattice.

    moto takes a request that lacks a required query argument for no operation; the service finds a field missing.
    """
    router = get_service_router("vpc-lattice")._get_router("rest-json")
    for rule in router._map.iter_rules():
        for candidate in rule._action_selector.candidates:
            candidate.constraints.clear()


def add_service_quotas(service_code: str, operations: Iterable[Callable[..., dict[str, Any] | None]]) -> None:
    """Let moto's Service Quotas API answer these operations for one more service; other services stay as they are.

    An operation gets the request, the account and the region; its answer is None for what does not exist.
    """
    for operation in operations:
        name = operation.__name__
        present = vars(ServiceQuotasResponse).get(name)
        if not isinstance(present, partialmethod):  # which only this function puts there
            method = partialmethod(_answer_quotas, operation=operation, service_code=service_code, fallback=present)
            setattr(ServiceQuotasResponse, name, method)


def _answer_quotas(
    response: Any, *, operation: Callable[..., dict[str, Any] | None], service_code: str, fallback: Any
) -> str:
    request = json.loads(response.body)
    found = None
    if request["ServiceCode"] == service_code:
        found = operation(request, account=response.current_account, region=response.region)
    elif fallback is not None:
        return str(fallback(response))
    if found is None:
        raise NoSuchResource
    return json.dumps(found)


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


def endpoint_addresses(*, account: str, region: str, vpc_id: str) -> frozenset[str]:
    """The private addresses of the network interfaces of all VPC endpoints in a VPC."""
    ec2 = ec2_backends[account][region]
    interfaces = {
        i for point in ec2.vpc_end_points.values() if point.vpc_id == vpc_id for i in point.network_interface_ids
    }
    return frozenset(str(ec2.enis[interface].private_ip_address) for interface in interfaces if interface in ec2.enis)


@dataclass(frozen=True)
class Certificate:
    """A certificate of ACM: its status, the key as ACM spells it (RSA_2048), and the names that it is for."""

    status: str
    key_algorithm: str
    names: tuple[str, ...]


def certificate(*, account: str, region: str, arn: str) -> Certificate | None:
    """The certificate of this ARN in ACM; None when the account has none in this region."""
    try:
        found = get_backend("acm")[account][region].get_certificate(arn)
    except JsonRESTError:
        return None
    names = tuple(found.sans) or (found.common_name,)
    return Certificate(found.status, found.describe()["Certificate"]["KeyAlgorithm"], names)


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer of Elastic Load Balancing: its type (application), scheme (internal) and its listeners' ports."""

    type: str
    scheme: str
    vpc_id: str
    ports: frozenset[int]


def load_balancer(*, account: str, region: str, arn: str) -> LoadBalancer | None:
    """The load balancer of this ARN; None when the account has none in this region."""
    found = get_backend("elbv2")[account][region].load_balancers.get(arn)
    if found is None:
        return None
    ports = frozenset(int(listener.port) for listener in found.listeners.values())
    return LoadBalancer(type=found.type, scheme=found.scheme, vpc_id=found.vpc_id, ports=ports)


def function_exists(*, account: str, region: str, arn: str) -> bool:
    """Whether Lambda has the function, version or alias of this ARN."""
    try:
        get_backend("lambda")[account][region].get_function(arn)
    except JsonRESTError:
        return False
    return True


def is_shared_with(*, owner: str, region: str, arn: str, account: str) -> bool:
    """Whether an active RAM resource share of the owner gives this resource to the account."""
    return arn in shared_arns(owner=owner, region=region, account=account)


def shared_arns(*, owner: str, region: str, account: str) -> frozenset[str]:
    """The ARNs of all that the active RAM resource shares of the owner give to the account."""
    return frozenset(
        arn
        for share in ram_backends[owner][region].resource_shares
        if share.status == "ACTIVE"
        and any(_includes(principal, account, owner=owner) for principal in share.principals)
        for arn in share.resource_arns
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


def _includes(principal: str, account: str, *, owner: str) -> bool:
    """Whether a principal of a resource share is the account, or an organization or unit that the account is in."""
    if ":organizations:" not in principal:
        return re.fullmatch(rf"{account}|arn:[a-z-]+:iam::{account}:root", principal) is not None
    organization = organizations_backends[owner][principal.split(":")[1]]
    parents = {node.id: node.parent_id for node in [*organization.accounts, *organization.ou]}
    if ":organization/" in principal:
        return account in parents
    unit, above = principal.rsplit("/", 1)[-1], parents.get(account)
    while above not in (None, unit):
        above = parents.get(above)
    return above == unit


def caller_arn(*, account: str, access_key: str) -> str:
    """Who an access key belongs to: a session of a role, an IAM user or else the root user of the account."""
    for sts in [backend for partitions in list(sts_backends.values()) for backend in list(partitions.values())]:
        session = sts.get_assumed_role_from_access_key(access_key)
        if session is not None:
            return str(session.arn)
    partition = "aws"
    user = iam_backends[account][partition].get_user_from_access_key_id(access_key)
    return str(user.arn) if user else f"arn:{partition}:iam::{account}:root"


def operation_of(response: Any) -> str | None:
    """The name of the operation that the request of this moto response object asks for."""
    name: str | None = response._get_action()
    return name
