"""Services with their target groups, listeners and rules: what must change, in which order, and what has to wait.

`diff_service` lists all that separates the observed from the desired service, also what cannot be done yet: a report
shows it whole. `ready` tells what can be done now. Nothing that carries somebody else's owner tag is ever in a change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trellis.model import Service
from trellis.planning.listeners import diff_listeners
from trellis.planning.service_changes import (
    AssociateService,
    CreateService,
    DeleteService,
    DisassociateService,
    ServiceChange,
    SetCertificate,
)
from trellis.planning.service_refusals import refusals
from trellis.planning.service_state import (
    ObservedService,
    ObservedServices,
    is_changing,
    is_failed,
    is_lost,
)
from trellis.planning.target_groups import delete_groups, diff_groups, stale_groups
from trellis.planning.work import Refusal


@dataclass(frozen=True)
class ServiceDiff:
    """All changes in order, what AWS is still making of wanted resources, and what is refused.

    With a refusal there are no changes: somebody must decide first.
    """

    name: str
    changes: tuple[ServiceChange, ...] = ()
    pending: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything is as desired and finished."""
        return not (self.changes or self.pending or self.refusals)


def diff_services(desired: Sequence[Service], observed: ObservedServices) -> tuple[ServiceDiff, ...]:
    """The differences of all services of one owner: first the desired ones, then those that nobody wants any more."""
    wanted = {service.name for service in desired}
    stale = [name for name in observed.names if name not in wanted]
    return (
        *(diff_service(service, observed.of(service.name)) for service in desired),
        *(diff_service(None, observed.of(name)) for name in stale),
    )


def diff_service(desired: Service | None, observed: ObservedService) -> ServiceDiff:
    """Compare one service; a `desired` of None stands for a service that must go."""
    if desired is None:
        return ServiceDiff(observed.name, tuple(_removal(observed)))
    refused = refusals(desired, observed)
    if refused:
        return ServiceDiff(desired.name, refusals=refused)
    live = _live(observed)
    changes = (
        *diff_groups(desired, observed),
        *_service_changes(desired, observed),
        *_certificate_changes(desired, live),
        *_missing_associations(desired, live),
        *diff_listeners(desired, live.listeners if live else ()),
        *_stale_associations(desired, live),
        *delete_groups(stale_groups(desired, observed), observed.name, because="not wanted"),
    )
    return ServiceDiff(desired.name, changes, tuple(_pending(desired, observed)))


def _live(observed: ObservedService) -> Service | None:
    service = observed.service
    return None if service is None or is_lost(service.status) else service


def _service_changes(desired: Service, observed: ObservedService) -> list[ServiceChange]:
    if _live(observed):
        return []
    create = CreateService(desired.name, desired.custom_domain_name, desired.stands_for, desired.auth_policy)
    if observed.service and is_failed(observed.service.status):
        return [*_delete_service(observed.service, because=f"failed {observed.failure}".strip()), create]
    return [create]


def _certificate_changes(desired: Service, live: Service | None) -> list[ServiceChange]:
    # A service is made without it, so that a certificate that is refused does not stand in the way of the rest.
    wanted, found = desired.certificate_arn, live.certificate_arn if live else ""
    if wanted is None or wanted == found:
        return []
    return [SetCertificate(desired.name, wanted, found or "")]


def _delete_service(service: Service, *, because: str) -> list[ServiceChange]:
    return [
        *(
            DisassociateService(service.name, network, status, because)
            for network, status in service.association_status
        ),
        DeleteService(service.name, service.status, because),
    ]


def _missing_associations(desired: Service, live: Service | None) -> list[ServiceChange]:
    found = dict(live.association_status) if live else {}
    changes: list[ServiceChange] = []
    for network in desired.service_networks:
        status = found.get(network)
        if status and is_failed(status):
            changes.append(DisassociateService(desired.name, network, status, "failed"))
        if status is None or is_lost(status):
            changes.append(AssociateService(desired.name, network, desired.stands_for))
    return changes


def _stale_associations(desired: Service, live: Service | None) -> list[ServiceChange]:
    found = live.association_status if live else ()
    return [
        DisassociateService(desired.name, network, status, "not wanted")
        for network, status in found
        if network not in desired.service_networks
    ]


def _pending(desired: Service, observed: ObservedService) -> list[str]:
    service = _live(observed)
    pending = []
    if service and is_changing(service.status):
        pending.append(f"service {service.name}: {service.status}")
    for network, status in service.association_status if service else ():
        if network in desired.service_networks and status == "CREATE_IN_PROGRESS":
            pending.append(f"service {desired.name} in {network}: {status}")
    for group in desired.target_groups:
        found = observed.group(group.name)
        if found and found.group.status == "CREATE_IN_PROGRESS":
            pending.append(f"target group {group.name}: {found.group.status}")
    return pending


def _removal(observed: ObservedService) -> list[ServiceChange]:
    service = observed.service
    owned = service is not None and service.owner == observed.owner
    groups = [group for group in observed.groups if group.group.owner == observed.owner]
    return [
        *(_delete_service(service, because="not wanted") if service and owned else ()),
        *delete_groups(groups, observed.name, because="not wanted"),
    ]
