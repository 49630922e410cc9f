"""What speaks against a canary, with a stable code and the place of the error: all problems are told at once."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

_LONGEST_NAME = 64


@dataclass(frozen=True, order=True)
class Problem:
    """One reason to refuse a canary (`E_…`) or to warn of it (`W_…`); `place` is a path in the input or the object."""

    code: str
    place: str
    message: str

    def document(self) -> dict[str, str]:
        """As reports and errors carry it."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.code} {self.place}: {self.message}" if self.place else f"{self.code}: {self.message}"


class RefusedRequestError(ValueError):
    """The input of a canary is not acceptable; `problems` are all that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


def place_of(location: Iterable[Any]) -> str:
    """A path as people write it: `strategy.steps[1].percent`; names that nobody would write are cut."""
    text = ""
    for part in location:
        name = str(part)[:_LONGEST_NAME]
        text += f"[{part}]" if isinstance(part, int) else f".{name}" if text else name
    return text
