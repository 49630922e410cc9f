"""Whether a canary may begin, decided on what was read: all problems and all warnings at once, before any write."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trellis.canary.blackout import parse_blackout
from trellis.canary.evidence import AlarmState, TargetCounts
from trellis.canary.problems import Problem
from trellis.canary.request import CanaryRequest
from trellis.canary.rules import FoundRules, Route, SplitRule, find_rules, holders, pair_of, select_rules
from trellis.canary.strategy import percents_of, steps_of
from trellis.canary.weights import MAX_WEIGHT, WeightPrecisionError, scale

TRELLIS = "trellis.dev/vpc-lattice"
AWS_CONTROLLER = "application-networking.k8s.aws/gateway-api-controller"
CONTROLLERS = (TRELLIS, AWS_CONTROLLER)

_GITOPS_MANAGERS = ("argocd", "kustomize-controller", "helm", "flux")


@dataclass(frozen=True)
class VersionFacts:
    """What is known of one version. `endpoints` are `address:port` of its ready pods.

    `is_shared`: its target groups are in rules of other routes too.
    """

    target_groups: tuple[str, ...] = ()
    targets: TargetCounts = field(default_factory=TargetCounts)
    endpoints: frozenset[str] = frozenset()
    is_shared: bool = False


@dataclass(frozen=True)
class LeaseFacts:
    """Who holds the route or its Lattice service, and whether a former promotion is not in Git yet."""

    holder: str = ""
    override_pending: bool = False


@dataclass(frozen=True)
class PreflightFacts:
    """Everything that was read; `route` is None where it does not exist. `lattice_agrees`: no rule of VPC Lattice
    differs from the route. `hourly_requests` are those of the baseline's target groups in the last hour.
    `hook_functions` are the ARNs of functions that this deployment allows as hooks."""

    route: Route | None
    now: datetime
    baseline: VersionFacts = field(default_factory=VersionFacts)
    canary: VersionFacts = field(default_factory=VersionFacts)
    alarms: tuple[AlarmState, ...] = ()
    lease: LeaseFacts = field(default_factory=LeaseFacts)
    lattice_agrees: bool = True
    metrics_forbidden: bool = False
    hook_functions: tuple[str, ...] = ()
    hourly_requests: float | None = None


@dataclass(frozen=True)
class Preflight:
    """The result; `rules` are the chosen rules as they are."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    rules: tuple[SplitRule, ...]


def preflight(request: CanaryRequest, facts: PreflightFacts) -> Preflight:
    """Whether the canary may begin."""
    problems = [
        *_lease_problems(facts),
        *_time_problems(request, facts),
        *_alarm_problems(request, facts),
        *_hook_problems(request, facts),
    ]
    if facts.metrics_forbidden:
        problems.append(Problem("E_METRICS_FORBIDDEN", "", "the metrics may not be read"))
    if facts.route is None:
        problems.append(Problem("E_ROUTE_NOT_FOUND", "route", "there is no such route"))
        return Preflight(tuple(problems), (), ())
    found = find_rules(facts.route, pair_of(request))
    rules = select_rules(facts.route, found, request.rule_selector)
    problems += [
        *_route_problems(facts.route),
        *_rule_problems(request, facts.route, found, rules),
        *_weight_problems(request, rules),
        *_version_problems(request, facts),
        *_custom_problems(request, facts),
    ]
    if not facts.lattice_agrees:
        told = "VPC Lattice does not carry what the route says; reconcile before a canary"
        problems.append(Problem("E_LATTICE_DRIFTED", "route", told))
    shared = list(_shared(request, facts, found, rules))
    problems += [problem for problem in shared if problem.code.startswith("E_")]
    warnings = [*(problem for problem in shared if problem.code.startswith("W_")), *_warnings(request, facts)]
    return Preflight(tuple(problems), tuple(warnings), rules)


def _lease_problems(facts: PreflightFacts) -> Iterator[Problem]:
    if facts.lease.holder:
        yield Problem("E_LOCKED", "route", f"a canary is in progress: {facts.lease.holder}")
    if facts.lease.override_pending:
        yield Problem("E_OVERRIDE_PENDING", "route", "the promotion before this one is not in Git yet")


