"""IAMAuthPolicies: what each is for, which of several counts, and the conditions of those that do not.

A policy is for an object of its own namespace. Of several for one service or network the oldest counts, as the Gateway
API's policy attachment wants it, also when it is not sound: then what is there stays. The network is shared by the
fleet, so only namespaces that the configuration names may ask for its policy.
https://gateway-api.sigs.k8s.io/geps/gep-713/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from trellis.auth_policies import CheckedPolicy, check_policy, means_the_same
from trellis.auth_policies.placeholders import NETWORK_ARN, SERVICE_ARN
from trellis.gateway_api import limits
from trellis.gateway_api.conditions import ACCEPTED, CONFLICTED, Conditions, Finding, joined
from trellis.gateway_api.intent_model import Intent, PolicyIntent
from trellis.gateway_api.names import service_name
from trellis.gateway_api.objects import GATEWAY_GROUP, IAMAuthPolicy, PolicyTargetRef
from trellis.gateway_api.snapshot import Malformed, Snapshot
from trellis.model import AuthPolicy, Cluster, network_holder, service_holder

TARGET_NOT_FOUND, INVALID, NOT_ALLOWED = "TargetNotFound", "Invalid", "NotAllowed"

Key = tuple[str, str]
Judged = tuple[tuple[PolicyIntent, ...], tuple[AuthPolicy, ...]]


@dataclass(frozen=True)
class Targets:
    """What policies may be for: the Gateways and routes of this controller; see `build_intent`."""

    snapshot: Snapshot
    intent: Intent
    cluster: Cluster
    policy_sources: tuple[str, ...] = ()

    def holders(self, kind: str, key: Key) -> tuple[str, ...] | None:
        """What holds the policy of a Gateway or route; None when that is no object of this controller."""
        if kind == "Gateway":
            known = any((gateway.namespace, gateway.name) == key for gateway in self.intent.gateways)
            return (network_holder(key[1]),) if known else None
        routes = [route for route in self.intent.routes if (route.namespace, route.name) == key]
        served = {name for route in routes for parent in route.parents for name in parent.services}
        names = sorted(served | self._services_under(key))
        return tuple(map(service_holder, names)) if routes or names else None

    def _services_under(self, key: Key) -> set[str]:
        """The services of the hostnames of a route, also while it has no part in them: its policy must not end then."""
        hostnames = {name for route in self.snapshot.routes if route.key == key for name in route.spec.hostnames}
        names = {service_name(self.cluster, namespace=key[0], hostname=name, route=key[1]) for name in hostnames}
        return names & {service.name for service in self.intent.services}

    def network_refusal(self, namespace: str, network: str) -> Finding | None:
        """Why policies of a namespace do not count for a network."""
        if network != self.cluster.service_network:
            message = (
                f"targetRef: the cluster belongs to the service network {self.cluster.service_network}, not to this"
            )
            return Finding(NOT_ALLOWED, message)
        source = f"{self.cluster.name}/{namespace}"
        if any(fnmatchcase(source, pattern) for pattern in self.policy_sources):
            return None
        message = f"targetRef: the network is shared by the fleet, and {source} may not set its policy"
        return Finding(NOT_ALLOWED, f"{message}; the parameter NetworkPolicySources says who may")


@dataclass(frozen=True)
class _Candidate:
    """A policy that is for something; `checked` is its document."""

    policy: IAMAuthPolicy
    holders: tuple[str, ...]
    checked: CheckedPolicy

    @property
    def source(self) -> str:
        return f"IAMAuthPolicy {'/'.join(self.policy.key)}"[: limits.MAX_TAG_VALUE]

    @property
    def problem(self) -> str:
        """Why it cannot be put; empty for a sound one. What allows for a part must not come to allow for the whole."""
        if self.policy.spec.target_ref.section_name:
            return "targetRef.sectionName: VPC Lattice has auth policies for whole services and networks only"
        return f"spec.policy: {joined(map(str, self.checked.faults))}" if self.checked.faults else ""

    def wanted(self, holder: str) -> AuthPolicy:
        if not self.problem:
            return AuthPolicy(holder, self.source, self.checked.document)
        return AuthPolicy(holder, self.source, problem=f"{self.source}: {self.problem}")


def judge_policies(targets: Targets) -> Judged:
    """The policies with their conditions, and what is wanted at each holder; none without an own class."""
    if not targets.intent.classes:
        return (), ()
    snapshot = targets.snapshot
    existing = {("Gateway", found.key) for found in snapshot.gateways}
    existing |= {("HTTPRoute", found.key) for found in snapshot.routes}
    refused: list[PolicyIntent] = []
    candidates: list[_Candidate] = []
    for policy in snapshot.policies:
        if policy.metadata.deletion_timestamp is None:
            found = _candidate(policy, targets, existing)
            if isinstance(found, _Candidate):
                candidates.append(found)
            elif found is not None:
                refused.append(_refused(policy, found))
    return _decided(candidates, refused, _doubts(snapshot.malformed, targets))


def _candidate(policy: IAMAuthPolicy, targets: Targets, existing: set[tuple[str, Key]]) -> _Candidate | Finding | None:
    """The policy with its holders, why it counts nowhere, or None when its target is not this controller's."""
    ref, namespace = policy.spec.target_ref, policy.metadata.namespace
    refusal = _wrong_reference(ref, namespace)
    if refusal:
        return refusal
    key = namespace, ref.name
    holders = targets.holders(ref.kind, key)
    if holders is None:
        missing = Finding(TARGET_NOT_FOUND, f"targetRef: there is no {ref.kind} {'/'.join(key)}")
        return None if (ref.kind, key) in existing else missing
    arn = SERVICE_ARN
    if ref.kind == "Gateway":
        refusal, arn = targets.network_refusal(namespace, ref.name), NETWORK_ARN
    checked = CheckedPolicy() if ref.section_name else check_policy(policy.spec.policy, arn=arn)
    return refusal or _Candidate(policy, holders, checked)


