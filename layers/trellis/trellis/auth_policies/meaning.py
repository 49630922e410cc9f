"""What a policy means: two that are written differently can allow and deny the same.

AWS may give a policy back in other words than it was put: with another order, with a list of one, with the ARN of an
account in place of its id.
"""

import json
import re
from typing import Any

_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")
_ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root")


def means_the_same(one: str, other: str) -> bool:
    """Whether two documents allow and deny the same; what is no policy means what it says."""
    return one == other or _meaning(one) == _meaning(other)


def _meaning(text: str) -> Any:
    try:
        policy = json.loads(text)
        statements = policy["Statement"]
        found = [statements] if isinstance(statements, dict) else statements
        return policy.get("Version", "2008-10-17"), frozenset(_statement(item) for item in found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return text


def _statement(statement: dict[str, Any]) -> Any:
    """The elements without the Sid, which means nothing."""
    elements: dict[str, Any] = {"Effect": statement["Effect"]}
    for name in _LISTS:
        if name in statement:
            texts = _texts(statement[name])
            elements[name] = frozenset(text.lower() for text in texts) if name.endswith("Action") else texts
    for name in _PRINCIPALS:
        if name in statement:
            elements[name] = _principals(statement[name])
    if statement.get("Condition"):
        elements["Condition"] = frozenset(
            (operator, key, _texts(values))
            for operator, keys in statement["Condition"].items()
            for key, values in keys.items()
        )
    return frozenset(elements.items())


def _principals(value: Any) -> Any:
    kinds = {"AWS": "*"} if value == "*" else value
    return frozenset((kind, frozenset(_ROOT.sub(r"\1", name) for name in _texts(kinds[kind]))) for kind in kinds)


def _texts(value: Any) -> frozenset[str]:
    items = value if isinstance(value, list) else [value]
    return frozenset(str(item).lower() if isinstance(item, bool) else str(item) for item in items)
