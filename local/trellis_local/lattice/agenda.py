"""What will happen by the clock alone, the earliest first: to look for what is due is cheap when nothing is.

Who takes something out must ask whether it is still true: an entry stays when its subject changes its mind.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """Subjects by the virtual Unix time at which they fall due."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, T]] = []
        self._order = 0  # decides between equal times, since subjects cannot be compared

    def add(self, due: float, subject: T) -> None:
        """Let a subject fall due at a time."""
        self._order += 1
        heappush(self._entries, (due, self._order, subject))

    def take_due(self, now: float) -> Iterator[T]:
        """Take out what is due, the earliest first."""
        while self._entries and self._entries[0][0] <= now:
            yield heappop(self._entries)[2]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
