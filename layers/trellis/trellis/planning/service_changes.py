"""The changes that lead from an observed service to a desired one: each stands for one call to VPC Lattice.

A change names things by name; ids are looked up when it is applied, for many do not exist yet when it is planned.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from trellis.model import Action, FixedResponse, HealthCheck, Listener, Rule, RuleMatch, Target, TargetGroup
from trellis.planning.work import Description, described

# Targets and health checks have changes of their own; the others are chosen by AWS or take no part in comparing.
_LEFT_OUT = {"targets", "health_check", "id", "arn", "status", "owner", "stands_for"}


@dataclass(frozen=True)
class ServiceChange:
    """One step for the service named `service`; `expected` and `found` are what a report shows.

    `needs_room` marks what can collide with a thing that an earlier deletion should have removed.
    """

    service: str
    deletes: ClassVar[bool] = False
    needs_room: ClassVar[bool] = False

    @property
    def resource(self) -> str:
        """What is changed, for people."""
        return f"service {self.service}"

    @property
    def expected(self) -> Any:
        """What must be there."""
        return None

    @property
    def found(self) -> Any:
        """What is there instead."""
        return None


@dataclass(frozen=True)
class _GroupChange(ServiceChange):
    group: TargetGroup

    @property
    def resource(self) -> str:
        return f"target group {self.group.name}"


@dataclass(frozen=True)
class CreateTargetGroup(_GroupChange):
    """Create an IP target group, without targets."""

    @property
    def expected(self) -> Any:
        return _group_words(self.group)


@dataclass(frozen=True)
class SetHealthCheck(_GroupChange):
    """Set how the targets of a group are checked; `wanted` and `old` are the whole checks.

    It is a resource of its own, so that a check about which people quarrel does not keep the group from its targets.
    """

    wanted: HealthCheck
    old: HealthCheck

    @property
    def resource(self) -> str:
        return health_check_of(self.group.name)

    @property
    def expected(self) -> Any:
        return _members_unlike(self.wanted, self.old)

    @property
    def found(self) -> Any:
        return _members_unlike(self.old, self.wanted)


@dataclass(frozen=True)
class RegisterTargets(_GroupChange):
    """Register at most 100 targets."""

    targets: tuple[Target, ...]

    @property
    def expected(self) -> Any:
        return {"targets": _addresses(self.targets)}


@dataclass(frozen=True)
class DeregisterTargets(_GroupChange):
    """Deregister at most 100 targets; VPC Lattice drains them."""

    targets: tuple[Target, ...]

    @property
    def found(self) -> Any:
        return {"targets": _addresses(self.targets)}


@dataclass(frozen=True)
class DeleteTargetGroup(_GroupChange):
    """Delete a target group that has no targets left and that no rule uses; `because` says why."""

    because: str
    deletes: ClassVar[bool] = True

    @property
    def found(self) -> Any:
        return {"status": self.group.status, "because": self.because}


@dataclass(frozen=True)
class CreateService(ServiceChange):
    """Create the service, without listeners; closed when there is to be an auth policy."""

    custom_domain_name: str | None
    stands_for: str
    auth_policy: str = ""

    @property
    def expected(self) -> Any:
        auth = {"auth_type": "AWS_IAM"} if self.auth_policy else {}
        return {"custom_domain_name": self.custom_domain_name, **auth}


@dataclass(frozen=True)
class DeleteService(ServiceChange):
    """Delete the service and, with it, its listeners and rules."""

    status: str
    because: str
    deletes: ClassVar[bool] = True

    @property
    def found(self) -> Any:
        return {"status": self.status, "because": self.because}


@dataclass(frozen=True)
class SetCertificate(ServiceChange):
    """Give the service the certificate for its custom domain name, or take it away: an ARN, or empty."""

    certificate_arn: str
    old: str

    @property
    def expected(self) -> Any:
        return {"certificate_arn": self.certificate_arn}

    @property
    def found(self) -> Any:
        return {"certificate_arn": self.old}


@dataclass(frozen=True)
class AssociateService(ServiceChange):
    """Associate the service with a service network."""

    network: str
    stands_for: str

    @property
    def resource(self) -> str:
        return f"service {self.service} in {self.network}"

    @property
    def expected(self) -> Any:
        return {"service_network": self.network}


@dataclass(frozen=True)
class DisassociateService(ServiceChange):
    """Delete the association of the service with a service network."""

    network: str
    status: str
    because: str
    deletes: ClassVar[bool] = True

    @property
    def resource(self) -> str:
        return f"service {self.service} in {self.network}"

    @property
    def found(self) -> Any:
        return {"service_network": self.network, "status": self.status, "because": self.because}


@dataclass(frozen=True)
class _ListenerChange(ServiceChange):
    listener: Listener

    @property
    def resource(self) -> str:
        return f"listener {self.service}/{self.listener.name}"


@dataclass(frozen=True)
class CreateListener(_ListenerChange):
    """Create a listener, without rules."""

    stands_for: str
    needs_room: ClassVar[bool] = True

    @property
    def expected(self) -> Any:
        return _listener_words(self.listener)


@dataclass(frozen=True)
class UpdateListener(_ListenerChange):
    """Set the default action of a listener."""

    old: Listener

    @property
    def expected(self) -> Any:
        return {"default_action": _action_words(self.listener.default_action)}

    @property
    def found(self) -> Any:
        return {"default_action": _action_words(self.old.default_action)}


@dataclass(frozen=True)
class DeleteListener(_ListenerChange):
    """Delete a listener and its rules."""

    deletes: ClassVar[bool] = True

    @property
    def found(self) -> Any:
        return _listener_words(self.listener)


@dataclass(frozen=True)
class _RuleChange(ServiceChange):
    listener: str
    rule: Rule

    @property
    def resource(self) -> str:
        return f"rule {self.service}/{self.listener}/{self.rule.name}"


@dataclass(frozen=True)
class CreateRule(_RuleChange):
    """Create a rule."""

    stands_for: str
    needs_room: ClassVar[bool] = True

    @property
    def expected(self) -> Any:
        return _rule_words(self.rule)


@dataclass(frozen=True)
class UpdateRule(_RuleChange):
    """Set the match and the action of a rule, as far as they differ; its priority stays."""

    old: Rule

    @property
    def expected(self) -> Any:
        return _differing(self.rule, self.old)

    @property
    def found(self) -> Any:
        return _differing(self.old, self.rule)


@dataclass(frozen=True)
class DeleteRule(_RuleChange):
    """Delete a rule."""

    deletes: ClassVar[bool] = True

    @property
    def found(self) -> Any:
        return _rule_words(self.rule)


@dataclass(frozen=True)
class SetRulePriorities(ServiceChange):
    """Set the priorities of at most 10 rules at once, by their names."""

    listener: str
    priorities: tuple[tuple[str, int], ...]
    old: tuple[tuple[str, int], ...]
    needs_room: ClassVar[bool] = True

    @property
    def resource(self) -> str:
        return f"rule priorities of {self.service}/{self.listener}"

    @property
    def expected(self) -> Any:
        return dict(self.priorities)

    @property
    def found(self) -> Any:
        return dict(self.old)


def describe(change: ServiceChange) -> Description:
    """The change as JSON: kind, resource, the members that differ, expected and found values, whether it deletes."""
    kind = type(change).__name__
    expected, found = change.expected, change.found
    words = described(kind, change.resource, expected=expected, found=found, deletes=change.deletes)
    return {**words, "fields": sorted({*(expected or {}), *(found or {})} - {"because"})}


def health_check_of(group: str) -> str:
    """How reports call the health check of a target group."""
    return f"health check of target group {group}"


def takes_away(change: ServiceChange) -> bool:
    """Whether requests that are served before the change may not be served as before after it."""
    if isinstance(change, SetCertificate):
        return not change.certificate_arn
    return change.deletes or isinstance(change, DeregisterTargets | SetHealthCheck | UpdateRule | UpdateListener)


def same_match(one: RuleMatch, other: RuleMatch) -> bool:
    """Whether both match the same requests; header names are compared without regard to case."""
    return _match_words(one) == _match_words(other)


def same_action(one: Action, other: Action) -> bool:
    """Whether both treat requests alike; the order of target groups has no meaning."""
    return _action_words(one) == _action_words(other)


def _differing(rule: Rule, other: Rule) -> dict[str, Any]:
    words: dict[str, Any] = {}
    if not same_match(rule.match, other.match):
        words["match"] = _match_words(rule.match)
    if not same_action(rule.action, other.action):
        words["action"] = _action_words(rule.action)
    return words


def _rule_words(rule: Rule) -> dict[str, Any]:
    return {
        "priority": rule.priority,
        "match": _match_words(rule.match),
        "action": _action_words(rule.action),
    }


def _listener_words(listener: Listener) -> dict[str, Any]:
    return {
        "protocol": listener.protocol,
        "port": listener.port,
        "default_action": _action_words(listener.default_action),
    }


def _match_words(match: RuleMatch) -> dict[str, Any]:
    return {
        "path": {match.path.kind: match.path.value},
        "method": match.method,
        "headers": sorted([header.name.lower(), header.value] for header in match.headers),
    }


def _action_words(action: Action) -> dict[str, Any]:
    if isinstance(action, FixedResponse):
        return {"fixed_response": action.status_code}
    return {"forward": dict(sorted((share.target_group, share.weight) for share in action.target_groups))}


def _members_unlike(check: HealthCheck, other: HealthCheck) -> dict[str, Any]:
    others = asdict(other)
    return {name: value for name, value in asdict(check).items() if value != others[name]}


def _addresses(targets: tuple[Target, ...]) -> list[str]:
    return [f"{target.id}:{target.port}" for target in targets]


def _group_words(group: TargetGroup) -> dict[str, Any]:
    return {name: value for name, value in asdict(group).items() if name not in _LEFT_OUT}
