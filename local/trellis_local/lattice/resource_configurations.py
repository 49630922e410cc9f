"""The operations on resource configurations: single resources, groups with their children, ARNs and CIDR blocks.

Which member belongs to which type: API reference of CreateResourceConfiguration.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, require_status, require_unique_name
from .configuration import current
from .connectivity import DomainVerification, ResourceConfiguration
from .domain_verifications import covers, verified
from .errors import ValidationException
from .paging import page
from .port_ranges import checked_port_ranges
from .resources import present

Document = dict[str, Any]
Request = Mapping[str, Any]

_MEMBERS_BY_TYPE: Mapping[str, frozenset[str]] = {
    "portRanges": frozenset({"SINGLE", "GROUP", "CHILD", "CIDR"}),
    "protocol": frozenset({"SINGLE", "GROUP", "CIDR"}),
    "resourceGatewayIdentifier": frozenset({"SINGLE", "GROUP", "ARN", "CIDR"}),
    "resourceConfigurationGroupIdentifier": frozenset({"CHILD"}),
    "resourceConfigurationDefinition": frozenset({"SINGLE", "CHILD", "ARN", "CIDR"}),
    "allowAssociationToShareableServiceNetwork": frozenset({"SINGLE", "GROUP", "ARN"}),
    "groupDomain": frozenset({"GROUP"}),
}
_REQUIRED_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "SINGLE": ("resourceGatewayIdentifier", "resourceConfigurationDefinition", "portRanges"),
    "GROUP": ("resourceGatewayIdentifier",),
    "CHILD": ("resourceConfigurationGroupIdentifier", "resourceConfigurationDefinition", "portRanges"),
    "ARN": ("resourceConfigurationDefinition",),
    "CIDR": ("resourceGatewayIdentifier", "resourceConfigurationDefinition", "portRanges"),
}
_DEFINITIONS_BY_TYPE: Mapping[str, frozenset[str]] = {
    "SINGLE": frozenset({"dnsResource", "ipResource"}),
    "CHILD": frozenset({"dnsResource", "ipResource"}),
    "ARN": frozenset({"arnResource"}),
    "CIDR": frozenset({"cidrResource"}),
}


def create_resource_configuration(backend: LatticeBackend, request: Request) -> Document:
    """Create a configuration, which needs some seconds to become ACTIVE; a child is associated as its group is."""
    require_unique_name(backend.resource_configurations, request["name"])
    kind = request["type"]
    _require_members(kind, request)
    _require_definition(kind, request.get("resourceConfigurationDefinition"))
    group = _group(backend, request)
    gateway_arn = group.gateway_arn if group else _gateway_arn(backend, request)
    wanted = len(backend.resource_configurations) + 1
    quotas.check_quota(quotas.RESOURCE_CONFIGURATIONS, wanted=wanted, limits=current().quotas)
    verification = _verification(backend, request)
    configuration = ResourceConfiguration(
        **backend.common_members(ResourceConfiguration.kind, request),
        type=kind,
        gateway_arn=gateway_arn,
        group_arn=group.arn if group else None,
        definition=request.get("resourceConfigurationDefinition"),
        port_ranges=checked_port_ranges(request.get("portRanges", ())),
        protocol=_protocol(kind, request),
        shareable=request.get("allowAssociationToShareableServiceNetwork", False),
        custom_domain_name=request.get("customDomainName"),
        group_domain=request.get("groupDomain"),
        verification_arn=verification.arn if verification else None,
    )
    backend.resource_configurations[configuration.id] = configuration
    backend.begin(configuration, "CREATE_IN_PROGRESS")
    if group:
        _join_associations(backend, group, configuration)
    return {**_details(configuration), "createdAt": configuration.created_at}


def get_resource_configuration(backend: LatticeBackend, request: Request) -> Document:
    """Describe a configuration."""
    configuration = backend.resource_configuration(request["resourceConfigurationIdentifier"])
    return {
        **_details(configuration),
        **configuration.times,
        "amazonManaged": False,
        **present(
            failureReason=configuration.failure.get("failureMessage"),
            domainVerificationStatus=verification_status(backend, configuration),
        ),
    }


def list_resource_configurations(backend: LatticeBackend, request: Request) -> Document:
    """List the configurations of the account, of one gateway, one group or one verified domain if wanted."""
    found: Iterable[ResourceConfiguration] = backend.resource_configurations.values()
    for member, attribute in _FILTERS.items():
        if member in request:
            wanted = request[member]
            found = [item for item in found if wanted in _forms(getattr(item, attribute))]
    return page("resource configurations", found, request, key=lambda item: item.sequence, render=_summary)


def update_resource_configuration(backend: LatticeBackend, request: Request) -> Document:
    """Replace definition, port ranges or whether shareable networks are allowed; what is left out stays."""
    configuration = backend.resource_configuration(request["resourceConfigurationIdentifier"])
    require_status(configuration, "ACTIVE", "UPDATE_FAILED")
    _require_known_members(configuration.type, request)
    if "resourceConfigurationDefinition" in request:
        _require_definition(configuration.type, request["resourceConfigurationDefinition"])
        configuration.definition = request["resourceConfigurationDefinition"]
    if "portRanges" in request:
        configuration.port_ranges = checked_port_ranges(request["portRanges"])
    configuration.shareable = request.get("allowAssociationToShareableServiceNetwork", configuration.shareable)
    configuration.last_updated_at = backend.now()
    backend.begin(configuration, "UPDATE_IN_PROGRESS")
    return _details(configuration)


def delete_resource_configuration(backend: LatticeBackend, request: Request) -> Document:
    """Delete a configuration that has no association, no endpoint and no children."""
    configuration = backend.resource_configuration(request["resourceConfigurationIdentifier"])
    if configuration.status != "DELETE_IN_PROGRESS":
        require_status(configuration, "ACTIVE", "CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
        _require_unused(backend, configuration)
        backend.begin(configuration, "DELETE_IN_PROGRESS")
    return {}


def verification_status(backend: LatticeBackend, configuration: ResourceConfiguration) -> str | None:
    """The status of the domain verification of a configuration, or of its group; None when it has none."""
    arn = configuration.verification_arn
    if arn is None and configuration.group_arn is not None:
        return verification_status(backend, backend.resource_configuration(configuration.group_arn))
    return verified(backend, backend.domain_verification(arn)).verification_status if arn else None


def _require_unused(backend: LatticeBackend, configuration: ResourceConfiguration) -> None:
    own = [
        item
        for peer in backend.peers()
        for item in peer.resource_associations.where("configuration", configuration.arn)
        if item.parent_arn is None
    ]
    if own:
        raise conflict(configuration, f"ResourceConfiguration {configuration.id} has service network(s) associated")
    if backend.endpoints_of(configuration.arn):
        raise conflict(configuration, f"ResourceConfiguration {configuration.id} has VPC endpoint(s) associated")
    if backend.resource_configurations.where("group", configuration.arn):
        raise conflict(configuration, f"ResourceConfiguration {configuration.id} has child resource configuration(s)")


def _require_known_members(kind: str, request: Request) -> None:
    for member, kinds in _MEMBERS_BY_TYPE.items():
        if member in request and kind not in kinds:
            raise ValidationException(f"{member} is not supported for resource configurations of type {kind}.")


def _require_members(kind: str, request: Request) -> None:
    _require_known_members(kind, request)
    for member in _REQUIRED_BY_TYPE[kind]:
        if member not in request:
            raise ValidationException(f"{member} is required for resource configurations of type {kind}.")
    if kind == "CIDR" and "customDomainName" in request:
        raise ValidationException("customDomainName is not supported for resource configurations of type CIDR.")


def _require_definition(kind: str, definition: Mapping[str, Any] | None) -> None:
    if definition is not None and not set(definition) <= _DEFINITIONS_BY_TYPE[kind]:
        allowed = " or ".join(sorted(_DEFINITIONS_BY_TYPE[kind]))
        raise ValidationException(f"A resource configuration of type {kind} is defined by {allowed}.")


def _protocol(kind: str, request: Request) -> str | None:
    protocol: str = request.get("protocol", "TCP")
    if protocol == "TCP_UDP" and kind != "CIDR":
        raise ValidationException("TCP_UDP is supported for resource configurations of type CIDR only.")
    return protocol if kind in _MEMBERS_BY_TYPE["protocol"] else None


def _gateway_arn(backend: LatticeBackend, request: Request) -> str | None:
    if "resourceGatewayIdentifier" not in request:
        return None
    gateway = backend.resource_gateway(request["resourceGatewayIdentifier"])
    require_status(gateway, "ACTIVE", "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
    if request["type"] == "CIDR" and gateway.dns_resolution != "IN_VPC":
        raise ValidationException("A CIDR resource configuration needs a resource gateway that resolves names IN_VPC.")
    return gateway.arn


def _group(backend: LatticeBackend, request: Request) -> ResourceConfiguration | None:
    if request["type"] != "CHILD":
        return None
    group = backend.resource_configuration(request["resourceConfigurationGroupIdentifier"])
    if group.type != "GROUP":
        raise ValidationException(f"Resource configuration {group.id} is not a group.")
    require_status(group, "ACTIVE", "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
    children = backend.resource_configurations.where("group", group.arn)
    quotas.check_quota(quotas.CHILDREN_PER_GROUP, wanted=len(children) + 1, limits=current().quotas, parent_id=group.id)
    _require_subdomain(group, request.get("customDomainName"))
    return group


def _require_subdomain(group: ResourceConfiguration, name: str | None) -> None:
    if name and group.group_domain and not covers(group.group_domain, name):
        raise ValidationException(f"customDomainName {name} is no subdomain of {group.group_domain}.")


def _verification(backend: LatticeBackend, request: Request) -> DomainVerification | None:
    if "domainVerificationIdentifier" not in request:
        return None
    verification = backend.domain_verification(request["domainVerificationIdentifier"])
    name = request.get("customDomainName") or request.get("groupDomain")
    if name is None:
        raise ValidationException("domainVerificationIdentifier needs a customDomainName or a groupDomain.")
    if not covers(verification.domain_name, name):
        raise ValidationException(f"The verified domain {verification.domain_name} does not cover {name}.")
    return verification


def _join_associations(backend: LatticeBackend, group: ResourceConfiguration, child: ResourceConfiguration) -> None:
    from .resource_associations import add_child  # which needs this module

    for peer in backend.peers():
        for association in list(peer.resource_associations.where("configuration", group.arn)):
            add_child(peer, association, child)


_FILTERS = {
    "resourceGatewayIdentifier": "gateway_arn",
    "resourceConfigurationGroupIdentifier": "group_arn",
    "domainVerificationIdentifier": "verification_arn",
}


def _forms(arn: str | None) -> tuple[str, ...]:
    return (arn, _id(arn)) if arn else ()


def _id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _summary(configuration: ResourceConfiguration) -> Document:
    return {
        **_identity(configuration),
        **configuration.times,
        "amazonManaged": False,
        **present(
            customDomainName=configuration.custom_domain_name,
            groupDomain=configuration.group_domain,
            domainVerificationId=_id(configuration.verification_arn) if configuration.verification_arn else None,
        ),
    }


def _identity(configuration: ResourceConfiguration) -> Document:
    return {
        "id": configuration.id,
        "arn": configuration.arn,
        "name": configuration.name,
        "type": configuration.type,
        "status": configuration.status,
        **present(
            resourceGatewayId=_id(configuration.gateway_arn) if configuration.gateway_arn else None,
            resourceConfigurationGroupId=_id(configuration.group_arn) if configuration.group_arn else None,
        ),
    }


def _details(configuration: ResourceConfiguration) -> Document:
    verification = configuration.verification_arn
    return {
        **_identity(configuration),
        "allowAssociationToShareableServiceNetwork": configuration.shareable,
        **present(
            portRanges=configuration.port_ranges or None,
            protocol=configuration.protocol,
            resourceConfigurationDefinition=configuration.definition,
            customDomainName=configuration.custom_domain_name,
            groupDomain=configuration.group_domain,
            domainVerificationId=_id(verification) if verification else None,
            domainVerificationArn=verification,
        ),
    }
