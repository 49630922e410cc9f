"""Whether a resource's own policy lets a service act for a source: queue, topic and function policies.

Only service principals are judged here; identities are judged by the endpoint. An unknown condition operator is an
error; an unknown condition key is an absent one, as in IAM.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class UnsupportedPolicyError(ValueError):
    """The policy uses a condition operator that is not evaluated here."""


@dataclass(frozen=True)
class ServiceRequest:
    """One action of a service on a resource, for a rule or schedule."""

    principal: str
    action: str
    resource: str
    source_arn: str
    source_account: str

    def context(self) -> dict[str, str]:
        """The condition keys that AWS sets for a service's request, lower case."""
        return {
            "aws:sourcearn": self.source_arn,
            "aws:sourceaccount": self.source_account,
            "aws:securetransport": "true",
            "aws:principalisawsservice": "true",
            "aws:principalservicename": self.principal,
        }


def allowed(policy: Mapping[str, Any] | None, request: ServiceRequest) -> bool:
    """Whether some statement allows `request` and none denies it."""
    statements = _as_list((policy or {}).get("Statement", []))
    effects = {statement["Effect"] for statement in statements if _applies(statement, request)}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], request: ServiceRequest) -> bool:
    unread = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unread:
        raise UnsupportedPolicyError(f"policy element {', '.join(sorted(unread))} is not supported")
    return (
        _principal_matches(statement.get("Principal"), request.principal)
        and any(_like(str(action).lower(), request.action.lower()) for action in _as_list(statement["Action"]))
        and any(_like(str(resource), request.resource) for resource in _as_list(statement["Resource"]))
        and _conditions_hold(statement.get("Condition", {}), request.context())
    )


def _principal_matches(principal: Any, service: str) -> bool:
    if isinstance(principal, Mapping):
        return service in _as_list(principal.get("Service", [])) or "*" in _as_list(principal.get("AWS", []))
    return bool(principal == "*")


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    return all(
        _condition_holds(operator, key.lower(), wanted=[str(value) for value in _as_list(values)], context=context)
        for operator, tests in conditions.items()
        for key, values in tests.items()
    )


def _condition_holds(operator: str, key: str, *, wanted: list[str], context: Mapping[str, str]) -> bool:
    name = operator.removesuffix("IfExists")
    test = _OPERATORS.get(name)
    if test is None:
        raise UnsupportedPolicyError(f"condition operator {operator} is not supported")
    negated = "Not" in name
    if key not in context:
        return negated or operator.endswith("IfExists")
    return any(test(value, context[key]) for value in wanted) is not negated


def _like(pattern: str, value: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _equal(wanted: str, value: str) -> bool:
    return wanted == value


def _same_truth(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringNotEquals": _equal,
    "StringLike": _like,
    "StringNotLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "ArnNotEquals": _like,
    "ArnNotLike": _like,
    "Bool": _same_truth,
}
