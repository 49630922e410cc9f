"""The only way in which weights are written: a JSON Patch that changes weights and nothing else, and tests first.

The tests make a write of somebody who lost the lease fail (the epoch), and one that was made for another version of the
route (the generation, names and old weights). The generation is tested, not the resourceVersion, because writing status
changes the latter all the time. RFC 6902.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trellis.canary.rules import Route, SplitRule, Vector

FIELD_MANAGER = "trellis-canary"

_PREFIX = "trellis.dev/canary-"
EXECUTION, EPOCH, PHASE, BASELINE, EXPECTED = (
    _PREFIX + name for name in ("execution", "epoch", "phase", "baseline", "expected")
)
ANNOTATIONS = (EXECUTION, EPOCH, PHASE, BASELINE, EXPECTED)
"""What a canary in progress writes on its route."""

Operation = dict[str, Any]


@dataclass(frozen=True)
class RouteWrite:
    """What is to be written: weights by rule and backend, and annotations, of which None is taken away.

    `held_epoch` is the epoch that the route must carry, None for a route that carries none yet.
    """

    weights: Vector = field(default_factory=dict)
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    held_epoch: int | None = None


def annotations_of(
    *, execution: str, epoch: int, phase: str, baseline: Vector, expected: Vector
) -> dict[str, str | None]:
    """The annotations of a canary in progress: from them alone a person can restore the weights."""
    return {
        EXECUTION: execution,
        EPOCH: str(epoch),
        PHASE: phase,
        BASELINE: compact(baseline),
        EXPECTED: compact(expected),
    }


def no_annotations() -> dict[str, str | None]:
    """Takes away what a canary has written."""
    return dict.fromkeys(ANNOTATIONS)


def compact(vector: Vector) -> str:
    """A vector as an annotation carries it."""
    return json.dumps({key: dict(weights) for key, weights in vector.items()}, sort_keys=True, separators=(",", ":"))


def patch_of(route: Route, rules: Mapping[str, SplitRule], write: RouteWrite) -> list[Operation]:
    """The patch for the route as it was read; `rules` are its rules by the keys of the vector (see `locate`).

    Empty when there is nothing to change. Rules and backends that are not there any more are left out.
    """
    changes = [*_weight_changes(rules, write.weights), *_annotation_changes(route, write.annotations)]
    return [*_identity(route, write.held_epoch), *changes] if changes else []


def git_patch(rules: Sequence[SplitRule], vector: Vector) -> list[Operation]:
    """What to change in Git, so that it says what is served; `add` also sets a weight that was not written before."""
    return [
        {"op": "add", "path": f"/spec/rules/{rule.index}/backendRefs/{ref.index}/weight", "value": weight}
        for rule in rules
        for ref in rule.refs
        if (weight := vector.get(rule.key, {}).get(ref.label)) is not None and weight != ref.weight
    ]


def pointer(text: str) -> str:
    """One part of a JSON Pointer (RFC 6901)."""
    return text.replace("~", "~0").replace("/", "~1")


def _identity(route: Route, held_epoch: int | None) -> Iterator[Operation]:
    metadata = route["metadata"]
    for member in ("uid", "generation"):
        yield {"op": "test", "path": f"/metadata/{member}", "value": metadata[member]}
    if held_epoch is not None:
        yield {"op": "test", "path": f"/metadata/annotations/{pointer(EPOCH)}", "value": str(held_epoch)}


def _weight_changes(rules: Mapping[str, SplitRule], weights: Vector) -> Iterator[Operation]:
    for key, wanted in weights.items():
        rule = rules.get(key)
        if rule is None or all(wanted.get(ref.label, ref.weight) == ref.weight for ref in rule.refs):
            continue
        place = f"/spec/rules/{rule.index}/backendRefs"
        for ref in rule.refs:
            yield {"op": "test", "path": f"{place}/{ref.index}/name", "value": ref.name}
            if ref.is_written:
                yield {"op": "test", "path": f"{place}/{ref.index}/weight", "value": ref.weight}
        for ref in rule.refs:
            if (new := wanted.get(ref.label, ref.weight)) != ref.weight:
                op = "replace" if ref.is_written else "add"
                yield {"op": op, "path": f"{place}/{ref.index}/weight", "value": new}


def _annotation_changes(route: Route, wanted: Mapping[str, str | None]) -> list[Operation]:
    found = route["metadata"].get("annotations")
    there = found or {}
    changes: list[Operation] = []
    for name, value in wanted.items():
        path = f"/metadata/annotations/{pointer(name)}"
        if value is None and name in there:
            changes.append({"op": "remove", "path": path})
        elif value is not None and there.get(name) != value:
            changes.append({"op": "add", "path": path, "value": value})
    missing = not found and any(change["op"] == "add" for change in changes)
    return [{"op": "add", "path": "/metadata/annotations", "value": {}}, *changes] if missing else changes
