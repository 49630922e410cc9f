"""Which changes of a service can be applied now, and what the others wait for.

VPC Lattice refuses calls on what it is still making or deleting. A deletion also waits for the changes before it, so
that what takes over is in place first, and what needs the room of something deleted waits for that deletion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trellis.model import Action, Forward
from trellis.planning.service_changes import (
    AssociateService,
    CreateListener,
    CreateRule,
    CreateService,
    CreateTargetGroup,
    DeleteService,
    DeleteTargetGroup,
    DeregisterTargets,
    DisassociateService,
    RegisterTargets,
    ServiceChange,
    SetCertificate,
    SetHealthCheck,
    UpdateListener,
    UpdateRule,
)
from trellis.planning.service_state import ObservedService, is_changing


@dataclass(frozen=True)
class Wait:
    """`settles` says that AWS is at work on it: waiting alone helps. Otherwise an earlier change must come first."""

    reason: str
    settles: bool = False


@dataclass(frozen=True)
class Step:
    """A change, and what it waits for: None when it can be applied now."""

    change: ServiceChange
    wait: Wait | None


def steps(changes: Sequence[ServiceChange], observed: ObservedService) -> tuple[Step, ...]:
    """The changes in their order, each with what it waits for."""
    situation = _Situation(observed, changes)
    result: list[Step] = []
    something_waits = a_deletion_waits = False
    for change in changes:
        wait = situation.wait(change)
        if wait is None and change.deletes and something_waits:
            wait = Wait(f"{change.resource} stays until the changes before it are made")
        if wait is None and change.needs_room and a_deletion_waits:
            wait = Wait(f"{change.resource}: room for it")
        something_waits = something_waits or wait is not None
        a_deletion_waits = a_deletion_waits or (change.deletes and wait is not None)
        result.append(Step(change, wait))
    return tuple(result)


class _Situation:
    """What exists, and what is still to be made."""

    def __init__(self, observed: ObservedService, changes: Sequence[ServiceChange]) -> None:
        self._observed = observed
        self._service_is_missing = any(isinstance(change, CreateService) for change in changes)
        self._missing_groups = {change.group.name for change in changes if isinstance(change, CreateTargetGroup)}
        self._missing_listeners = {change.listener.name for change in changes if isinstance(change, CreateListener)}
        self._leaving_groups = {change.group.name for change in changes if isinstance(change, DeleteTargetGroup)}
        self._to_register = {change.group.name for change in changes if isinstance(change, RegisterTargets)}

    def wait(self, change: ServiceChange) -> Wait | None:
        """What the change waits for."""
        match change:
            case CreateTargetGroup() | SetHealthCheck() | RegisterTargets() | DeregisterTargets() | DeleteTargetGroup():
                return self._for_group_change(change)
            case CreateService() | DeleteService() | AssociateService() | DisassociateService():
                return self._for_service_change(change)
            case SetCertificate():
                return self._for_service()
            case CreateListener() | UpdateListener():
                return self._for_service() or self._for_action(change.listener.default_action)
            case CreateRule() | UpdateRule():
                return self._for_listener(change.listener) or self._for_action(change.rule.action)
            case _:
                return None

    def _for_group_change(
        self, change: CreateTargetGroup | SetHealthCheck | RegisterTargets | DeregisterTargets | DeleteTargetGroup
    ) -> Wait | None:
        name = change.group.name
        match change:
            case CreateTargetGroup():
                return _while_exists(change.resource, self._group_status(name))
            case SetHealthCheck() | RegisterTargets():
                return self._for_group(name)
            case DeregisterTargets():
                return self._for_release(name) or self._for_group_to_settle(name)
            case DeleteTargetGroup():
                return self._for_empty_group(name)

    def _for_service_change(
        self, change: CreateService | DeleteService | AssociateService | DisassociateService
    ) -> Wait | None:
        match change:
            case CreateService():
                service = self._observed.service
                return _while_exists(change.resource, service.status if service else None)
            case DeleteService():
                return self._for_no_association() or self._for_service_to_settle()
            case AssociateService():
                return self._for_service() or _while_exists(change.resource, self._association_status(change.network))
            case DisassociateService():
                return _while_changing(change.resource, change.status)

    def _for_service(self) -> Wait | None:
        if self._service_is_missing:
            return Wait(f"service {self._observed.name}")
        return self._for_service_to_settle()

    def _for_service_to_settle(self) -> Wait | None:
        service = self._observed.service
        return _while_changing(f"service {self._observed.name}", service.status if service else "")

    def _for_no_association(self) -> Wait | None:
        found = self._observed.service.association_status if self._observed.service else ()
        return Wait(f"service {self._observed.name} to leave {found[0][0]}") if found else None

    def _association_status(self, network: str) -> str | None:
        service = self._observed.service
        return dict(service.association_status).get(network) if service else None

    def _for_listener(self, name: str) -> Wait | None:
        if name in self._missing_listeners:
            return Wait(f"listener {self._observed.name}/{name}")
        return self._for_service()

    def _for_action(self, action: Action) -> Wait | None:
        names = [share.target_group for share in action.target_groups] if isinstance(action, Forward) else []
        return next((wait for name in names if (wait := self._for_filled_group(name))), None)

    def _for_filled_group(self, name: str) -> Wait | None:
        wait = self._for_group(name)
        found = self._observed.group(name)
        if wait is None and name in self._to_register and found is not None and not found.group.targets:
            return Wait(f"targets of target group {name}")
        return wait

    def _for_group(self, name: str) -> Wait | None:
        if name in self._missing_groups:
            return Wait(f"target group {name}")
        return self._for_group_to_settle(name)

    def _for_group_to_settle(self, name: str) -> Wait | None:
        return _while_changing(f"target group {name}", self._group_status(name) or "")

    def _group_status(self, name: str) -> str | None:
        found = self._observed.group(name)
        return found.group.status if found else None

    def _for_release(self, name: str) -> Wait | None:
        found = self._observed.group(name)
        if found is None or not found.used_by or name not in self._leaving_groups:
            return None
        return Wait(f"target group {name} to be used by nothing")

    def _for_empty_group(self, name: str) -> Wait | None:
        found = self._observed.group(name)
        wait = self._for_release(name) or self._for_group_to_settle(name)
        if wait or found is None:
            return wait
        if found.group.targets:
            return Wait(f"targets of target group {name} to be deregistered")
        return Wait(f"targets of target group {name} to drain", settles=True) if found.draining else None


def _while_exists(resource: str, status: str | None) -> Wait | None:
    return None if status is None else Wait(f"{resource} to be deleted", settles=is_changing(status))


def _while_changing(resource: str, status: str) -> Wait | None:
    return Wait(f"{resource}: {status}", settles=True) if is_changing(status) else None
