"""EventBridge event patterns, so that a rule matches here exactly what it matches in AWS.

Pure: no clock, no AWS. It refuses a pattern that AWS would refuse (`validate`), and knows nothing of rules or targets.
Source: "Amazon EventBridge event patterns" and "Comparison operators" in the EventBridge User Guide.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trellis_local.events.filters import InvalidEventPatternError, filter_matches, validate_filter

__all__ = ["InvalidEventPatternError", "matches", "validate"]

_Path = tuple[str, ...]


def validate(pattern: Any) -> None:
    """Raise InvalidEventPatternError, naming the path, unless AWS would accept `pattern`."""
    if not isinstance(pattern, Mapping):
        raise InvalidEventPatternError((), "the pattern must be an object")
    _validate_object(pattern, ())


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether a valid `pattern` matches `event`, the whole event envelope."""
    return _object_matches(pattern, event, path=(), leaves=frozenset(_leaf_paths(event, ())))


def _validate_object(pattern: Mapping[str, Any], path: _Path) -> None:
    if not pattern:
        raise InvalidEventPatternError(path, "empty objects are not allowed")
    for key, value in pattern.items():
        here = (*path, key)
        if key == "$or":
            _validate_or(value, path)
        elif isinstance(value, Mapping):
            _validate_object(value, here)
        elif isinstance(value, list):
            _validate_leaf(value, here)
        else:
            raise InvalidEventPatternError(here, "must be an object or an array")


def _validate_or(alternatives: Any, path: _Path) -> None:
    here = (*path, "$or")
    if not isinstance(alternatives, list) or len(alternatives) < 2:
        raise InvalidEventPatternError(here, "must be an array of at least two objects")
    for alternative in alternatives:
        if not isinstance(alternative, Mapping):
            raise InvalidEventPatternError(here, "must be an array of at least two objects")
        _validate_object(alternative, here)


def _validate_leaf(filters: Sequence[Any], path: _Path) -> None:
    if not filters:
        raise InvalidEventPatternError(path, "empty arrays are not allowed")
    for item in filters:
        validate_filter(item, path)


def _object_matches(pattern: Mapping[str, Any], value: Any, *, path: _Path, leaves: frozenset[_Path]) -> bool:
    """One element of an array has to satisfy the whole sub-pattern: fields of different elements never combine."""
    if isinstance(value, list):
        return any(_object_matches(pattern, element, path=path, leaves=leaves) for element in value or [{}])
    present = value if isinstance(value, Mapping) else {}
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(_object_matches(alternative, value, path=path, leaves=leaves) for alternative in wanted):
                return False
        elif isinstance(wanted, Mapping):
            if not _object_matches(wanted, present.get(key, {}), path=(*path, key), leaves=leaves):
                return False
        elif not _leaf_matches(wanted, list(_leaf_values(present, key)), absent=(*path, key) not in leaves):
            return False
    return True


def _leaf_matches(filters: Sequence[Any], values: Sequence[Any], *, absent: bool) -> bool:
    return any(
        absent if item == {"exists": False} else any(filter_matches(item, value) for value in values)
        for item in filters
    )


def _leaf_values(parent: Mapping[str, Any], key: str) -> Iterator[Any]:
    if key in parent:
        yield from _flatten(parent[key])


def _flatten(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _flatten(element)
    elif not isinstance(value, Mapping):
        yield value


def _leaf_paths(value: Any, path: _Path) -> Iterator[_Path]:
    """Where the event has leaves: `exists: false` asks the whole event, so it sees every element of an array."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _leaf_paths(child, (*path, key))
    elif isinstance(value, list):
        for element in value:
            yield from _leaf_paths(element, path)
    else:
        yield path
