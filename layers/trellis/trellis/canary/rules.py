"""The rules of a route that hold both versions, found by what they match and whom they send to, not by their place.

A `Vector` is what people and programs compare: for each rule the weight of each of its backends. Its keys are words
(`GET PathPrefix:/orders`, `orders-v1:80`), so that a person can restore weights from an annotation.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from trellis.canary.request import CanaryRequest
from trellis.canary.request_parts import Backend, MatchSelector, RuleSelector
from trellis.canary.weights import RuleWeights

Route = Mapping[str, Any]
"""An HTTPRoute as the Kubernetes API gives it."""

Vector = Mapping[str, Mapping[str, int]]

_LONGEST_KEY = 120


@dataclass(frozen=True)
class Pair:
    """The two versions, and the namespace of the route, which is theirs where they name none."""

    namespace: str
    baseline: Backend
    canary: Backend


@dataclass(frozen=True)
class Ref:
    """A backendRef at its `index` in a rule. `weight` is 1 where the route writes none, as the Gateway API says."""

    index: int
    label: str
    name: str
    weight: int
    is_written: bool


@dataclass(frozen=True)
class SplitRule:
    """A rule that holds both versions; `baseline` and `canary` are indices in `refs`."""

    key: str
    index: int
    name: str
    match_count: int
    refs: tuple[Ref, ...]
    baseline: int
    canary: int

    @property
    def weights(self) -> RuleWeights:
        """The weights as they are."""
        pair = (self.baseline, self.canary)
        others = tuple(ref.weight for ref in self.refs if ref.index not in pair)
        return RuleWeights(self.refs[self.baseline].weight, self.refs[self.canary].weight, others)

    def labelled(self, weights: RuleWeights) -> dict[str, int]:
        """Weights by backend."""
        others = iter(weights.others)
        own = {self.baseline: weights.baseline, self.canary: weights.canary}
        return {ref.label: own[ref.index] if ref.index in own else next(others) for ref in self.refs}

    @property
    def vector(self) -> dict[str, int]:
        """The weights as they are, by backend."""
        return self.labelled(self.weights)


@dataclass(frozen=True)
class FoundRules:
    """The rules that hold both versions, and those (by index) that hold one of them more than once."""

    rules: tuple[SplitRule, ...]
    ambiguous: tuple[int, ...] = ()


def pair_of(request: CanaryRequest) -> Pair:
    """The versions of a request."""
    return Pair(request.route.namespace, request.baseline, request.canary)


def find_rules(route: Route, pair: Pair) -> FoundRules:
    """All rules of the route with both versions."""
    keys = _keys(_rules(route))
    found, ambiguous = [], []
    for index, rule in enumerate(_rules(route)):
        refs = rule.get("backendRefs") or ()
        sides = [_places(refs, side, pair.namespace) for side in (pair.baseline, pair.canary)]
        if not all(sides):
            continue
        if any(len(places) > 1 for places in sides):
            ambiguous.append(index)
            continue
        entries = tuple(_refs(refs, pair.namespace))
        count = len(rule.get("matches") or ({},))
        found.append(SplitRule(keys[index], index, rule.get("name", ""), count, entries, sides[0][0], sides[1][0]))
    return FoundRules(tuple(found), tuple(ambiguous))


def select_rules(route: Route, found: FoundRules, selector: RuleSelector) -> tuple[SplitRule, ...]:
    """Those of the rules that the operator has chosen."""
    if selector.mode == "byName":
        return tuple(rule for rule in found.rules if rule.name in selector.names)
    if selector.mode == "byMatch":
        wanted = {_match_key(_written(match)) for match in selector.matches}
        written = _rules(route)
        return tuple(
            rule for rule in found.rules if wanted & set(map(_match_key, written[rule.index].get("matches") or ({},)))
        )
    return found.rules


def holders(route: Route, side: Backend, namespace: str) -> frozenset[int]:
    """The indices of the rules that send anything, if only with weight 0, to a version."""
    rules = enumerate(_rules(route))
    return frozenset(index for index, rule in rules if _places(rule.get("backendRefs") or (), side, namespace))


def vector_of(rules: Sequence[SplitRule]) -> dict[str, dict[str, int]]:
    """The weights of rules as they are."""
    return {rule.key: rule.vector for rule in rules}


def outline_of(route: Route, rules: Sequence[SplitRule]) -> str:
    """A digest of the route's spec without the weights of those rules: it differs when anything else has changed."""
    spec = json.loads(json.dumps(route.get("spec") or {}))
    for rule in rules:
        for ref in spec["rules"][rule.index].get("backendRefs") or ():
            ref.pop("weight", None)
    return sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def _rules(route: Route) -> Sequence[Mapping[str, Any]]:
    rules: Sequence[Mapping[str, Any]] = (route.get("spec") or {}).get("rules") or ()
    return rules


def _places(refs: Sequence[Mapping[str, Any]], side: Backend, namespace: str) -> list[int]:
    wanted = (side.kind, side.namespace or namespace, side.name)
    return [
        index
        for index, ref in enumerate(refs)
        if (ref.get("kind") or "Service", ref.get("namespace") or namespace, ref.get("name")) == wanted
        and not ref.get("group")
        and side.port in (None, ref.get("port"))
    ]


def _refs(refs: Sequence[Mapping[str, Any]], namespace: str) -> Iterator[Ref]:
    seen: dict[str, int] = {}
    for index, ref in enumerate(refs):
        label = _label(ref, namespace)
        seen[label] = seen.get(label, 0) + 1
        unique = label if seen[label] == 1 else f"{label}#{seen[label]}"
        written = ref.get("weight") is not None
        yield Ref(index, unique, str(ref.get("name", "")), int(ref["weight"]) if written else 1, written)


def _label(ref: Mapping[str, Any], namespace: str) -> str:
    kind, own = ref.get("kind") or "Service", ref.get("namespace") or namespace
    prefix = ("" if kind == "Service" else f"{kind}/") + ("" if own == namespace else f"{own}/")
    return f"{prefix}{ref.get('name')}" + (f":{ref['port']}" if ref.get("port") else "")


def _keys(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    keys: list[str] = []
    for rule in rules:
        key = " | ".join(sorted(map(_match_key, rule.get("matches") or ({},))))
        if len(key) > _LONGEST_KEY:
            key = f"{key[: _LONGEST_KEY - 20]}… {sha256(key.encode()).hexdigest()[:12]}"
        same = sum(1 for other in keys if other == key or other.startswith(f"{key} #"))
        keys.append(f"{key} #{same + 1}" if same else key)
    return keys


def _match_key(match: Mapping[str, Any]) -> str:
    path = match.get("path") or {}
    parts = [str(match["method"])] if match.get("method") else []
    parts.append(f"{path.get('type') or 'PathPrefix'}:{path.get('value') or '/'}")
    for member in ("headers", "queryParams"):
        mark = "" if member == "headers" else "?"
        parts += sorted(
            f"{mark}{str(each.get('name')).lower()}{'=' if (each.get('type') or 'Exact') == 'Exact' else '~'}"
            f"{json.dumps(each.get('value'))}"
            for each in match.get(member) or ()
        )
    return " ".join(parts)


def _written(match: MatchSelector) -> dict[str, Any]:
    return match.model_dump(by_alias=True)
