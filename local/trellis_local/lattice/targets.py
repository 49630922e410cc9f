"""The operations on targets, and the status that a target shows.

Register and deregister answer 200 and report what they refused in `unsuccessful`, target by target.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, require_status
from .configuration import current
from .errors import LatticeError, ValidationException
from .moto_seam import instance_vpc, vpc_networks
from .paging import page
from .resources import Target, TargetGroup, present

Document = dict[str, Any]
Request = Mapping[str, Any]


def register_targets(backend: LatticeBackend, request: Request) -> Document:
    """Register targets with an ACTIVE group; a draining target becomes a normal one again."""
    group = backend.target_group(request["targetGroupIdentifier"])
    require_status(group, "ACTIVE")
    successful, unsuccessful = [], []
    for wanted in request["targets"]:
        try:
            key = _checked_key(backend, group, wanted)
        except ValidationException as error:
            unsuccessful.append(_failure(wanted, error))
            continue
        _register(backend, group, key)
        successful.append(present(id=key[0], port=key[1]))
    return {"successful": successful, "unsuccessful": unsuccessful}


def deregister_targets(backend: LatticeBackend, request: Request) -> Document:
    """Deregister targets, which drain when their group is in use."""
    group = backend.target_group(request["targetGroupIdentifier"])
    require_status(group, "ACTIVE")
    successful, unsuccessful = [], []
    for wanted in request["targets"]:
        target = group.targets.get(_key(group, wanted))
        if target is None:
            error = ValidationException(f"Target {wanted['id']} is not registered with {group.id}.")
            unsuccessful.append(_failure(wanted, error))
            continue
        _deregister(backend, group, target)
        successful.append(present(id=target.id, port=target.port))
    return {"successful": successful, "unsuccessful": unsuccessful}


def list_targets(backend: LatticeBackend, request: Request) -> Document:
    """List the targets of a group, all or those that the filter names."""
    group = backend.target_group(request["targetGroupIdentifier"])
    filters = request.get("targets", ())
    found = [
        target
        for target in group.targets.values()
        if not filters or any(f["id"] == target.id and f.get("port") in (None, target.port) for f in filters)
    ]
    return page(
        "targets", found, request, key=lambda target: target.sequence, render=lambda target: _summary(group, target)
    )


def target_status(group: TargetGroup, target: Target) -> str:
    """The status of a target as the API shows it."""
    if target.is_draining:
        return "DRAINING"
    if not group.in_use:
        return "UNUSED"
    return target.health if group.is_health_checked else "UNAVAILABLE"


def _summary(group: TargetGroup, target: Target) -> Document:
    status = target_status(group, target)
    reason = "TargetGroupNotInUse" if status == "UNUSED" else None
    return present(id=target.id, port=target.port, status=status, reasonCode=reason)


def _register(backend: LatticeBackend, group: TargetGroup, key: tuple[str, int | None]) -> None:
    known = group.targets.get(key)
    if known is None:
        wanted = len(group.targets) + 1
        quotas.check_quota(quotas.TARGETS_PER_TARGET_GROUP, wanted=wanted, limits=current().quotas, parent_id=group.id)
        group.targets[key] = Target(id=key[0], port=key[1], sequence=backend.next_sequence())
    elif known.leaves_at is not None:
        known.leaves_at, known.is_draining, known.health = None, False, "INITIAL"


def _deregister(backend: LatticeBackend, group: TargetGroup, target: Target) -> None:
    if target.leaves_at is not None:
        return
    target.is_draining = group.in_use
    delay = current().draining_seconds if group.in_use else current().unused_target_removal_seconds
    backend.let_leave(group, target, seconds=delay)


def _key(group: TargetGroup, wanted: Mapping[str, Any]) -> tuple[str, int | None]:
    return wanted["id"], wanted.get("port", group.config.get("port"))


def _checked_key(backend: LatticeBackend, group: TargetGroup, wanted: Mapping[str, Any]) -> tuple[str, int | None]:
    if group.type == "IP":
        _require_address(backend, group, wanted["id"])
    elif group.type == "INSTANCE":
        place = instance_vpc(account=backend.account_id, region=backend.region_name, instance_id=wanted["id"])
        if place != group.vpc_id:
            raise ValidationException(f"{wanted['id']} is not a running instance in VPC {group.vpc_id}.")
    else:
        _require_arn(backend, group, wanted)
    return _key(group, wanted)


def _require_address(backend: LatticeBackend, group: TargetGroup, text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise ValidationException(f"{text} is not an IP address.") from error
    if f"IPV{address.version}" != group.config["ipAddressType"]:
        raise ValidationException(f"{text} is not an address of type {group.config['ipAddressType']}.")
    networks = vpc_networks(account=backend.account_id, region=backend.region_name, vpc_id=group.vpc_id or "")
    if not any(address in network for network in networks or ()):
        raise ValidationException(f"{text} is not in the CIDR blocks of VPC {group.vpc_id}.")


def _require_arn(backend: LatticeBackend, group: TargetGroup, wanted: Mapping[str, Any]) -> None:
    service = "lambda" if group.type == "LAMBDA" else "elasticloadbalancing"
    prefix = f"arn:{backend.partition}:{service}:{backend.region_name}:{backend.account_id}:"
    if not wanted["id"].startswith(prefix):
        raise ValidationException(f"{wanted['id']} is not an ARN of {service} in this account and region.")
    if group.type == "LAMBDA" and "port" in wanted:
        raise ValidationException("A Lambda target has no port.")
    if any(target.id != wanted["id"] for target in group.targets.values()):
        raise ValidationException(f"A target group of type {group.type} has one target only.")


def _failure(wanted: Mapping[str, Any], error: LatticeError) -> Document:
    return {
        **present(id=wanted["id"], port=wanted.get("port")),
        "failureCode": error.code,
        "failureMessage": error.message,
    }
