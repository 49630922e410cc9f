"""What was read of VPC Lattice for one owner: services and target groups, with the states that work has to wait for.

The model's objects say what a resource is; these add what matters only while it changes: who uses a target group, what
is draining, why AWS gave up. Whom a target group was made for is written on the group itself, because a run can end
between making the group and making the rule that would show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trellis.model import Listener, Service, Target, TargetGroup

SERVICE_TAG = "trellis:service"
"""On a target group: the name of the service that it was made for."""


@dataclass(frozen=True)
class ObservedGroup:
    """A target group; `service` is what its tag says, `used_by` holds the ARNs of the services that forward to it.

    `health` counts the targets by VPC Lattice's word for their status.
    """

    group: TargetGroup
    service: str = ""
    draining: tuple[Target, ...] = ()
    used_by: tuple[str, ...] = ()
    failure: str = ""
    health: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class ObservedService:
    """All that exists under one service name for `owner`, perhaps the groups alone or somebody else's service."""

    name: str
    owner: str
    service: Service | None = None
    groups: tuple[ObservedGroup, ...] = ()
    failure: str = ""

    def group(self, name: str) -> ObservedGroup | None:
        """The target group of that name, whoever owns it."""
        return next((observed for observed in self.groups if observed.group.name == name), None)

    def listener(self, name: str) -> Listener | None:
        """The listener of that name."""
        listeners = self.service.listeners if self.service else ()
        return next((listener for listener in listeners if listener.name == name), None)

    @property
    def owned(self) -> int:
        """How many services and target groups of the owner exist here."""
        services = int(self.service is not None and self.service.owner == self.owner)
        return services + sum(observed.group.owner == self.owner for observed in self.groups)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the owner's service, associations and target groups; listeners and rules are below a service."""
        service = self.service if self.service and self.service.owner == self.owner else None
        own = (service.id, *(found for _, found in service.association_ids)) if service else ()
        return (*own, *(observed.group.id for observed in self.groups if observed.group.owner == self.owner))


@dataclass(frozen=True)
class ObservedServices:
    """All services and target groups of `owner`, and whatever else holds one of the names that are wanted."""

    owner: str
    services: tuple[ObservedService, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the services of which anything of the owner exists."""
        return tuple(sorted(service.name for service in self.services if service.owned))

    def of(self, name: str) -> ObservedService:
        """What exists under the name of one service."""
        found = next((service for service in self.services if service.name == name), None)
        return found or ObservedService(name, self.owner)


def is_failed(status: str) -> bool:
    """Whether AWS gave up on the resource: it must be deleted before it can be made again."""
    return status in {"CREATE_FAILED", "DELETE_FAILED"}


def is_lost(status: str) -> bool:
    """Whether the resource has failed or is going away, so that a wanted one must be made anew."""
    return is_failed(status) or status == "DELETE_IN_PROGRESS"


def is_changing(status: str) -> bool:
    """Whether AWS is at work on the resource."""
    return status.endswith("_IN_PROGRESS")
