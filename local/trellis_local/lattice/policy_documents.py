"""The grammar of auth policies: that of IAM's resource-based policies.

Whether VPC Lattice insists on a statement, and on a Resource in it, is not documented: here it does not. Such a policy
allows nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Mapping
from typing import Any

_VERSIONS = ("2012-10-17", "2008-10-17")
_MEMBERS = {"Version", "Id", "Statement"}
_REQUIRED = (("Principal", "NotPrincipal"), ("Action", "NotAction"))
_PAIRS = (*_REQUIRED, ("Resource", "NotResource"))
_ELEMENTS = {"Sid", "Effect", "Condition", *(name for pair in _PAIRS for name in pair)}
_PRINCIPALS = {"AWS", "Federated", "Service", "CanonicalUser"}


def fault_of(policy: Mapping[str, Any]) -> str | None:
    """What the first fault of a policy is, in words that go on from "policy"; None when it has none."""
    if set(policy) - _MEMBERS:
        return f"has members that policies do not have: {sorted(set(policy) - _MEMBERS)}"
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        return f"has a Version that is not one of {', '.join(_VERSIONS)}"
    statements = policy.get("Statement")
    if not isinstance(statements, list | dict):
        return "is not a policy document with a Statement"
    faults = (_statement_fault(item) for item in (statements if isinstance(statements, list) else [statements]))
    return next((fault for fault in faults if fault), None)


def _statement_fault(statement: Any) -> str | None:
    if not isinstance(statement, dict):
        return "has a statement that is no JSON object"
    if set(statement) - _ELEMENTS:
        return f"has a statement with elements that do not exist: {sorted(set(statement) - _ELEMENTS)}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "has a statement whose Effect is neither Allow nor Deny"
    for one, other in _PAIRS:
        found = (one in statement) + (other in statement)
        if found > 1 or (not found and (one, other) in _REQUIRED):
            return f"has a statement with {'both' if found else 'neither'} of {one} and {other}"
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    lists = [statement[name] for pair in _PAIRS[1:] for name in pair if name in statement]
    if not _is_principal(principal) or not all(map(_is_list, lists)):
        return "has a statement with a malformed principal, action or resource"
    return None if _is_condition(statement.get("Condition", {})) else "has a statement with a malformed Condition"


def _is_principal(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and set(value) <= _PRINCIPALS and all(map(_is_list, value.values()))
    return bool(value == "*")


def _is_list(value: Any) -> bool:
    """Whether this is one string, or a list of some."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, str) and item for item in items)


def _is_condition(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(keys, dict) and keys for keys in value.values())
