"""Whether the manifests of a promoted canary have caught up: until then the promotion lives in the lease alone."""

import json
from collections.abc import Mapping
from typing import Any

from trellis.canary.live_route import locate
from trellis.canary.patch import FIELD_MANAGER
from trellis.canary.rules import Pair, Route, Vector

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def is_over(route: Route | None, *, uid: str, pair: Pair, expected: Vector) -> str:
    """Why a promotion needs to be remembered no more: `obsolete` or `declared`; empty while it does."""
    if route is None or is_obsolete(route, uid=uid, pair=pair, expected=expected):
        return "obsolete"
    return "declared" if is_declared(route, pair=pair, expected=expected) else ""


def is_obsolete(route: Route, *, uid: str, pair: Pair, expected: Vector) -> bool:
    """Whether there is nothing left that the promotion could be about: another route, or rules with other backends."""
    return route["metadata"]["uid"] != uid or not locate(route, pair, expected)


def is_declared(route: Route, *, pair: Pair, expected: Vector) -> bool:
    """Whether somebody else has written the promoted weights since.

    Server-side apply says so by the owner of `spec.rules`, which a patch of the canary takes from everybody else;
    `kubectl apply` says what it has applied in an annotation.
    """
    return _says(route, pair, expected) and (_owned_by_others(route) or _says(_last_applied(route), pair, expected))


def _says(route: Route, pair: Pair, expected: Vector) -> bool:
    found = locate(route, pair, expected)
    return bool(found) and all(rule.vector == dict(expected[key]) for key, rule in found.items())


def _owned_by_others(route: Route) -> bool:
    entries = route["metadata"].get("managedFields") or ()
    return any(
        entry.get("manager") != FIELD_MANAGER and "f:rules" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        for entry in entries
    )


def _last_applied(route: Route) -> Mapping[str, Any]:
    text = (route["metadata"].get("annotations") or {}).get(_LAST_APPLIED, "")
    try:
        applied = json.loads(text)
    except ValueError:
        return {}
    return applied if isinstance(applied, Mapping) else {}
