"""TargetGroupPolicies: how VPC Lattice checks the health of a Service's pods, and which of several policies counts.

Of several for one Service the oldest counts, as the Gateway API's policy attachment wants it, also when it is not
sound: then the health checks stay as they are. A Service without one is checked as VPC Lattice does by default.
https://gateway-api.sigs.k8s.io/geps/gep-713/
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from trellis.gateway_api.conditions import ACCEPTED, CONFLICTED, Condition, Conditions
from trellis.gateway_api.intent_model import GroupPolicyIntent
from trellis.gateway_api.objects import HealthCheckSpec, KubernetesObject, TargetGroupPolicy
from trellis.gateway_api.policies import INVALID, TARGET_NOT_FOUND, readable_reference
from trellis.gateway_api.snapshot import Malformed, Snapshot
from trellis.model import HealthCheck

KIND = "TargetGroupPolicy"

_OF_OTHERS = "ServiceExport"

Key = tuple[str, str]


@dataclass(frozen=True)
class HealthChecks:
    """What the policies of a cluster ask for, by Service; the `winners` are the policies that count."""

    winners: Mapping[Key, TargetGroupPolicy] = field(default_factory=dict)
    doubted: frozenset[Key] = frozenset()
    doubted_namespaces: frozenset[str] = frozenset()

    def of(self, service: Key) -> HealthCheck | None:
        """The health check of a Service; None where it is not known what is wanted."""
        if service in self.doubted or service[0] in self.doubted_namespaces:
            return None
        policy = self.winners.get(service)
        if policy is None:
            return HealthCheck()
        return None if _problem(policy) else _health_check(policy.spec.health_check)


def health_checks(snapshot: Snapshot) -> HealthChecks:
    """Which policy counts for which Service; an unreadable one may be for any that it does not rule out."""
    winners: dict[Key, TargetGroupPolicy] = {}
    for policy in sorted(snapshot.group_policies, key=lambda policy: policy.rank):
        if policy.metadata.deletion_timestamp is None and not _wrong_reference(policy):
            winners.setdefault(_target(policy), policy)
    doubted, doubted_namespaces = set(), set()
    for bad in (bad for bad in snapshot.malformed if bad.kind == KIND):
        match readable_reference(bad.document):
            case None:
                doubted_namespaces.add(bad.namespace)
            case ("Service", name) if not _is_younger(bad, winners.get((bad.namespace, name))):
                doubted.add((bad.namespace, name))
    return HealthChecks(winners, frozenset(doubted), frozenset(doubted_namespaces))


def judge_group_policies(
    snapshot: Snapshot, checks: HealthChecks, backends: Iterable[Key]
) -> tuple[GroupPolicyIntent, ...]:
    """The policies with their conditions; `backends` are the Services that routes of this controller use.

    Those of other Services, and of ServiceExports, are somebody else's: another controller's, or nobody's so far.
    """
    used, existing = set(backends), {service.key for service in snapshot.services}
    existing |= {(bad.namespace, bad.name) for bad in snapshot.malformed if bad.kind == "Service"}
    return tuple(
        GroupPolicyIntent(*policy.key, _accepted(policy, checks, exists=_target(policy) in existing))
        for policy in snapshot.group_policies
        if policy.metadata.deletion_timestamp is None
        and policy.spec.target_ref.kind != _OF_OTHERS
        and (_wrong_reference(policy) or _target(policy) in used or _target(policy) not in existing)
    )


def _accepted(policy: TargetGroupPolicy, checks: HealthChecks, *, exists: bool) -> Condition:
    conditions = Conditions(policy.metadata.generation)
    problem = _wrong_reference(policy) or _problem(policy)
    if problem:
        return conditions.false("Accepted", INVALID, f"{problem}; the health checks stay as they are")
    if not exists:
        message = f"targetRef: there is no Service {'/'.join(_target(policy))}"
        return conditions.false("Accepted", TARGET_NOT_FOUND, message)
    winner = checks.winners[_target(policy)]
    if winner is not policy:
        message = f"Service {'/'.join(_target(policy))} has the older TargetGroupPolicy {'/'.join(winner.key)}"
        return conditions.false("Accepted", CONFLICTED, message)
    return conditions.true("Accepted", "Accepted", ACCEPTED)


def _target(policy: TargetGroupPolicy) -> Key:
    return policy.metadata.namespace, policy.spec.target_ref.name


def _wrong_reference(policy: TargetGroupPolicy) -> str:
    ref = policy.spec.target_ref
    if (ref.group, ref.kind) != ("", "Service"):
        return "targetRef: only a Service can have a TargetGroupPolicy"
    if ref.namespace not in (None, policy.metadata.namespace):
        return "targetRef.namespace: a policy is for objects of its own namespace"
    return ""


def _problem(policy: TargetGroupPolicy) -> str:
    """Why a policy cannot count; empty for a sound one."""
    return next(_problems(policy), "")


def _problems(policy: TargetGroupPolicy) -> Iterator[str]:
    for name, value, supported in (
        ("protocol", policy.spec.protocol, "HTTP"),
        ("protocolVersion", policy.spec.protocol_version, "HTTP1"),
    ):
        if value not in (None, supported):
            yield f"spec.{name}: {value[:20]} is not supported, pods are asked by HTTP/1.1"
    check = policy.spec.health_check
    for part in (check.status_match or "").split(",") if check else ():
        first, _, last = part.partition("-")
        if last and last < first:
            yield f"spec.healthCheck.statusMatch: {part} is no range"


def _health_check(spec: HealthCheckSpec | None) -> HealthCheck:
    """The default with what the policy says."""
    if spec is None:
        return HealthCheck()
    asked: dict[str, Any] = {
        "enabled": spec.enabled,
        "protocol": spec.protocol,
        "protocol_version": spec.protocol_version,
        "port": spec.port,
        "path": spec.path,
        "interval_seconds": spec.interval_seconds,
        "timeout_seconds": spec.timeout_seconds,
        "healthy_threshold": spec.healthy_threshold_count,
        "unhealthy_threshold": spec.unhealthy_threshold_count,
        "matcher": spec.status_match,
    }
    return replace(HealthCheck(), **{name: value for name, value in asked.items() if value is not None})


def _is_younger(bad: Malformed, winner: TargetGroupPolicy | None) -> bool:
    """Whether an unreadable policy cannot count because of an older one."""
    try:
        return winner is not None and KubernetesObject.model_validate(bad.document).rank > winner.rank
    except ValidationError:
        return False
