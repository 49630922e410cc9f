"""The state of VPC Lattice in one account and region, and how its resources are found, made and aged.

It knows no operation; the modules of the families do. Every use of it must hold its `lock`.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from .. import clock
from . import configuration
from .agenda import Agenda
from .collection import Collection
from .connectivity import DomainVerification, ResourceAssociation, ResourceConfiguration, ResourceGateway
from .errors import ConflictException
from .history import is_read
from .idempotency import ClientTokens
from .kinds import Kind, account_of, both_forms, id_of
from .lifecycle import GONE, Lifecycle
from .moto_endpoints import VpcEndpoint, vpc_endpoints_to
from .moto_seam import BackendDict, BaseBackend, TaggableResourcesMixin, TaggedResource
from .ram_shares import absent
from .references import References
from .resources import (
    AccessLogSubscription,
    Listener,
    Resource,
    Rule,
    Service,
    ServiceAssociation,
    ServiceNetwork,
    Target,
    TargetGroup,
    VpcAssociation,
)

R = TypeVar("R", bound=Resource)

# Operations reach into other accounts of a region, so that one lock for each region is what cannot deadlock.
_locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

# Lists show resources of several accounts in the order of their creation.
_sequences: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))


# The indexes of the collections, as functions with names: a state of the past is pickled with them.


def _domains(service: Service) -> Iterable[str]:
    return service.domain_names


def _filters(group: TargetGroup) -> Iterable[Any]:
    return group.filters


def _vpc(resource: VpcAssociation | ResourceGateway) -> Iterable[str]:
    return [resource.vpc_id]


def _gateway(configuration: ResourceConfiguration) -> Iterable[str | None]:
    return [configuration.gateway_arn]


def _group(configuration: ResourceConfiguration) -> Iterable[str | None]:
    return [configuration.group_arn]


def _configuration(association: ResourceAssociation) -> Iterable[str]:
    return both_forms(association.configuration_arn)


def _parent(association: ResourceAssociation) -> Iterable[str | None]:
    return [association.parent_arn]


def _network(association: VpcAssociation | ServiceAssociation | ResourceAssociation) -> Iterable[str]:
    return both_forms(association.network_arn)


def _service(association: ServiceAssociation) -> Iterable[str]:
    return both_forms(association.service_arn)


def _resource_of_log(subscription: AccessLogSubscription) -> Iterable[str]:
    return [subscription.resource_arn]


class LatticeBackend(BaseBackend, TaggableResourcesMixin):  # type: ignore[misc]
    """All VPC Lattice resources of one account in one region."""

    SERVICE_NAMESPACE = "vpc-lattice"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = _locks[region_name]
        self._collections: dict[str, Collection[Any]] = {}
        self.service_networks = self._collect(ServiceNetwork)
        self.services = self._collect(Service, domain=_domains)
        self.target_groups = self._collect(TargetGroup, filter=_filters)
        self.vpc_associations = self._collect(VpcAssociation, vpc=_vpc, network=_network)
        self.service_associations = self._collect(ServiceAssociation, service=_service, network=_network)
        self.resource_gateways = self._collect(ResourceGateway, vpc=_vpc)
        self.resource_configurations = self._collect(ResourceConfiguration, gateway=_gateway, group=_group)
        self.resource_associations = self._collect(
            ResourceAssociation, network=_network, configuration=_configuration, parent=_parent
        )
        self.domain_verifications = self._collect(DomainVerification)
        self.access_log_subscriptions = self._collect(AccessLogSubscription, resource=_resource_of_log)
        self.client_tokens = ClientTokens(self._exists)
        self._configuration = configuration.current()
        self._changes: Agenda[Resource] = Agenda()
        self._departures: Agenda[tuple[TargetGroup, Target]] = Agenda()
        self._references = References()
        self._looked_up: dict[str, Service] = {}
        self._groups_to_check: dict[str, TargetGroup] = {}

    def _collect(self, cls: type[R], **indexes: Callable[[R], Iterable[Any]]) -> Collection[R]:
        """A collection that takes part in all that concerns every resource: time, tags, client tokens."""
        collection: Collection[R] = Collection(**indexes)
        self._collections[cls.kind.segment] = collection
        return collection

    @property
    def _url_module(self) -> Any:
        from . import urls  # which leads back to this module

        return urls

    # -- time and state

    def next_sequence(self) -> int:
        """The next number in the order of creation in this region, over all accounts."""
        return next(_sequences[self.region_name])

    def settle_region(self) -> None:
        """Settle the backends of all accounts in the region, whose resources refer to one another."""
        for backend in self.peers():
            backend.settle()

    def settle(self, *, at: float | None = None) -> None:
        """Let every state be what it is at this virtual time, or at another one; remove what is gone."""
        now, settings = clock.current().time() if at is None else at, configuration.current()
        if settings is not self._configuration:
            self._reschedule(settings)
        for resource in self._changes.take_due(now):
            if resource.lifecycle is not None:
                resource.lifecycle.settle(now=now, durations=settings.durations)
            if resource.status == GONE:
                self._remove(resource)
        for group, target in self._departures.take_due(now):
            if target.leaves_at is not None and now >= target.leaves_at and group.targets.get(target.key) is target:
                del group.targets[target.key]

    def _reschedule(self, settings: configuration.Configuration) -> None:
        self._configuration = settings
        self._changes.clear()
        for collection in self._collections.values():
            for resource in collection.values():
                self._schedule(resource)

    def _schedule(self, resource: Resource) -> None:
        if resource.lifecycle is not None and resource.lifecycle.is_changing:
            self._changes.add(resource.lifecycle.due(configuration.current().durations), resource)

    def _remove(self, resource: Resource) -> None:
        self._collections[resource.kind.segment].pop(resource.id, None)
        self.forget_access_logs(resource.arn)
        if isinstance(resource, Service):
            self._looked_up[resource.id] = resource
            self.follow_references()

    def let_leave(self, group: TargetGroup, target: Target, *, seconds: float) -> None:
        """Let a target disappear from its group after some virtual seconds, unless it is registered again."""
        target.leaves_at = clock.current().time() + seconds
        self._departures.add(target.leaves_at, (group, target))

    def follow_region(self) -> None:
        """Follow the references of the backends of all accounts in the region."""
        for backend in self.peers():
            backend.follow_references()

    def forget_access_logs(self, resource_arn: str) -> None:
        """Delete the access log subscriptions of a network or a service that ends to exist."""
        for subscription in list(self.access_log_subscriptions.where("resource", resource_arn)):
            del self.access_log_subscriptions[subscription.id]

    def follow_references(self) -> None:
        """Note which groups are in use; one that comes into use, or falls out of it, starts its checks anew.

        Only rules of services that were looked up since can have changed.
        """
        while self._looked_up:
            _, service = self._looked_up.popitem()
            forwarded = forwarded_groups(service) if service.id in self.services else set()
            for group_id in self._references.follow(service.arn, forwarded):
                group = self.target_groups.get(group_id)
                if group is not None:
                    group.in_use = group_id in self._references.services
                    self._groups_to_check[group_id] = group
                    group.forget_health()

    def begin(self, resource: Resource, status: str) -> None:
        """Start a change of the resource that takes time, with the fault that was ordered for it, if any."""
        fault = configuration.current().faults.take(kind=resource.kind.name, during=status, name=resource.name)
        if resource.lifecycle is None:
            resource.lifecycle = Lifecycle(kind=resource.kind.name, status=status, since=0.0)
        resource.lifecycle.begin(status, now=clock.current().time(), fault=fault)
        holder = next(peer for peer in self.peers() if peer.account_id == resource.account)
        holder._schedule(resource)

    def note_change(self, operation: str = "") -> None:
        """Keep what the region is now like, if stale reads are ordered; operations that only read change nothing."""
        history = configuration.current().faults.history
        if history.seconds and not is_read(operation):
            states = {peer.account_id: vars(peer) for peer in self.peers()}
            history.keep(self.region_name, states, now=clock.current().time())

    # -- making and finding

    def common_members(self, kind: Kind, request: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a new resource that do not depend on its kind."""
        now = self.now()
        tags = dict(request.get("tags", {}))
        return {
            "id": kind.new_id(),
            "account": self.account_id,
            "region": self.region_name,
            "partition": self.partition,
            "sequence": self.next_sequence(),
            "created_at": now,
            "last_updated_at": now,
            "name": request.get("name", ""),
            "tags": tags,
            "was_tagged": bool(tags),
        }

    @staticmethod
    def now() -> datetime:
        """The virtual time to the millisecond, as the API writes it."""
        now = clock.current().now().astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def peers(self) -> Iterator["LatticeBackend"]:
        """This backend and those of the other accounts in its region."""
        return (backend for backend in all_backends() if backend.region_name == self.region_name)

    def owner_of(self, identifier: str) -> "LatticeBackend":
        """The backend that holds what this identifier names; an ARN of an unknown account is looked for here."""
        account = account_of(identifier)
        return next((peer for peer in self.peers() if peer.account_id == account), self)

    def service_network(self, identifier: str) -> ServiceNetwork:
        """Find a service network of this account; raises ResourceNotFoundException."""
        return self.find(self.service_networks, ServiceNetwork.kind, identifier)

    def service(self, identifier: str) -> Service:
        """Find a service of this account; raises ResourceNotFoundException."""
        service = self.find(self.services, Service.kind, identifier)
        self._looked_up[service.id] = service
        return service

    def target_group(self, identifier: str) -> TargetGroup:
        """Find a target group of this account; raises ResourceNotFoundException."""
        group = self.find(self.target_groups, TargetGroup.kind, identifier)
        self._groups_to_check[group.id] = group
        return group

    def take_groups_to_check(self) -> list[TargetGroup]:
        """The groups whose targets or health checks may have changed since this was last asked for."""
        groups, self._groups_to_check = self._groups_to_check, {}
        return list(groups.values())

    def resource_gateway(self, identifier: str) -> ResourceGateway:
        """Find a resource gateway of this account; raises ResourceNotFoundException."""
        return self.find(self.resource_gateways, ResourceGateway.kind, identifier)

    def resource_configuration(self, identifier: str) -> ResourceConfiguration:
        """Find a resource configuration of this account; raises ResourceNotFoundException."""
        return self.find(self.resource_configurations, ResourceConfiguration.kind, identifier)

    def domain_verification(self, identifier: str) -> DomainVerification:
        """Find a domain verification of this account; raises ResourceNotFoundException."""
        return self.find(self.domain_verifications, DomainVerification.kind, identifier)

    def endpoints_of(self, arn: str) -> list[VpcEndpoint]:
        """The VPC endpoints in the region, of all accounts, that lead to a network or a resource configuration."""
        return vpc_endpoints_to(arn, region=self.region_name)

    def listener(self, request: Mapping[str, Any]) -> tuple[Service, Listener]:
        """Find the listener of a request, and its service; raises ResourceNotFoundException."""
        service = self.service(request["serviceIdentifier"])
        return service, self.find(service.listeners, Listener.kind, request["listenerIdentifier"])

    def find(self, collection: Mapping[str, R], kind: Kind, identifier: str) -> R:
        """Find by id, or by an ARN that is exactly that of the resource; raises the error of `absent`."""
        resource = collection.get(id_of(identifier))
        if resource is None or (identifier.startswith("arn:") and resource.arn != identifier):
            raise absent(self, identifier, noun=kind.name, error_type=kind.error_type)
        return resource

    def all_resources(self) -> Iterator[Resource]:
        """Every resource, parents before their children."""
        for collection in self._collections.values():
            yield from collection.values()
        for service in self.services.values():
            for listener in service.listeners.values():
                yield listener
                yield from listener.rules.values()

    def references(self) -> Mapping[str, Set[str]]:
        """The ARNs of the services that forward to each target group, by target group id."""
        return self._references.services

    # -- what the Resource Groups Tagging API of moto asks for

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """Every resource with its tags; those that once had tags are reported without any, as AWS does."""
        from .past import backend_to_ask  # which leads back to this module

        with self.lock:
            return backend_to_ask(self, "GetResources").present_tagged_resources()

    def present_tagged_resources(self) -> Iterator[TaggedResource]:
        """The same, whatever stale reads were ordered: what authorization decides by."""
        with self.lock:
            self.settle()
            snapshot = [
                TaggedResource(
                    arn=resource.arn,
                    tags=dict(resource.tags),
                    resource_type=resource.kind.tagging_type,
                    extra={"include_untagged": resource.was_tagged},
                )
                for resource in self.all_resources()
            ]
        return iter(snapshot)

    def tag_resource(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a resource; raises ResourceNotFoundException."""
        with self.lock:
            resource = self.resource_by_arn(arn)
            resource.tags.update(tags)
            resource.was_tagged = True
            self.note_change()

    def untag_resource(self, arn: str, tag_keys: Iterable[str]) -> None:
        """Remove tags from a resource; raises ResourceNotFoundException."""
        with self.lock:
            resource = self.resource_by_arn(arn)
            for key in tag_keys:
                resource.tags.pop(key, None)
            self.note_change()

    def tags_of_arn(self, arn: str) -> dict[str, str]:
        """The tags of the resource with this ARN, none when there is no such resource."""
        with self.lock:
            self.settle()
            found = self._at(arn)
            return dict(found.tags) if found else {}

    def resource_by_arn(self, arn: str) -> Resource:
        """The resource with this ARN; raises the error of `absent`."""
        found = self._at(arn)
        if found is None:
            raise absent(self, arn, noun="Resource", error_type="RESOURCE")
        return found

    def _exists(self, arn: str) -> bool:
        return self._at(arn) is not None

    def _at(self, arn: str) -> Resource | None:
        """Follow the path of an ARN, `service/ID/listener/ID/rule/ID` or the like, to a resource with just this ARN."""
        segment, *path = arn.rsplit(":", 1)[-1].split("/")
        collection = self._collections.get(segment)
        found: Resource | None = collection.get(path[0]) if collection is not None and path else None
        if isinstance(found, Service) and len(path) > 2:
            found = found.listeners.get(path[2])
        if isinstance(found, Listener) and len(path) > 4:
            found = found.rules.get(path[4])
        return found if found is not None and found.arn == arn else None


def forwarded_groups(service: Service, *, except_rule: Rule | None = None) -> set[str]:
    """The ids of the target groups that the service forwards to, leaving one rule out of account."""
    return {
        weighted["targetGroupIdentifier"]
        for listener in service.listeners.values()
        for rule in listener.rules.values()
        if rule is not except_rule
        for weighted in rule.action.get("forward", {}).get("targetGroups", ())
    }


def require_status(resource: Resource, *allowed: str) -> None:
    """Raise ConflictException, in the words of AWS, unless the resource is in one of the states."""
    if resource.status not in allowed:
        raise ConflictException(
            f"Invalid resource status for this operation, resource id {resource.id}, status: {resource.status}",
            resource_id=resource.id,
            resource_type=resource.kind.error_type,
        )


def conflict(resource: Resource, message: str) -> ConflictException:
    """The ConflictException about this resource."""
    return ConflictException(message, resource_id=resource.id, resource_type=resource.kind.error_type)


def require_unique_name(existing: Collection[Any] | Iterable[Resource], name: str) -> None:
    """Raise ConflictException when one of the resources has this name already; a collection knows without a search."""
    for resource in existing.where("name", name) if isinstance(existing, Collection) else existing:
        if resource.name == name:
            raise conflict(resource, f"{resource.kind.name} with name {name} already exists")


def exists(arn: str) -> bool:
    """Whether any account has a resource with this ARN."""
    return any(backend._exists(arn) for backend in all_backends())


def all_backends() -> list[LatticeBackend]:
    """The backends that are in use, of all accounts and regions."""
    return [backend for account in list(lattice_backends.values()) for backend in list(account.values())]


lattice_backends = BackendDict(LatticeBackend, "vpc-lattice")
