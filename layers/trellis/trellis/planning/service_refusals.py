"""What stands in the way of a service and is not Trellis' to change: reported, never taken over."""

from collections.abc import Iterator

from trellis.model import Service, TargetGroup
from trellis.planning.service_state import ObservedGroup, ObservedService, is_lost
from trellis.planning.work import Refusal

_IMMUTABLE = ("vpc_id", "port", "protocol", "protocol_version", "ip_address_type")


def refusals(desired: Service, observed: ObservedService) -> tuple[Refusal, ...]:
    """Why nothing may be changed for the desired service; empty when it may."""
    return (*_of_service(desired, observed), *_of_groups(desired, observed))


def _of_service(desired: Service, observed: ObservedService) -> Iterator[Refusal]:
    found = observed.service
    if found is None:
        return
    resource = f"service {desired.name}"
    if found.owner != observed.owner:
        yield _not_owned(resource, found.owner)
    elif found.custom_domain_name != desired.custom_domain_name and not is_lost(found.status):
        message = f"{resource} has the custom domain name {found.custom_domain_name}, which cannot be changed"
        yield Refusal(resource, "Immutable", f"{message} to {desired.custom_domain_name}")


def _of_groups(desired: Service, observed: ObservedService) -> Iterator[Refusal]:
    for group in desired.target_groups:
        found = observed.group(group.name)
        if found is not None:
            yield from _of_group(group, found, observed)


def _of_group(group: TargetGroup, found: ObservedGroup, observed: ObservedService) -> Iterator[Refusal]:
    resource = f"target group {group.name}"
    if found.group.owner != observed.owner:
        yield _not_owned(resource, found.group.owner)
        return
    if is_lost(found.group.status):
        return
    different = [name for name in _IMMUTABLE if getattr(group, name) != getattr(found.group, name)]
    if different:
        yield Refusal(resource, "Immutable", f"{resource} differs in {', '.join(different)}, which cannot be changed")
    arn = observed.service.arn if observed.service else ""
    others = [user for user in found.used_by if user != arn]
    if others:
        yield Refusal(resource, "InUse", f"{resource} is used by {', '.join(others)}; it can serve one service only")


def _not_owned(resource: str, owner: str) -> Refusal:
    whose = f"belongs to {owner}" if owner else "was not made by Trellis"
    return Refusal(resource, "NotOwned", f"{resource} exists and {whose}; it is left as it is")
