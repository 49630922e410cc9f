"""Strings that a shape of the API model allows, of any length that it allows, and strings that its pattern refuses."""

import re
from functools import cache

from botocore.model import Shape
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.strategies import from_regex

_SEARCH = settings(database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
_STRANGERS = ("A", " ", "é", "/", "\n", "-")
_LONGEST = 2048  # as far as a search goes; no pattern of the model needs more


def example(shape: Shape) -> str:
    """The simplest string of the shape."""
    if "enum" in shape.metadata:
        return str(shape.metadata["enum"][0])
    return _examples(shape)[0]


def of_length(shape: Shape, length: int) -> str | None:
    """A string of the shape's pattern with this length, None when the pattern allows none of it."""
    if "pattern" not in shape.metadata:
        return "a" * length
    for text in _examples(shape):
        for candidate in _resized(text, length):
            if len(candidate) == length and _fits(shape, candidate):
                return candidate
    return None


def unlike(shape: Shape) -> str:
    """A string that only the pattern of the shape refuses, not its length."""
    text = example(shape)
    alternatives = (text[:at] + c + text[at + 1 :] for at in range(len(text)) for c in _STRANGERS)
    uniform = (c * max(1, shape.metadata.get("min", 1)) for c in _STRANGERS)
    return next(candidate for candidate in (*alternatives, *uniform) if not _fits(shape, candidate))


def _fits(shape: Shape, text: str) -> bool:
    return re.fullmatch(shape.metadata["pattern"], text, re.ASCII) is not None


def _examples(shape: Shape) -> tuple[str, ...]:
    least = max(1, shape.metadata.get("min", 1))
    return _found(shape.metadata.get("pattern", "a+"), least, shape.metadata.get("max", _LONGEST))


@cache
def _found(pattern: str, least: int, most: int) -> tuple[str, ...]:
    strings = from_regex(re.compile(pattern, re.ASCII), fullmatch=True).filter(lambda text: least <= len(text) <= most)
    found = [find(strings, lambda _: True, settings=_SEARCH)]
    if "arn:" in pattern and not found[0].startswith("arn:"):
        found.append(find(strings, lambda text: text.startswith("arn:"), settings=_SEARCH))
    return tuple(found)


def _resized(text: str, length: int) -> list[str]:
    missing = length - len(text)
    if missing <= 0:
        return [text[:at] + text[at - missing :] for at in range(length + 1)]
    return [text[:at] + text[at - 1] * missing + text[at:] for at in range(1, len(text) + 1)]
