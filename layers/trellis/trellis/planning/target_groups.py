"""The target groups of one service, their health checks and targets: what differs, in the order of putting it right."""

from collections.abc import Iterator, Sequence

from trellis.model import HealthCheck, Service, Target, TargetGroup
from trellis.planning.service_changes import (
    CreateTargetGroup,
    DeleteTargetGroup,
    DeregisterTargets,
    RegisterTargets,
    ServiceChange,
    SetHealthCheck,
)
from trellis.planning.service_state import ObservedGroup, ObservedService, is_failed, is_lost

TARGETS_PER_CALL = 100


def diff_groups(desired: Service, observed: ObservedService) -> list[ServiceChange]:
    """The changes to the wanted groups: failed and missing ones are made, targets registered and deregistered."""
    changes: list[ServiceChange] = []
    for group in desired.target_groups:
        found = observed.group(group.name)
        if found and is_failed(found.group.status):
            changes += delete_groups([found], desired.name, because=f"failed {found.failure}".strip())
        if found is None or is_lost(found.group.status):
            # It is made without it, so that a check that is refused does not stand in the way of the rest.
            changes.append(CreateTargetGroup(desired.name, group))
            changes += _diff_health_check(desired.name, group, HealthCheck())
            changes += _register(desired.name, group, group.targets)
        else:
            changes += _diff_health_check(desired.name, group, found.group.health_check)
            changes += _diff_targets(desired.name, group, found.group)
    return changes


def stale_groups(desired: Service, observed: ObservedService) -> list[ObservedGroup]:
    """The owner's groups that the service does not want any more."""
    wanted = {group.name for group in desired.target_groups}
    return [
        found for found in observed.groups if found.group.owner == observed.owner and found.group.name not in wanted
    ]


def delete_groups(groups: Sequence[ObservedGroup], service: str, *, because: str) -> list[ServiceChange]:
    """Empty the groups and delete them."""
    changes: list[ServiceChange] = []
    for found in groups:
        changes += _deregister(service, found.group, found.group.targets)
        changes.append(DeleteTargetGroup(service, found.group, because))
    return changes


def _diff_health_check(service: str, group: TargetGroup, old: HealthCheck | None) -> list[ServiceChange]:
    """Of a check that is off, nothing else matters."""
    wanted = group.health_check
    if wanted is None or old is None or wanted == old or not (wanted.enabled or old.enabled):
        return []
    return [SetHealthCheck(service, group, wanted, old)]


def _diff_targets(service: str, group: TargetGroup, found: TargetGroup) -> list[ServiceChange]:
    wanted, registered = set(group.targets), set(found.targets)
    return [
        *_register(service, group, sorted(wanted - registered)),
        *_deregister(service, group, sorted(registered - wanted)),
    ]


def _register(service: str, group: TargetGroup, targets: Sequence[Target]) -> list[ServiceChange]:
    return [RegisterTargets(service, group, chunk) for chunk in _chunks(targets)]


def _deregister(service: str, group: TargetGroup, targets: Sequence[Target]) -> list[ServiceChange]:
    return [DeregisterTargets(service, group, chunk) for chunk in _chunks(targets)]


def _chunks(targets: Sequence[Target]) -> Iterator[tuple[Target, ...]]:
    for start in range(0, len(targets), TARGETS_PER_CALL):
        yield tuple(targets[start : start + TARGETS_PER_CALL])
