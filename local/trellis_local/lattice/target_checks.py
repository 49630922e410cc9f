"""What may be registered as a target, by the type of the target group.

VPC Lattice User Guide: "Target groups in VPC Lattice", "Register targets", "Application Load Balancers as targets",
"Lambda functions as targets". Every refusal is a ValidationException, which RegisterTargets reports for the target.
"""

import ipaddress
from collections.abc import Iterable

from .backend import LatticeBackend
from .errors import ValidationException
from .moto_seam import endpoint_addresses, function_exists, instance_vpc, load_balancer, vpc_networks
from .resources import TargetGroup

Key = tuple[str, int | None]
_MOST_GROUPS_OF_A_LOAD_BALANCER = 2


def require_suitable(backend: LatticeBackend, group: TargetGroup, key: Key, *, others: Iterable[Key]) -> None:
    """Raise ValidationException unless the group can have this target, given by id and port, next to the others."""
    target_id, port = key
    if group.type == "IP":
        _require_address(backend, group, target_id)
    elif group.type == "INSTANCE":
        _require_instance(backend, group, target_id)
    else:
        _require_single(group, key, others=others)
        if group.type == "LAMBDA":
            _require_function(backend, target_id, port=port)
        else:
            _require_load_balancer(backend, group, target_id, port=port)


def _require_address(backend: LatticeBackend, group: TargetGroup, text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise ValidationException(f"{text} is not an IP address.") from error
    if f"IPV{address.version}" != group.config["ipAddressType"]:
        raise ValidationException(f"{text} is not an address of type {group.config['ipAddressType']}.")
    place = {"account": backend.account_id, "region": backend.region_name, "vpc_id": group.vpc_id or ""}
    if not any(address in network for network in vpc_networks(**place) or ()):
        raise ValidationException(f"{text} is not in the CIDR blocks of VPC {group.vpc_id}.")
    if address.version == 4 and address.is_global:  # the IPv6 blocks of a VPC are global ones
        raise ValidationException(f"{text} is a publicly routable address.")
    if text in endpoint_addresses(**place):
        raise ValidationException(f"{text} belongs to a VPC endpoint.")


def _require_instance(backend: LatticeBackend, group: TargetGroup, instance_id: str) -> None:
    place = instance_vpc(account=backend.account_id, region=backend.region_name, instance_id=instance_id)
    if place != group.vpc_id:
        raise ValidationException(f"{instance_id} is not a running instance in VPC {group.vpc_id}.")


def _require_single(group: TargetGroup, key: Key, *, others: Iterable[Key]) -> None:
    if any(other != key for other in others):
        raise ValidationException(f"A target group of type {group.type} has one target only.")


def _require_function(backend: LatticeBackend, arn: str, *, port: int | None) -> None:
    if port is not None:
        raise ValidationException("A Lambda target has no port.")
    _require_own_arn(backend, arn, service="lambda")
    if not function_exists(account=backend.account_id, region=backend.region_name, arn=arn):
        raise ValidationException(f"There is no Lambda function {arn}.")


def _require_load_balancer(backend: LatticeBackend, group: TargetGroup, arn: str, *, port: int | None) -> None:
    _require_own_arn(backend, arn, service="elasticloadbalancing")
    found = load_balancer(account=backend.account_id, region=backend.region_name, arn=arn)
    if found is None or found.type != "application":
        raise ValidationException(f"There is no Application Load Balancer {arn}.")
    if found.scheme != "internal" or found.vpc_id != group.vpc_id:
        raise ValidationException(f"{arn} is not an internal load balancer in VPC {group.vpc_id}.")
    if port not in found.ports:
        raise ValidationException(f"{arn} has no listener on port {port}.")
    others = [g for g in backend.target_groups.values() if g is not group and any(key[0] == arn for key in g.targets)]
    if len(others) >= _MOST_GROUPS_OF_A_LOAD_BALANCER:
        raise ValidationException(f"{arn} is a target of {_MOST_GROUPS_OF_A_LOAD_BALANCER} target groups already.")


def _require_own_arn(backend: LatticeBackend, arn: str, *, service: str) -> None:
    if not arn.startswith(f"arn:{backend.partition}:{service}:{backend.region_name}:{backend.account_id}:"):
        raise ValidationException(f"{arn} is not an ARN of {service} in this account and region.")