def _time_problems(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    for index, text in enumerate(request.safety.blackout):
        if parse_blackout(text).covers(facts.now):
            yield Problem("E_BLACKOUT", f"safety.blackout[{index}]", f"no canary may begin within {text}")


def _alarm_problems(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    known = {alarm.name: alarm.state for alarm in facts.alarms}
    for index, name in enumerate(request.alarms.names):
        state = known.get(name, "MISSING")
        if state == "MISSING":
            yield Problem("E_ALARM_NOT_FOUND", f"alarms.names[{index}]", f"there is no alarm {name}")
        if state == "ALARM" and not request.alarms.allow_active_at_start:
            yield Problem("E_ALARM_ACTIVE", f"alarms.names[{index}]", f"{name} is in ALARM")


def _hook_problems(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    for name, arn in request.hooks.model_dump(by_alias=True).items():
        if arn is not None and arn not in facts.hook_functions:
            told = f"{arn} is none of the functions that the parameter CanaryHookFunctions allows"
            yield Problem("E_HOOK_DENIED", f"hooks.{name}", told)


def _route_problems(route: Route) -> Iterator[Problem]:
    metadata = route["metadata"]
    if metadata.get("deletionTimestamp"):
        yield Problem("E_ROUTE_DELETING", "metadata.deletionTimestamp", "the route is being deleted")
    parents = [parent for parent in _parents(route) if parent.get("controllerName") in CONTROLLERS]
    if not parents:
        yield Problem("E_NOT_LATTICE", "status.parents", "no Gateway of VPC Lattice has taken the route")
    for type_, code in (("Accepted", "E_NOT_ACCEPTED"), ("ResolvedRefs", "E_UNRESOLVED_REFS")):
        for parent in parents:
            condition = next((each for each in parent.get("conditions") or () if each["type"] == type_), None)
            fresh = condition is not None and condition.get("observedGeneration") == metadata.get("generation")
            if condition is None or not fresh or condition["status"] != "True":
                told = condition.get("message", "") if condition and fresh else "not yet told for this generation"
                yield Problem(code, "status.parents", f"{type_} is not True: {told}")


def _rule_problems(
    request: CanaryRequest, route: Route, found: FoundRules, rules: Sequence[SplitRule]
) -> Iterator[Problem]:
    sides = f"{request.baseline.name} and {request.canary.name}"
    if not rules:
        yield Problem("E_BACKEND_ABSENT", "ruleSelector", f"no chosen rule has both {sides} as backends")
    names = {rule.name for rule in rules}
    for index, name in enumerate(request.rule_selector.names):
        if name not in names:
            told = f"no rule with this name has both {sides} as backends"
            yield Problem("E_BACKEND_ABSENT", f"ruleSelector.names[{index}]", told)
    for index in found.ambiguous:
        place = f"spec.rules[{index}].backendRefs"
        yield Problem("E_BACKEND_AMBIGUOUS", place, "has a version more than once; name its port")
    controllers = {parent.get("controllerName") for parent in _parents(route)}
    for rule in rules:
        if AWS_CONTROLLER in controllers and rule.match_count > 1:
            told = "the AWS Gateway API Controller takes one match per rule"
            yield Problem("E_MULTI_MATCH", f"spec.rules[{rule.index}].matches", told)


def _weight_problems(request: CanaryRequest, rules: Sequence[SplitRule]) -> Iterator[Problem]:
    for rule in rules:
        place = f"spec.rules[{rule.index}].backendRefs"
        for ref in rule.refs:
            if ref.weight > MAX_WEIGHT:
                told = f"{ref.weight} is more than VPC Lattice takes ({MAX_WEIGHT})"
                yield Problem("E_WEIGHT_RANGE", f"{place}[{ref.index}].weight", told)
        if rule.weights.canary:
            told = f"{request.canary.name} has traffic already (weight {rule.weights.canary})"
            yield Problem("E_CANARY_SHARE_NOT_ZERO", f"{place}[{rule.canary}].weight", told)
        if not rule.weights.baseline:
            told = f"{request.baseline.name} has no traffic"
            yield Problem("E_BASELINE_SHARE", f"{place}[{rule.baseline}].weight", told)
            continue
        try:
            scale(rule.weights, percents_of(request.strategy))
        except WeightPrecisionError as error:
            yield Problem("E_WEIGHT_PRECISION", place, str(error))


def _version_problems(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    if facts.baseline.endpoints and facts.baseline.endpoints == facts.canary.endpoints:
        yield Problem("E_SAME_SELECTOR", "canary", "both Services select the same pods")
    sides = (
        ("baseline", "E_BASELINE_NOT_READY", facts.baseline, request.safety.min_healthy_baseline_targets),
        ("canary", "E_CANARY_NOT_READY", facts.canary, request.safety.min_healthy_canary_targets),
    )
    for place, code, version, needed in sides:
        if not version.target_groups:
            yield Problem("E_TG_UNRESOLVED", place, "its target group was not found")
        elif version.targets.serving < needed:
            told = f"{version.targets.serving} targets can serve, {needed} are needed"
            yield Problem(code, place, told)


def _custom_problems(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    """A version has a target group for each Lattice service of the route, and a query can name one only."""
    sides = (("${baselineTg}", facts.baseline), ("${canaryTg}", facts.canary))
    for index, metric in enumerate(request.analysis.custom):
        text = json.dumps(metric.metric_data_queries)
        for name, version in sides:
            if name in text and len(version.target_groups) > 1:
                told = f"{name} stands for {len(version.target_groups)} target groups"
                yield Problem("E_TG_UNRESOLVED", f"analysis.custom[{index}].metricDataQueries", told)


def _shared(
    request: CanaryRequest, facts: PreflightFacts, found: FoundRules, rules: Sequence[SplitRule]
) -> Iterator[Problem]:
    """All rules of one Lattice service send to the same target group of a version, so its metrics are those of all."""
    chosen = {rule.index for rule in rules}
    if chosen and chosen < {rule.index for rule in found.rules}:
        told = "the metrics of both versions are also those of rules that are not shifted; shift all rules"
        yield Problem("E_TG_SHARED", "ruleSelector", told)
        return
    others = {
        index
        for side in (request.baseline, request.canary)
        for index in holders(facts.route or {}, side, request.route.namespace)
    } - chosen
    if others or facts.baseline.is_shared or facts.canary.is_shared:
        told = "the metrics are also those of rules with one version only or of other routes; the measured share is off"
        yield Problem("W_TG_SHARED", "route", told)


def _warnings(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    yield from _traffic_warnings(request, facts)
    yield from _gate_warnings(request)
    for place, version in (("baseline", facts.baseline), ("canary", facts.canary)):
        if version.targets.unavailable:
            yield Problem("W_NO_HEALTHCHECK", place, "its targets have no health check; ready pods count")
    if facts.canary.targets.serving < facts.baseline.targets.serving:
        told = f"{facts.canary.targets.serving} targets will take what {facts.baseline.targets.serving} serve now"
        yield Problem("W_V2_CAPACITY", "canary", told)
    managers = sorted(_spec_managers(facts.route or {}))
    if managers:
        told = f"{', '.join(managers)} writes the route's spec and may put weights back"
        yield Problem("W_GITOPS_MANAGED", "metadata.managedFields", told)
    alarms = {alarm.name: alarm for alarm in facts.alarms}
    for index, name in enumerate(request.alarms.names):
        if name in alarms and not alarms[name].actions_enabled:
            told = f"{name} has its actions disabled; its state is judged all the same"
            yield Problem("W_ALARM_ACTIONS_DISABLED", f"alarms.names[{index}]", told)


def _gate_warnings(request: CanaryRequest) -> Iterator[Problem]:
    gates = request.gates
    steps = steps_of(request.strategy, gates_before=gates.before_step, gate_before_last=gates.before_promote)
    is_gated = gates.before_start or any(step.gate for step in steps)
    if is_gated and gates.forbid_self_approval and not request.requested_by:
        yield Problem("W_NO_REQUESTER", "requestedBy", "nobody is named, so whoever asked can approve it as well")


def _traffic_warnings(request: CanaryRequest, facts: PreflightFacts) -> Iterator[Problem]:
    if facts.hourly_requests is None:
        return
    for step in steps_of(request.strategy):
        needed = step.min_requests or request.analysis.min_requests
        expected = facts.hourly_requests / 3600 * step.percent / 100 * step.bake_seconds
        if step.bake_seconds and expected < needed:
            told = f"about {expected:.0f} requests are expected at {step.percent:g} %, {needed} are needed"
            yield Problem("W_LOW_TRAFFIC", f"strategy.steps[{step.index}]", told)


def _spec_managers(route: Route) -> Iterator[str]:
    for entry in route.get("metadata", {}).get("managedFields") or ():
        manager = str(entry.get("manager", ""))
        if "f:spec" in (entry.get("fieldsV1") or {}) and any(word in manager.lower() for word in _GITOPS_MANAGERS):
            yield manager


def _parents(route: Route) -> Sequence[Mapping[str, Any]]:
    parents: Sequence[Mapping[str, Any]] = (route.get("status") or {}).get("parents") or ()
    return parents
