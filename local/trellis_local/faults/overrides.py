"""Values that are replaced for a while; the last replacement counts, and each can be taken back in any order."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Overrides(Generic[K, V]):
    """The replacements of the values that `read(key)` gives and `write(key, value)` sets; the caller locks."""

    def __init__(self, *, read: Callable[[K], V], write: Callable[[K, V], None]) -> None:
        self._read = read
        self._write = write
        self._before: dict[K, V] = {}
        self._put: dict[K, list[list[V]]] = {}

    def put(self, key: K, value: V) -> Callable[[], None]:
        """Replace a value; call the result to take it back."""
        self._before.setdefault(key, self._read(key))
        entry = [value]  # a list, so that equal values are told apart
        self._put.setdefault(key, []).append(entry)
        self._write(key, value)
        return lambda: self._take_back(key, entry)

    def _take_back(self, key: K, entry: list[V]) -> None:
        left = [other for other in self._put.pop(key) if other is not entry]
        if left:
            self._put[key] = left
        self._write(key, left[-1][0] if left else self._before.pop(key))
