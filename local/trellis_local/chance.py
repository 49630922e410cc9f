"""When a switch that makes calls fail takes effect: always, at random, or for a number of times.

Randomness is seeded by whoever wants to see the same thing twice; nothing else of this package throws dice.
"""

import random
import threading


class Chance:
    """One decision after another, from any thread; `times` None is without end, `seed` None is never the same."""

    def __init__(self, *, probability: float = 1.0, times: int | None = None, seed: int | None = None) -> None:
        self._probability = probability
        self._remaining = times
        self._random = random.Random(seed)
        self._hits = 0
        self._lock = threading.Lock()

    @property
    def hits(self) -> int:
        """How often it took effect."""
        return self._hits

    @property
    def remaining(self) -> int | None:
        """How often it may still take effect; None is without end."""
        return self._remaining

    def strikes(self) -> bool:
        """Whether it takes effect this time, which uses up one of the times."""
        with self._lock:
            if self._remaining == 0 or self._random.random() >= self._probability:
                return False
            if self._remaining is not None:
                self._remaining -= 1
            self._hits += 1
            return True
