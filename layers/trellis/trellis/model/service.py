"""A VPC Lattice service with its listeners, rules, target groups and targets.

Names are natural keys: a service and a target group are unique by name in an account and region, a listener in its
service, a rule in its listener. They are derived from what the resource stands for, so that every run finds what an
earlier run made, however it ended.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Target:
    """A pod: its IP address and the port of the container."""

    id: str
    port: int


@dataclass(frozen=True)
class HealthCheck:
    """How VPC Lattice finds out whether a target can serve; the defaults are those it gives to HTTP/1.1 targets.

    With a `port` of 0 each target is asked at its own port. `matcher` lists the HTTP codes of a healthy answer, such as
    `200,202` or `200-299`; the thresholds count answers in a row.
    https://docs.aws.amazon.com/vpc-lattice/latest/ug/target-group-health-checks.html
    """

    enabled: bool = True
    protocol: str = "HTTP"
    protocol_version: str = "HTTP1"
    port: int = 0
    path: str = "/"
    interval_seconds: int = 30
    timeout_seconds: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"


@dataclass(frozen=True)
class TargetGroup:
    """An IP target group. Its health check and targets can change; a change of any other member is a new name.

    `health_check` is None where it is not known what is wanted, or what is there: then it stays what it is.
    """

    name: str
    vpc_id: str
    port: int
    protocol: str = "HTTP"
    protocol_version: str = "HTTP1"
    ip_address_type: str = "IPV4"
    health_check: HealthCheck | None = None
    targets: tuple[Target, ...] = ()
    stands_for: str = field(default="", compare=False)
    id: str = field(default="", compare=False)
    arn: str = field(default="", compare=False)
    status: str = field(default="", compare=False)
    owner: str = field(default="", compare=False)


@dataclass(frozen=True, order=True)
class HeaderMatch:
    """A header whose value equals `value`; header names are compared without regard to case."""

    name: str
    value: str


@dataclass(frozen=True, order=True)
class PathMatch:
    """A path match; `kind` is `exact` or `prefix`, always case sensitive as the Gateway API wants it."""

    kind: str
    value: str


@dataclass(frozen=True)
class RuleMatch:
    """What a request must look like; all given parts must hold. `headers` are sorted."""

    path: PathMatch
    method: str | None = None
    headers: tuple[HeaderMatch, ...] = ()


@dataclass(frozen=True)
class WeightedTargetGroup:
    """A share of the traffic: `weight` (0 to 999) of the sum of the weights of one action."""

    target_group: str
    weight: int = 1


@dataclass(frozen=True)
class Forward:
    """Forward to target groups, named by their names."""

    target_groups: tuple[WeightedTargetGroup, ...]


@dataclass(frozen=True)
class FixedResponse:
    """Answer without a target; VPC Lattice supports the statuses 404 and 500 only."""

    status_code: int


Action = Forward | FixedResponse


@dataclass(frozen=True)
class Rule:
    """A listener rule; the lowest priority (1 to 2000) that matches wins."""

    name: str
    priority: int
    match: RuleMatch
    action: Action
    id: str = field(default="", compare=False)
    arn: str = field(default="", compare=False)


@dataclass(frozen=True)
class Listener:
    """A listener; protocol and port are immutable. `rules` are ordered by priority, without the default rule."""

    name: str
    protocol: str
    port: int
    default_action: Action
    rules: tuple[Rule, ...] = ()
    id: str = field(default="", compare=False)
    arn: str = field(default="", compare=False)


@dataclass(frozen=True)
class Service:
    """A VPC Lattice service with everything under it.

    `service_networks` are names, sorted. `custom_domain_name` is immutable: a change of it is a new name.
    `certificate_arn` is empty without a certificate; None says that it is not looked at, and stays what it is.
    `auth_policy` names what asks for one, or, observed, what did: such a service is closed from its creation on.
    `status` and `association_status` (by service network) are VPC Lattice's words, such as `CREATE_IN_PROGRESS`.
    """

    name: str
    custom_domain_name: str | None
    listeners: tuple[Listener, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    service_networks: tuple[str, ...] = ()
    stands_for: str = field(default="", compare=False)
    id: str = field(default="", compare=False)
    arn: str = field(default="", compare=False)
    status: str = field(default="", compare=False)
    domain_name: str = field(default="", compare=False)
    owner: str = field(default="", compare=False)
    association_ids: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    association_status: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    auth_policy: str = field(default="", compare=False)
    certificate_arn: str | None = ""
