"""A policy as reports show it: without the values that requests must carry, which may be secrets."""

import json
from hashlib import sha256
from typing import Any

from trellis.auth_policies.conditions import HEADER, QUERY


def shown(document: str) -> str:
    """The document with a mark in place of each value of a header or query condition; other values, another mark."""
    try:
        policy = json.loads(document)
    except ValueError:
        return f"no JSON ({_mark(document)})"
    return json.dumps(_without_secrets(policy), separators=(",", ":"), ensure_ascii=False)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mark(member) if _is_secret(key) else _without_secrets(member) for key, member in value.items()}
    return [_without_secrets(member) for member in value] if isinstance(value, list) else value


def _is_secret(key: str) -> bool:
    return key.lower().startswith((HEADER.lower(), QUERY.lower()))


def _mark(value: Any) -> str:
    return f"hidden-{sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:4]}"
