"""What the data plane may know of the VPC Lattice backend, as frozen copies taken under the backend's lock.

It only reads: it never creates, changes or ages a resource beyond what the clock says.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .backend import LatticeBackend, all_backends
from .kinds import account_of, id_of
from .log_destinations import LogDestination, parse_destination
from .resources import Listener, Service, TargetGroup, VpcAssociation
from .services import associations_of
from .targets import target_status

Document = Mapping[str, Any]
T = TypeVar("T")

DEFAULT_IDLE_TIMEOUT_SECONDS = 60  # API reference of CreateService, idleTimeoutSeconds

# An association that is being updated, or whose update failed, keeps carrying traffic.
_CARRYING_TRAFFIC = ("ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")


@dataclass(frozen=True)
class NetworkView:
    """The service network that a VPC is associated with, and the state of that association."""

    arn: str
    id: str
    name: str
    account: str
    auth_type: str
    association_id: str
    association_status: str
    security_group_ids: tuple[str, ...] = ()
    auth_policy: str | None = None


@dataclass(frozen=True)
class RuleView:
    """A listener rule; `match` and `action` have the shape of the API."""

    id: str
    priority: int
    match: Document
    action: Document


@dataclass(frozen=True)
class ListenerView:
    """A listener with its rules, lowest priority number first, without the default rule."""

    id: str
    port: int
    protocol: str
    rules: tuple[RuleView, ...]
    default_action: Document
    arn: str = ""


@dataclass(frozen=True)
class ServiceView:
    """A service as one network offers it; `network_arn` is empty when it was looked up without a network.

    `generated_domain_name` is the name that VPC Lattice chose; empty strings stand for members that are not set.
    """

    arn: str
    id: str
    name: str
    network_arn: str
    account: str
    auth_type: str
    listeners: tuple[ListenerView, ...]
    generated_domain_name: str = ""
    custom_domain_name: str = ""
    certificate_arn: str = ""
    idle_timeout_seconds: int = DEFAULT_IDLE_TIMEOUT_SECONDS
    auth_policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetView:
    """A target; `id` is an IP address, an instance id or an ARN, by the type of its group."""

    id: str
    port: int
    status: str


@dataclass(frozen=True)
class TargetGroupView:
    """A target group; `port`, `protocol` and `vpc_id` are 0 or empty for a Lambda group."""

    id: str
    arn: str
    name: str
    port: int
    protocol: str
    vpc_id: str
    targets: tuple[TargetView, ...]
    type: str = "IP"
    protocol_version: str = "HTTP1"
    lambda_event_structure_version: str = ""


@dataclass(frozen=True)
class LogSubscriptionView:
    """A destination that wants the access logs of a network or a service; `account` owns the subscription."""

    id: str
    account: str
    region: str
    resource_id: str
    destination: LogDestination


def find_service(*, vpc_id: str, host: str) -> ServiceView | None:
    """The service that a client in the VPC reaches under this host name, or None when there is none.

    Only services with an ACTIVE association to the network of the VPC count, in any account of this process.
    """

    def read(backend: LatticeBackend) -> ServiceView | None:
        for association in backend.vpc_associations.where("vpc", vpc_id):
            if association.status in _CARRYING_TRAFFIC:
                return _service_of_network(backend, network_arn=association.network_arn, host=host.lower())
        return None

    return _first(read)


def service_by_domain(host: str) -> ServiceView | None:
    """The service with this generated or custom domain name, associated or not."""

    def read(backend: LatticeBackend) -> ServiceView | None:
        for service in backend.services.where("domain", host.lower()):
            return _service_view(service, network_arn="")
        return None

    return _first(read)


def users_of_certificate(arn: str) -> list[str]:
    """The ARNs of the services that have a certificate of ACM."""
    found: list[str] = []
    for backend in all_backends():
        with backend.lock:
            found += [service.arn for service in backend.services.values() if service.certificate_arn == arn]
    return sorted(found)


def network_of(vpc_id: str) -> NetworkView | None:
    """The service network that the VPC is associated with, whatever the state of the association."""

    def read(backend: LatticeBackend) -> NetworkView | None:
        for association in backend.vpc_associations.where("vpc", vpc_id):
            return _network_view(backend, association)
        return None

    return _first(read)


def target_group(identifier: str) -> TargetGroupView | None:
    """The target group with this id or ARN, in any account."""

    def read(backend: LatticeBackend) -> TargetGroupView | None:
        group = backend.target_groups.get(id_of(identifier))
        return _target_group_view(group) if group and identifier in (group.id, group.arn) else None

    return _first(read)


def auth_policy(arn: str) -> str | None:
    """The auth policy of the service network or service with this ARN; None when it has none."""

    def read(backend: LatticeBackend) -> str | None:
        resource = backend.service_networks.get(id_of(arn)) or backend.services.get(id_of(arn))
        return resource.auth_policy.text if resource and resource.auth_policy and resource.arn == arn else None

    return _first(read)


def access_log_subscriptions(resource_arn: str) -> tuple[LogSubscriptionView, ...]:
    """Who wants the logs of requests to services: of a service, or of all services in a network."""
    account = account_of(resource_arn)
    found: list[LogSubscriptionView] = []
    for backend in all_backends():
        if backend.account_id == account:
            with backend.lock:
                found += [
                    LogSubscriptionView(
                        id=subscription.id,
                        account=subscription.account,
                        region=subscription.region,
                        resource_id=subscription.resource_id,
                        destination=parse_destination(subscription.destination_arn),
                    )
                    for subscription in backend.access_log_subscriptions.values()
                    if subscription.resource_arn == resource_arn
                    and subscription.service_network_log_type in (None, "SERVICE")
                ]
    return tuple(found)


def _first(read: Callable[[LatticeBackend], T | None]) -> T | None:
    """What the first backend that has it answers, read under the lock and at the present virtual time."""
    backends = all_backends()
    for backend in backends:
        with backend.lock:
            backend.settle()
    for backend in backends:
        with backend.lock:
            found = read(backend)
        if found is not None:
            return found
    return None


def _service_of_network(backend: LatticeBackend, *, network_arn: str, host: str) -> ServiceView | None:
    for peer in backend.peers():
        for service in peer.services.where("domain", host):
            for association in associations_of(backend, service.arn):
                if association.network_arn == network_arn and association.status == "ACTIVE":
                    return _service_view(service, network_arn=network_arn)
    return None


def _service_view(service: Service, *, network_arn: str) -> ServiceView:
    return ServiceView(
        arn=service.arn,
        id=service.id,
        name=service.name,
        network_arn=network_arn,
        account=service.account,
        auth_type=service.auth_type,
        listeners=tuple(_listener_view(listener) for listener in service.listeners.values()),
        generated_domain_name=service.dns_entry["domainName"],
        custom_domain_name=service.custom_domain_name or "",
        certificate_arn=service.certificate_arn or "",
        idle_timeout_seconds=service.idle_timeout_seconds or DEFAULT_IDLE_TIMEOUT_SECONDS,
        auth_policy=service.auth_policy.text if service.auth_policy else None,
        tags=dict(service.tags),
    )


def _listener_view(listener: Listener) -> ListenerView:
    return ListenerView(
        id=listener.id,
        port=listener.port,
        protocol=listener.protocol,
        rules=tuple(
            RuleView(
                id=rule.id,
                priority=rule.priority or 0,
                match=copy.deepcopy(rule.match or {}),
                action=copy.deepcopy(rule.action),
            )
            for rule in listener.ordered_rules
        ),
        default_action=copy.deepcopy(listener.default_rule.action),
        arn=listener.arn,
    )


def _network_view(backend: LatticeBackend, association: VpcAssociation) -> NetworkView:
    network = backend.owner_of(association.network_arn).service_network(association.network_arn)
    return NetworkView(
        arn=network.arn,
        id=network.id,
        name=network.name,
        account=network.account,
        auth_type=network.auth_type,
        association_id=association.id,
        association_status=association.status,
        security_group_ids=tuple(association.security_group_ids),
        auth_policy=network.auth_policy.text if network.auth_policy else None,
    )


def _target_group_view(group: TargetGroup) -> TargetGroupView:
    return TargetGroupView(
        id=group.id,
        arn=group.arn,
        name=group.name,
        port=group.config.get("port", 0),
        protocol=group.config.get("protocol", ""),
        vpc_id=group.vpc_id or "",
        targets=tuple(
            TargetView(id=target.id, port=target.port or 0, status=target_status(group, target))
            for target in group.targets.values()
        ),
        type=group.type,
        protocol_version=group.config.get("protocolVersion", ""),
        lambda_event_structure_version=group.config.get("lambdaEventStructureVersion", ""),
    )