def _wrong_reference(ref: PolicyTargetRef, namespace: str) -> Finding | None:
    if ref.group != GATEWAY_GROUP or ref.kind not in ("Gateway", "HTTPRoute"):
        return Finding(INVALID, f"targetRef: only a Gateway or HTTPRoute of {GATEWAY_GROUP} can have an auth policy")
    if ref.namespace not in (None, namespace):
        return Finding(INVALID, "targetRef.namespace: a policy is for objects of its own namespace")
    return None


def _decided(candidates: Sequence[_Candidate], refused: Sequence[PolicyIntent], doubts: Mapping[str, str]) -> Judged:
    winners: dict[str, _Candidate] = {}
    for found in sorted(candidates, key=lambda found: found.policy.rank):
        for holder in found.holders:
            winners.setdefault(holder, found)
    judged = [_judged(found, winners) for found in candidates]
    wanted = {holder: found.wanted(holder) for holder, found in winners.items()}
    for holder, source in doubts.items():
        wanted[holder] = AuthPolicy(holder, source, problem=f"{source} cannot be read", reason="Unreadable")
    policies = sorted((*judged, *refused), key=lambda found: (found.namespace, found.name))
    return tuple(policies), tuple(wanted[holder] for holder in sorted(wanted))


def _judged(found: _Candidate, winners: Mapping[str, _Candidate]) -> PolicyIntent:
    conditions = Conditions(found.policy.metadata.generation)
    lost = [(holder, winners[holder]) for holder in found.holders if not _same(found, winners[holder])]
    if found.problem:
        accepted = conditions.false("Accepted", INVALID, found.problem)
    elif lost:
        messages = [f"{holder} has the policy of the older {winner.source}" for holder, winner in lost]
        accepted = conditions.false("Accepted", CONFLICTED, joined(messages))
    else:
        accepted = conditions.true("Accepted", "Accepted", ACCEPTED)
    return PolicyIntent(*found.policy.key, accepted, found.holders)


def _same(found: _Candidate, winner: _Candidate) -> bool:
    return found is winner or means_the_same(found.checked.document, winner.checked.document)


def _refused(policy: IAMAuthPolicy, finding: Finding) -> PolicyIntent:
    conditions = Conditions(policy.metadata.generation)
    return PolicyIntent(*policy.key, conditions.false("Accepted", finding.reason, finding.message))


def _doubts(malformed: Sequence[Malformed], targets: Targets) -> dict[str, str]:
    """The holders that an unreadable policy may be for, each with which policy that is."""
    found: dict[str, str] = {}
    for bad in malformed:
        if bad.kind == "IAMAuthPolicy":
            for holder in _possible(bad, targets):
                found.setdefault(holder, f"IAMAuthPolicy {bad.namespace}/{bad.name}")
    return found


def _possible(bad: Malformed, targets: Targets) -> Iterator[str]:
    """The holders that a policy names, as far as it can be read, else all of its namespace."""
    ref = readable_reference(bad.document)
    routes = [route.name for route in targets.intent.routes if route.namespace == bad.namespace]
    gateways = [gateway.name for gateway in targets.intent.gateways if gateway.namespace == bad.namespace]
    for kind, names in (("HTTPRoute", routes), ("Gateway", gateways)):
        for name in names:
            allowed = kind == "HTTPRoute" or targets.network_refusal(bad.namespace, name) is None
            if allowed and ref in (None, (kind, name)):
                yield from targets.holders(kind, (bad.namespace, name)) or ()


def readable_reference(document: Any) -> Key | None:
    """Kind and name of what an unreadable policy is for, as far as they can be read."""
    spec = document.get("spec") if isinstance(document, Mapping) else None
    ref = spec.get("targetRef") if isinstance(spec, Mapping) else None
    kind, name = (ref.get("kind"), ref.get("name")) if isinstance(ref, Mapping) else (None, None)
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else None
