"""Text from clusters and from AWS on its way into HTML: names and messages are other people's input."""

import json
import unicodedata
from html import escape
from typing import Any

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories of what cannot be seen: control characters, overrides of the direction, lone surrogates."""


_NOTHING: tuple[Any, ...] = (None, [], {})


def safe(value: Any, *, length: int = 0) -> str:
    """The text for an element or a quoted attribute; cut to `length` characters when given."""
    text = "".join("\N{REPLACEMENT CHARACTER}" if _is_invisible(character) else character for character in str(value))
    if length and len(text) > length:
        text = f"{text[: length - 1]}…"
    return escape(text, quote=True)


def words(value: Any) -> str:
    """A value of a report as a person reads it, not escaped: nothing, a text, or members with their values."""
    if value in _NOTHING:
        return "-"
    match value:
        case str():
            return value
        case {"forward": dict(shares)} if len(value) == 1:
            return "forward to " + ", ".join(f"{group}: {weight}" for group, weight in shares.items())
        case dict():
            return ", ".join(f"{name}: {words(member)}" for name, member in value.items() if member not in _NOTHING)
        case list():
            return ", ".join(words(member) for member in value)
        case _:
            return json.dumps(value)


def _is_invisible(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in _INVISIBLE
