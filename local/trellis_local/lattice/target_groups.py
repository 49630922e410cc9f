"""The operations on target groups; their targets have a module of their own."""

from collections.abc import Mapping, Set
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status, require_unique_name
from .configuration import current
from .errors import AccessDeniedException, ResourceNotFoundException, ValidationException, invalid_field
from .health_check_config import default_health_check, merged_health_check, require_checkable
from .moto_seam import vpc_networks
from .paging import page
from .resources import TargetGroup, present

Document = dict[str, Any]
Request = Mapping[str, Any]
_NOT_FOR_LAMBDA = ("port", "protocol", "protocolVersion", "ipAddressType", "vpcIdentifier", "healthCheck")


def create_target_group(backend: LatticeBackend, request: Request) -> Document:
    """Create a target group, which needs some seconds to become ACTIVE."""
    require_unique_name(backend.target_groups, request["name"])
    quotas.check_quota(quotas.TARGET_GROUPS, wanted=len(backend.target_groups) + 1, limits=current().quotas)
    config = _complete_config(request["type"], request.get("config", {}))
    vpc_id = config.get("vpcIdentifier")
    if vpc_id and vpc_networks(account=backend.account_id, region=backend.region_name, vpc_id=vpc_id) is None:
        raise ResourceNotFoundException(f"VPC {vpc_id} not found", resource_id=vpc_id, resource_type="VPC")
    group = TargetGroup(**backend.common_members(TargetGroup.kind, request), type=request["type"], config=config)
    backend.target_groups[group.id] = group
    backend.begin(group, "CREATE_IN_PROGRESS")
    return _details(group)


def get_target_group(backend: LatticeBackend, request: Request) -> Document:
    """Describe a target group, with the health check that results from all defaults."""
    group = backend.target_group(request["targetGroupIdentifier"])
    return {
        **_details(group),
        **group.times,
        "serviceArns": sorted(backend.references().get(group.id, ())),
        **group.failure,
    }


def list_target_groups(backend: LatticeBackend, request: Request) -> Document:
    """List the target groups, of one VPC or of one type if wanted."""
    references = backend.references()
    return page(
        "target groups",
        backend.target_groups.where("filter", (request.get("vpcIdentifier"), request.get("targetGroupType"))),
        request,
        key=lambda group: group.sequence,
        render=lambda group: _summary(group, service_arns=references.get(group.id, set())),
    )


def update_target_group(backend: LatticeBackend, request: Request) -> Document:
    """Change fields of the health check, the only thing of a target group that can change."""
    group = backend.target_group(request["targetGroupIdentifier"])
    if "healthCheck" not in group.config:
        raise ValidationException(f"{group.type} Target Group does not support health check config")
    require_status(group, "ACTIVE")
    was_checked = group.is_health_checked
    check = merged_health_check(group.config["healthCheck"], request["healthCheck"])
    require_checkable(check, version=group.config.get("protocolVersion"))
    group.config = {**group.config, "healthCheck": check}
    if group.is_health_checked and not was_checked:
        group.forget_health()
    group.last_updated_at = backend.now()
    return _details(group)


def delete_target_group(backend: LatticeBackend, request: Request) -> Document:
    """Delete a group that no rule forwards to and that has no targets, not even draining ones."""
    group = _group_to_delete(backend, request["targetGroupIdentifier"])
    if group.status != "DELETE_IN_PROGRESS":
        require_status(group, "ACTIVE", "CREATE_FAILED", "DELETE_FAILED")
        if group.id in backend.references():
            raise conflict(group, f"TargetGroup {group.id} is in use by a service")
        if group.targets:
            raise conflict(group, f"TargetGroup {group.id} has targets registered or draining")
        backend.begin(group, "DELETE_IN_PROGRESS")
    return {"id": group.id, "arn": group.arn, "status": group.status}


def _group_to_delete(backend: LatticeBackend, identifier: str) -> TargetGroup:
    try:
        return backend.target_group(identifier)
    except AccessDeniedException as error:  # which the API model does not have for DeleteTargetGroup
        raise ResourceNotFoundException(
            f"TargetGroup {identifier} not found", resource_id=identifier, resource_type=TargetGroup.kind.error_type
        ) from error


def _complete_config(group_type: str, config: Mapping[str, Any]) -> Document:
    if group_type == "LAMBDA":
        for name in _NOT_FOR_LAMBDA:
            if name in config:
                raise invalid_field(f"config.{name}", "is not supported for target groups of type LAMBDA")
        return {"lambdaEventStructureVersion": config.get("lambdaEventStructureVersion", "V1")}
    config = {**_default_port(config), **config}
    for name in ("port", "protocol", "vpcIdentifier"):
        if name not in config:
            raise invalid_field(f"config.{name}", f"is required for target groups of type {group_type}")
    _refuse_unsupported(group_type, config)
    complete = {**config, **({"ipAddressType": config.get("ipAddressType", "IPV4")} if group_type == "IP" else {})}
    if config["protocol"] != "TCP":
        complete["protocolVersion"] = config.get("protocolVersion", "HTTP1")
    if group_type != "ALB":
        check = merged_health_check(default_health_check(complete), config.get("healthCheck", {}))
        require_checkable(check, version=complete.get("protocolVersion"))
        complete["healthCheck"] = check
    return complete


def _default_port(config: Mapping[str, Any]) -> Document:
    """API reference of TargetGroupConfig: "For HTTP, the default is 80. For HTTPS, the default is 443."."""
    port = {"HTTP": 80, "HTTPS": 443}.get(config.get("protocol", ""))
    return {"port": port} if port else {}


def _refuse_unsupported(group_type: str, config: Mapping[str, Any]) -> None:
    if "lambdaEventStructureVersion" in config:
        raise invalid_field("config.lambdaEventStructureVersion", "is supported for type LAMBDA only")
    if "ipAddressType" in config and group_type != "IP":
        raise invalid_field("config.ipAddressType", "is supported for type IP only")
    if "protocolVersion" in config and config["protocol"] == "TCP":
        raise invalid_field("config.protocolVersion", "is not supported for protocol TCP")
    if group_type == "ALB":
        if "healthCheck" in config:
            raise ValidationException("ALB Target Group does not support health check config")
        if config.get("protocolVersion", "HTTP1") != "HTTP1":
            raise invalid_field("config.protocolVersion", "must be HTTP1 for type ALB")


def _details(group: TargetGroup) -> Document:
    return {
        "id": group.id,
        "arn": group.arn,
        "name": group.name,
        "type": group.type,
        "config": group.config,
        "status": group.status,
    }


def _summary(group: TargetGroup, *, service_arns: Set[str]) -> Document:
    return {
        "id": group.id,
        "arn": group.arn,
        "name": group.name,
        "type": group.type,
        **group.times,
        "status": group.status,
        "serviceArns": sorted(service_arns),
        **present(
            port=group.config.get("port"),
            protocol=group.config.get("protocol"),
            ipAddressType=group.config.get("ipAddressType"),
            vpcIdentifier=group.vpc_id,
            lambdaEventStructureVersion=group.config.get("lambdaEventStructureVersion"),
        ),
    }
