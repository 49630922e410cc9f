"""What is wrong with a policy, and where."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; `place` is a JSON pointer (RFC 6901), or a line and column where it is no JSON."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def pointer(*parts: str | int) -> str:
    """A JSON pointer."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def quoted(value: object) -> str:
    """A value as it is shown in a message: in ASCII and short."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def strings(value: object, place: str) -> Iterable[tuple[str, str]]:
    """The strings of a value that is one string or a list of some, each with its place."""
    if isinstance(value, list):
        yield from ((f"{place}/{index}", item) for index, item in enumerate(value) if isinstance(item, str))
    elif isinstance(value, str):
        yield place, value
