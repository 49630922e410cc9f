"""Whether policies allow one action on one resource: explicit deny, then allow, then implicit deny.

Pure. Resource-based policies, service control policies and session policies are not its business.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from trellis_local.iam.conditions import UnknownOperatorError, check_operator, holds
from trellis_local.iam.patterns import Context, matches, matches_with_variables

_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


class InvalidPolicyError(ValueError):
    """A policy document that IAM would not accept."""


class Verdict(Enum):
    """The outcome of an evaluation."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "implicit deny"
    DENIED = "explicit deny"
    NOT_ALLOWED_BY_BOUNDARY = "permissions boundary"


@dataclass(frozen=True)
class Condition:
    """One operator with one context key and the values of the policy."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement; the `not_` fields are True when the element is NotAction, NotResource or NotPrincipal."""

    effect: str
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...]
    not_resource: bool
    principals: tuple[tuple[str, str], ...]
    not_principal: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Access:
    """What is asked for: an action on a resource ARN (or `*`), with the context keys in lower case."""

    action: str
    resource: str
    context: Context


@lru_cache(maxsize=2048)
def parse_policy(document: str) -> tuple[Statement, ...]:
    """The statements of a policy document; raises InvalidPolicyError."""
    try:
        policy = json.loads(document)
    except ValueError as error:
        raise InvalidPolicyError("a policy must be a JSON document") from error
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise InvalidPolicyError("a policy must have a Statement")
    statements = policy["Statement"]
    return tuple(_statement(item) for item in (statements if isinstance(statements, list) else [statements]))


def _statement(item: Any) -> Statement:
    _require_object(item, "a statement")
    unknown = set(item) - _ELEMENTS
    if unknown or item.get("Effect") not in ("Allow", "Deny"):
        raise InvalidPolicyError(f"a statement cannot have {sorted(unknown)} and must have an Effect: {item}")
    if ("Action" in item) == ("NotAction" in item):
        raise InvalidPolicyError(f"a statement needs either Action or NotAction: {item}")
    return Statement(
        effect=item["Effect"],
        actions=_texts(item.get("Action", item.get("NotAction"))),
        not_action="NotAction" in item,
        resources=_texts(item.get("Resource", item.get("NotResource", ()))),
        not_resource="NotResource" in item,
        principals=_principals(item.get("Principal", item.get("NotPrincipal", {}))),
        not_principal="NotPrincipal" in item,
        conditions=_conditions(item.get("Condition", {})),
    )


def _require_object(value: Any, what: str) -> None:
    if not isinstance(value, Mapping):
        raise InvalidPolicyError(f"{what} must be a JSON object: {value}")


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(item) for item in value) if isinstance(value, list | tuple) else (_text(value),)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _principals(value: Any) -> tuple[tuple[str, str], ...]:
    if value == "*":
        return (("AWS", "*"),)
    _require_object(value, "a principal other than *")
    return tuple((kind, name) for kind, names in value.items() for name in _texts(names))


def _conditions(value: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    _require_object(value, "a Condition")
    for keys in value.values():
        _require_object(keys, "what follows a condition operator")
    conditions = tuple(
        Condition(operator, key, _texts(values)) for operator, keys in value.items() for key, values in keys.items()
    )
    for condition in conditions:
        try:
            check_operator(condition.operator)
        except UnknownOperatorError as error:
            raise InvalidPolicyError(str(error)) from error
    return conditions


def applies(statement: Statement, access: Access) -> bool:
    """Whether action, resource and conditions of the statement match; its principal is not looked at."""
    return (
        any(matches(pattern, access.action, ignore_case=True) for pattern in statement.actions) != statement.not_action
        and _matches_resource(statement, access)
        and all(holds(item.operator, item.key, item.values, access.context) for item in statement.conditions)
    )


def _matches_resource(statement: Statement, access: Access) -> bool:
    found = any(
        pattern == "*" or matches_with_variables(pattern, access.resource, context=access.context)
        for pattern in statement.resources
    )
    return found != statement.not_resource


def evaluate(statements: Iterable[Statement], access: Access) -> Verdict:
    """The verdict of identity-based policies."""
    verdict = Verdict.NOT_ALLOWED
    for statement in statements:
        if applies(statement, access):
            if statement.effect == "Deny":
                return Verdict.DENIED
            verdict = Verdict.ALLOWED
    return verdict


def evaluate_with_boundary(
    statements: Iterable[Statement], boundary: Iterable[Statement] | None, access: Access
) -> Verdict:
    """The verdict of identity-based policies within a permissions boundary, if there is one."""
    verdict = evaluate(statements, access)
    if verdict is not Verdict.ALLOWED or boundary is None:
        return verdict
    limit = evaluate(boundary, access)
    return Verdict.NOT_ALLOWED_BY_BOUNDARY if limit is Verdict.NOT_ALLOWED else limit
