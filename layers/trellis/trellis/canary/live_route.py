"""What has become of a route since the canary wrote it: as expected, put back, edited, changed, or gone.

Decides what each of these means for the canary. Pure: the caller has read the route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trellis.canary.request_parts import Safety
from trellis.canary.rules import Pair, Route, SplitRule, Vector, find_rules, outline_of


class RouteState(StrEnum):
    """What the live route is, compared with the lease."""

    EXPECTED = "EXPECTED"
    PENDING = "PENDING"
    REVERTED = "REVERTED"
    EDITED = "EDITED"
    BACKEND_GONE = "BACKEND_GONE"
    ROUTE_GONE = "ROUTE_GONE"
    ROUTE_REPLACED = "ROUTE_REPLACED"
    DELETING = "DELETING"


@dataclass(frozen=True)
class Expectation:
    """What the lease says. `pending` is a write whose result is not known; `outline` is `outline_of` at the start."""

    uid: str
    baseline: Vector
    expected: Vector
    pending: Vector | None = None
    outline: str = ""


@dataclass(frozen=True)
class LiveRoute:
    """The state of a route. `rules` are those of the vector that still hold both versions, by the vector's keys.

    `rule_changed` says that something beside the weights differs; `gone` are keys of rules that lost a backend.
    """

    state: RouteState
    rules: Mapping[str, SplitRule]
    vector: Vector
    rule_changed: bool = False
    gone: tuple[str, ...] = ()
    generation: int = 0


class RouteAction(StrEnum):
    """What the canary does about it."""

    CONTINUE = "CONTINUE"
    REASSERT = "REASSERT"
    ROLLBACK = "ROLLBACK"
    HOLD = "HOLD"
    STOP = "STOP"


@dataclass(frozen=True)
class RouteDecision:
    """An action with its reason code; `HOLD` writes nothing and pages, `STOP` ends and releases without writing."""

    action: RouteAction
    reason: str = ""


def locate(route: Route, pair: Pair, vector: Vector) -> dict[str, SplitRule]:
    """The rules of a vector in a route, wherever they are now.

    A rule whose matches have changed is found when it is the only one left that holds what the vector says.
    """
    found = {rule.key: rule for rule in find_rules(route, pair).rules}
    located = {key: found.pop(key) for key in vector if key in found}
    for key in vector:
        candidates = [rule for rule in found.values() if rule.vector.keys() == vector[key].keys()]
        if key not in located and len(candidates) == 1:
            located[key] = found.pop(candidates[0].key)
    return located


def classify(route: Route | None, pair: Pair, expectation: Expectation) -> LiveRoute:
    """The state of the live route; None is a route that does not exist, never one that could not be read."""
    if route is None:
        return LiveRoute(RouteState.ROUTE_GONE, {}, {})
    metadata = route["metadata"]
    generation = int(metadata.get("generation", 0))
    if metadata["uid"] != expectation.uid:
        return LiveRoute(RouteState.ROUTE_REPLACED, {}, {}, generation=generation)
    rules = locate(route, pair, expectation.baseline)
    live = {key: rule.vector for key, rule in rules.items()}
    gone = tuple(key for key in expectation.baseline if key not in rules)
    changed = bool(expectation.outline) and outline_of(route, tuple(rules.values())) != expectation.outline
    state = _state(live, expectation)
    if gone:
        state = RouteState.BACKEND_GONE
    if metadata.get("deletionTimestamp"):
        state = RouteState.DELETING
    return LiveRoute(state, rules, live, rule_changed=changed, gone=gone, generation=generation)


def decide(live: LiveRoute, safety: Safety, *, reasserts: int) -> RouteDecision:
    """What to do about a state; `reasserts` is how often this canary has put its weights back already."""
    match live.state:
        case RouteState.EXPECTED | RouteState.PENDING:
            return RouteDecision(RouteAction.CONTINUE, "RULE_CHANGED" if live.rule_changed else "")
        case RouteState.REVERTED:
            if reasserts < safety.max_reasserts:
                return RouteDecision(RouteAction.REASSERT, "EXTERNAL_REVERT")
            return RouteDecision(RouteAction.ROLLBACK, "EXTERNAL_REVERT")
        case RouteState.EDITED:
            action = RouteAction.HOLD if safety.on_external_edit == "hold" else RouteAction.ROLLBACK
            return RouteDecision(action, "EXTERNAL_EDIT")
        case RouteState.BACKEND_GONE:
            return RouteDecision(RouteAction.HOLD, "BACKEND_GONE")
        case _:
            return RouteDecision(RouteAction.STOP, live.state.value)


def _state(live: Vector, expectation: Expectation) -> RouteState:
    """A rule that has lost or won another backend still counts by the backends that both have."""
    if _agrees(live, expectation.expected):
        return RouteState.EXPECTED
    if expectation.pending is not None and _agrees(live, expectation.pending):
        return RouteState.PENDING
    known = (expectation.expected, expectation.baseline)
    if all(any(_agrees({key: live[key]}, vector) for vector in known) for key in live):
        return RouteState.REVERTED
    return RouteState.EDITED


def _agrees(live: Vector, wanted: Vector) -> bool:
    return all(
        weight == wanted[key][label]
        for key, weights in live.items()
        for label, weight in weights.items()
        if label in wanted.get(key, {})
    )
