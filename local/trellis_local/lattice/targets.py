"""The operations on targets, and the status that a target shows.

Register and deregister answer 200 and report what they refused in `unsuccessful`, target by target.
"""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, require_status
from .configuration import current
from .errors import LatticeError, ValidationException
from .paging import page
from .resources import Target, TargetGroup, present
from .target_checks import require_suitable

Document = dict[str, Any]
Request = Mapping[str, Any]
Key = tuple[str, int | None]


def register_targets(backend: LatticeBackend, request: Request) -> Document:
    """Register targets with an ACTIVE group; a draining target becomes a normal one again."""
    group = backend.target_group(request["targetGroupIdentifier"])
    require_status(group, "ACTIVE")
    keys: list[Key] = []
    unsuccessful = []
    for wanted in request["targets"]:
        try:
            keys.append(_checked_key(backend, group, wanted, before=keys))
        except ValidationException as error:
            unsuccessful.append(_failure(wanted, error))
    wanted_number = len({*group.targets, *keys})
    limits = current().quotas
    quotas.check_quota(quotas.TARGETS_PER_TARGET_GROUP, wanted=wanted_number, limits=limits, parent_id=group.id)
    for key in keys:
        _register(backend, group, key)
    return {"successful": [present(id=key[0], port=key[1]) for key in keys], "unsuccessful": unsuccessful}


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


def _register(backend: LatticeBackend, group: TargetGroup, key: Key) -> None:
    known = group.targets.get(key)
    if known is None:
        group.targets[key] = Target(id=key[0], port=key[1], sequence=backend.next_sequence())
    elif known.leaves_at is not None:
        known.leaves_at, known.is_draining, known.health = None, False, "INITIAL"


def _deregister(backend: LatticeBackend, group: TargetGroup, target: Target) -> None:
    if target.leaves_at is not None:
        return
    target.is_draining = group.in_use
    delay = current().draining_seconds if group.in_use else current().unused_target_removal_seconds
    backend.let_leave(group, target, seconds=delay)


def _key(group: TargetGroup, wanted: Mapping[str, Any]) -> Key:
    return wanted["id"], wanted.get("port", group.config.get("port"))


def _checked_key(backend: LatticeBackend, group: TargetGroup, wanted: Mapping[str, Any], *, before: list[Key]) -> Key:
    """The key of a target that the group can have next to those `before` it in the call; ValidationException if not."""
    key = _key(group, wanted)
    require_suitable(backend, group, key, others={*group.targets, *before})
    return key


def _failure(wanted: Mapping[str, Any], error: LatticeError) -> Document:
    return {
        **present(id=wanted["id"], port=wanted.get("port")),
        "failureCode": error.code,
        "failureMessage": error.message,
    }
