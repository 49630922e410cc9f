"""The rules of one route: each match by itself, with its share of traffic per backend, or refused with the field named.

A match that VPC Lattice cannot express is dropped, never approximated. A rule that asks for something which VPC Lattice
cannot do keeps its matches and answers 500, so that its requests do not fall to other rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trellis.gateway_api import limits
from trellis.gateway_api.backends import Backends
from trellis.gateway_api.conditions import Finding
from trellis.gateway_api.intent_model import Backend, Share
from trellis.gateway_api.matches import ExpressedMatch, express
from trellis.gateway_api.objects import HTTPBackendRef, HTTPRoute, HTTPRouteMatch, HTTPRouteRule
from trellis.gateway_api.weights import scaled

_UNSUPPORTED = {
    "filters": "VPC Lattice cannot redirect, rewrite, mirror or change requests and answers",
    "timeouts": "VPC Lattice has no timeouts per rule",
    "retry": "VPC Lattice has no retries",
    "session_persistence": "VPC Lattice has no session persistence",
}


@dataclass(frozen=True)
class MatchUnit:
    """One match of a rule with what is to happen; `usable` unless its rule is refused."""

    field: str
    match: ExpressedMatch
    shares: tuple[Share, ...]
    usable: bool


@dataclass(frozen=True)
class CompiledRoute:
    """A route's matches in the order that they are written; `problems` are what was dropped, `unresolved` backends."""

    units: tuple[MatchUnit, ...]
    problems: tuple[str, ...]
    unresolved: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether anything is left to serve."""
        return any(unit.usable for unit in self.units)


def compile_route(route: HTTPRoute, backends: Backends, quotas: limits.Quotas) -> CompiledRoute:
    """The route's rules as matches with shares."""
    compiling = _Compiling(route, backends, quotas)
    units = tuple(unit for index, rule in enumerate(route.spec.rules) for unit in compiling.rule(index, rule))
    return CompiledRoute(units, tuple(compiling.problems), tuple(compiling.unresolved), tuple(compiling.notes))


class _Compiling:
    def __init__(self, route: HTTPRoute, backends: Backends, quotas: limits.Quotas) -> None:
        self._quotas = quotas
        self._namespace = route.metadata.namespace
        self._backends = backends
        self.problems: list[str] = []
        self.unresolved: list[Finding] = []
        self.notes: list[str] = []

    def rule(self, index: int, rule: HTTPRouteRule) -> Iterator[MatchUnit]:
        field = f"spec.rules[{index}]"
        refused = list(_rule_problems(rule))
        shares = self._shares(rule, field)
        if len(shares) > limits.TARGET_GROUPS_PER_RULE:
            refused.append(f"backendRefs: VPC Lattice takes at most {limits.TARGET_GROUPS_PER_RULE} backends per rule")
        self.problems += [f"{field}.{problem} (requests to this rule are answered with 500)" for problem in refused]
        for number, match in enumerate(rule.matches or (HTTPRouteMatch(),)):
            expressed = express(match)
            where = f"{field}.matches[{number}]"
            if isinstance(expressed, ExpressedMatch):
                yield MatchUnit(where, expressed, () if refused else shares, usable=not refused)
            else:
                self.problems += [f"{where}.{problem}" for problem in expressed]

    def _shares(self, rule: HTTPRouteRule, field: str) -> tuple[Share, ...]:
        """The shares in the order of the backendRefs; empty if no request can be served."""
        weights: dict[Backend | None, int] = {}
        for index, ref in enumerate(rule.backend_refs):
            backend = self._backend(ref, f"{field}.backendRefs[{index}]")
            if backend or ref.weight:
                weights[backend] = weights.get(backend, 0) + ref.weight
        if not any(weight for backend, weight in weights.items() if backend):
            return ()
        return tuple(map(Share, weights, scaled(tuple(weights.values()))))

    def _backend(self, ref: HTTPBackendRef, field: str) -> Backend | None:
        found = self._backends.resolve(ref, self._namespace)
        if isinstance(found, Finding):
            self.unresolved.append(Finding(found.reason, f"{field}.{found.message}"))
            return None
        if found.endpoints > len(found.targets):
            allowed = self._quotas.targets.exceeded()
            self.notes.append(f"{field}: {found.endpoints - len(found.targets)} endpoints are left out; {allowed}")
        return found


def _rule_problems(rule: HTTPRouteRule) -> Iterator[str]:
    for name in rule.unknown():
        yield f"{name}: not known to Trellis, which will not overlook a part of a rule"
    aliases = {name: info.alias or name for name, info in HTTPRouteRule.model_fields.items()}
    for name, why in _UNSUPPORTED.items():
        if getattr(rule, name):
            yield f"{aliases[name]}: {why}"
    for index, ref in enumerate(rule.backend_refs):
        if ref.filters:
            yield f"backendRefs[{index}].filters: {_UNSUPPORTED['filters']}"
        for name in ref.unknown():
            yield f"backendRefs[{index}].{name}: not known to Trellis"
