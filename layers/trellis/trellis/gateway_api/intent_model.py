"""The intent: a validated view of a snapshot, with conditions for all that was refused and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trellis.gateway_api.clients import ClientIntent
from trellis.gateway_api.conditions import Condition
from trellis.gateway_api.snapshot import Malformed
from trellis.model import AuthPolicy, HealthCheck, RuleMatch, Target


@dataclass(frozen=True)
class GatewayClassIntent:
    """A GatewayClass of this controller."""

    name: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class ListenerIntent:
    """A listener of a Gateway; only `usable` ones take routes."""

    name: str
    port: int
    protocol: str
    usable: bool
    supported_kinds: tuple[str, ...]
    conditions: tuple[Condition, ...]
    attached_routes: int = 0
    certificate_arn: str = ""


@dataclass(frozen=True)
class GatewayIntent:
    """A Gateway of this controller; its name is the name of the service network."""

    namespace: str
    name: str
    generation: int
    accepted: bool
    conditions: tuple[Condition, ...]
    listeners: tuple[ListenerIntent, ...] = ()


@dataclass(frozen=True)
class ParentIntent:
    """A route's attachment to one of its parents; `services` are the Lattice services that it leads to, by name."""

    parent_ref: Mapping[str, Any]
    gateway: tuple[str, str]
    accepted: bool
    conditions: tuple[Condition, ...]
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class RouteIntent:
    """An HTTPRoute that names a Gateway of this controller as a parent."""

    namespace: str
    name: str
    generation: int
    parents: tuple[ParentIntent, ...] = ()


@dataclass(frozen=True)
class Backend:
    """A Service's port with its ready endpoints, which may be more `endpoints` than the `targets` that fit.

    `port` is the port of the Service, `target_port` that of the pods. Without a `health_check` it is not known how they
    are to be checked.
    """

    namespace: str
    name: str
    port: int
    target_port: int
    ip_address_type: str
    health_check: HealthCheck | None = field(default_factory=HealthCheck)
    # Thousands of targets make slow hashes, and the other members tell backends apart.
    targets: tuple[Target, ...] = field(default=(), hash=False)
    endpoints: int = 0


@dataclass(frozen=True)
class Share:
    """A backend's part of a rule's traffic. Without a backend it is the part that cannot be served, and fails."""

    backend: Backend | None
    weight: int


@dataclass(frozen=True)
class RuleIntent:
    """A listener rule. Without shares every request is answered with the status 500."""

    match: RuleMatch
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class ServiceListenerIntent:
    """The rules of one listener of a service, by precedence."""

    protocol: str
    port: int
    rules: tuple[RuleIntent, ...]


@dataclass(frozen=True)
class ServiceIntent:
    """A Lattice service: a hostname of a namespace, or a route without hostname.

    `certificates` are the ARNs that its HTTPS listeners name, the first of which counts; empty when one is to be found
    by the hostname, None when there is no hostname that needs one.
    """

    name: str
    namespace: str
    hostname: str | None
    service_networks: tuple[str, ...]
    listeners: tuple[ServiceListenerIntent, ...]
    stands_for: str
    certificates: tuple[str, ...] | None = None


@dataclass(frozen=True)
class HeldService:
    """A service, by name, that `by` wants reported only; `hostname` is the one whose records are held with it."""

    name: str
    hostname: str | None
    by: str


@dataclass(frozen=True)
class Contender:
    """A namespace that claims a hostname which others claim too, and the name that its service has or would have."""

    namespace: str
    service: str


@dataclass(frozen=True)
class PolicyIntent:
    """An IAMAuthPolicy whose target is a Gateway or route of this controller, or missing.

    `holders` are what it is for (see `AuthPolicy`): the services of the route, or the network.
    """

    namespace: str
    name: str
    accepted: Condition
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupPolicyIntent:
    """A TargetGroupPolicy of a Service that a route of this controller uses, or that is missing."""

    namespace: str
    name: str
    accepted: Condition


@dataclass(frozen=True)
class Intent:
    """All that one cluster asks for. `malformed` objects could not be read.

    `contenders` are those for hostnames that several namespaces claim.
    """

    cluster: str
    classes: tuple[GatewayClassIntent, ...] = ()
    gateways: tuple[GatewayIntent, ...] = ()
    routes: tuple[RouteIntent, ...] = ()
    services: tuple[ServiceIntent, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    held: tuple[HeldService, ...] = ()
    clients: tuple[ClientIntent, ...] = ()
    policies: tuple[PolicyIntent, ...] = ()
    auth_policies: tuple[AuthPolicy, ...] = ()
    group_policies: tuple[GroupPolicyIntent, ...] = ()
    contenders: tuple[Contender, ...] = ()
