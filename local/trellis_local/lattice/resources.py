"""The records that the backend keeps, one class for each resource of the API, with its ARN and its summary fields.

They hold data; what may be done with them is decided by the module of each family.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any, ClassVar

from . import kinds
from .lifecycle import Lifecycle

Document = dict[str, Any]


def present(**members: Any) -> Document:
    """The members that have a value; AWS leaves absent members out of its answers."""
    return {name: value for name, value in members.items() if value is not None}


@dataclass(kw_only=True)
class Resource:
    """What all resources have; `sequence` is the order of creation and the order of lists."""

    kind: ClassVar[kinds.Kind]
    id: str
    account: str
    region: str
    partition: str
    sequence: int
    created_at: datetime
    last_updated_at: datetime
    name: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    was_tagged: bool = False
    lifecycle: Lifecycle | None = None

    @property
    def arn(self) -> str:
        """The ARN of a resource that has no parent in its ARN."""
        return self.arn_in(self.account)

    def arn_in(self, account: str) -> str:
        """The ARN under which an account sees an association: each of its accounts has an ARN of its own.

        API reference of ListServiceNetworkServiceAssociations: "the association includes the local account ID".
        """
        return f"arn:{self.partition}:vpc-lattice:{self.region}:{account}:{self.kind.segment}/{self.id}"

    @property
    def status(self) -> str:
        """The status member of the API; kinds that change at once are always ACTIVE."""
        return self.lifecycle.status if self.lifecycle else "ACTIVE"

    @property
    def failure(self) -> Document:
        """The failure members of Get answers, empty unless a change failed."""
        if self.lifecycle is None:
            return {}
        return present(failureCode=self.lifecycle.failure_code, failureMessage=self.lifecycle.failure_message)

    @property
    def times(self) -> Document:
        """createdAt and lastUpdatedAt."""
        return {"createdAt": self.created_at, "lastUpdatedAt": self.last_updated_at}


@dataclass
class Policy:
    """An auth policy as it was put."""

    text: str
    created_at: datetime
    last_updated_at: datetime


@dataclass(kw_only=True)
class ServiceNetwork(Resource):
    """A service network."""

    kind = kinds.SERVICE_NETWORK
    auth_type: str
    sharing_enabled: bool
    auth_policy: Policy | None = None
    resource_policy: str | None = None

    @property
    def reference(self) -> Document:
        """How associations name their network."""
        return {"serviceNetworkId": self.id, "serviceNetworkName": self.name, "serviceNetworkArn": self.arn}


@dataclass(kw_only=True)
class Rule(Resource):
    """A rule of a listener; the default rule has no match and no priority."""

    kind = kinds.RULE
    listener_arn: str
    action: Document
    match: Document | None = None
    priority: int | None = None

    @property
    def is_default(self) -> bool:
        """Whether this is the default action in the form of a rule."""
        return self.match is None

    @property
    def arn(self) -> str:
        """Rules live below their listener."""
        return f"{self.listener_arn}/rule/{self.id}"


@dataclass(kw_only=True)
class Listener(Resource):
    """A listener with its rules; the default action is the action of the default rule."""

    kind = kinds.LISTENER
    service_arn: str
    protocol: str
    port: int
    rules: dict[str, Rule] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Listeners live below their service."""
        return f"{self.service_arn}/listener/{self.id}"

    @property
    def default_rule(self) -> Rule:
        """The rule that stands for the default action."""
        return next(rule for rule in self.rules.values() if rule.is_default)

    @property
    def ordered_rules(self) -> list[Rule]:
        """The rules without the default rule, in the order in which they are tried."""
        return sorted((r for r in self.rules.values() if not r.is_default), key=lambda rule: rule.priority or 0)


@dataclass(kw_only=True)
class Service(Resource):
    """A service with its listeners."""

    kind = kinds.SERVICE
    auth_type: str
    dns_entry: Document
    custom_domain_name: str | None = None
    certificate_arn: str | None = None
    idle_timeout_seconds: int | None = None
    listeners: dict[str, Listener] = field(default_factory=dict)
    auth_policy: Policy | None = None
    resource_policy: str | None = None

    @property
    def domain_names(self) -> frozenset[str]:
        """The host names that reach the service, in lower case."""
        names = {self.dns_entry["domainName"].lower()}
        if self.custom_domain_name:
            names.add(self.custom_domain_name.lower())
        return frozenset(names)


@dataclass(kw_only=True)
class VpcAssociation(Resource):
    """A VPC's association to a service network."""

    kind = kinds.VPC_ASSOCIATION
    network_arn: str
    vpc_id: str
    security_group_ids: list[str]
    private_dns_enabled: bool
    dns_options: Document | None = None


@dataclass(kw_only=True)
class ServiceAssociation(Resource):
    """A service's association to a service network."""

    kind = kinds.SERVICE_ASSOCIATION
    network_arn: str
    service_arn: str


@dataclass(kw_only=True)
class AccessLogSubscription(Resource):
    """A destination for the access logs of a service network or a service; only networks have a log type."""

    kind = kinds.ACCESS_LOG_SUBSCRIPTION
    resource_id: str
    resource_arn: str
    destination_arn: str
    service_network_log_type: str | None = None


@dataclass
class Target:
    """A registered target; `leaves_at` is the virtual Unix time at which a deregistered one disappears."""

    id: str
    port: int | None
    sequence: int
    health: str = "INITIAL"
    leaves_at: float | None = None
    is_draining: bool = False

    @property
    def key(self) -> tuple[str, int | None]:
        """What makes a target unique in its group."""
        return self.id, self.port


@dataclass(kw_only=True)
class TargetGroup(Resource):
    """A target group; `config` is complete, defaults included; `in_use` follows the rules that forward to it."""

    kind = kinds.TARGET_GROUP
    type: str
    config: Document
    targets: dict[tuple[str, int | None], Target] = field(default_factory=dict)
    in_use: bool = False

    @property
    def vpc_id(self) -> str | None:
        """The VPC of the targets, None for a Lambda group."""
        vpc_id: str | None = self.config.get("vpcIdentifier")
        return vpc_id

    @property
    def filters(self) -> tuple[tuple[str | None, str | None], ...]:
        """The pairs of VPC and type by which ListTargetGroups finds the group; None stands for any."""
        return tuple(product((None, self.vpc_id), (None, self.type)))

    @property
    def is_health_checked(self) -> bool:
        """Whether health checks run for the targets once the group is in use."""
        return bool(self.config.get("healthCheck", {}).get("enabled"))

    def forget_health(self) -> None:
        """Let the health checks of all targets begin anew."""
        for target in self.targets.values():
            target.health = "INITIAL"
