"""Label and field selectors of list and watch requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from trellis_local.kubernetes.errors import bad_request
from trellis_local.kubernetes.objects import Object, labels_of

Predicate = Callable[[Object], bool]
_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_FIELD_PATHS = frozenset(
    {
        "metadata.name",
        "metadata.namespace",
        "spec.nodeName",
        "spec.serviceAccountName",
        "spec.clusterIP",
        "spec.type",
        "status.phase",
        "status.podIP",
        "type",
    }
)


def label_predicate(selector: str) -> Predicate:
    """A test for `a=b,c!=d,e in (f,g),!h`; raises BadRequest for anything else."""
    requirements = [_requirement(part) for part in _split(selector)]
    return lambda obj: all(requirement(labels_of(obj)) for requirement in requirements)


def _split(selector: str) -> list[str]:
    parts = re.split(r",(?![^(]*\))", selector)
    return [part.strip() for part in parts if part.strip()]


def _requirement(part: str) -> Callable[[dict[str, str]], bool]:
    if match := _SET.match(part):
        key, operator, listed = match.groups()
        values = {value.strip() for value in listed.split(",")}
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if part.startswith("!"):
        return lambda labels: part[1:].strip() not in labels
    for operator in ("!=", "==", "="):
        if operator in part:
            key, _, value = (piece.strip() for piece in part.partition(operator))
            if operator == "!=":
                return lambda labels: labels.get(key) != value
            return lambda labels: labels.get(key) == value
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", part):
        raise bad_request(f"unable to parse requirement: {part!r}")
    return lambda labels: part in labels


def field_predicate(selector: str) -> Predicate:
    """A test for `metadata.name=x,status.phase!=y`; raises BadRequest for a field that is not selectable."""
    tests: list[Predicate] = []
    for part in _split(selector):
        operator = "!=" if "!=" in part else "==" if "==" in part else "="
        path, separator, value = part.partition(operator)
        if not separator or path not in _FIELD_PATHS:
            raise bad_request(f"field label not supported: {path}")
        tests.append(_field_test(path, value, wanted=operator != "!="))
    return lambda obj: all(test(obj) for test in tests)


def selected_name(selector: str) -> str:
    """The name that a field selector asks for, by which a list is authorised as a request for that object is.

    https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
    """
    for part in _split(selector):
        path, separator, value = part.partition("=")
        if separator and path == "metadata.name":
            return value.removeprefix("=")
    return ""


def _field_test(path: str, value: str, *, wanted: bool) -> Predicate:
    def test(obj: Object) -> bool:
        found: Any = obj
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return (str(found or "") == value) is wanted

    return test


def matches_selector(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether labels satisfy a LabelSelector object (matchLabels and matchExpressions)."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(expression, labels) for expression in selector.get("matchExpressions") or [])


def _expression(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
