"""A clock that only the test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from trellis_local import clock


@dataclass(frozen=True)
class SteppedClock(clock.Clock):
    """Stands still until `advance`; waits are a thousand times shorter than virtual time."""

    speed: float = 1000.0
    _elapsed: list[float] = field(default_factory=lambda: [0.0])

    def time(self) -> float:
        return self.start + self._elapsed[0]

    def advance(self, seconds: float) -> None:
        self._elapsed[0] += seconds


@contextmanager
def stepped_clock(start: datetime) -> Iterator[SteppedClock]:
    """The clock of this process stands at `start` until it is advanced."""
    before = clock.current()
    stepped = SteppedClock(start=start.timestamp())
    clock.use(stepped)
    try:
        yield stepped
    finally:
        clock.use(before)
