"""The one clock of the local stack, which can run faster than real time.

`virtual = start + (real - start) * speed`: it keeps no state that advances, so every process that knows `start` and
`speed` reads the same time. Waits, schedules, retries, state changes of AWS resources and metric timestamps use it;
sockets and process limits do not.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """`start` is real Unix time in seconds; `speed` 1 is real time, 60 makes a minute of every second."""

    start: float
    speed: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError for a clock that would stand still or run backwards."""
        if not self.speed > 0:
            raise ValueError(f"speed must be greater than 0, not {self.speed}")

    def time(self) -> float:
        """Virtual Unix time in seconds."""
        return self.start + (time.time() - self.start) * self.speed

    def now(self) -> datetime:
        """Virtual time, aware, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def real_seconds(self, virtual_seconds: float) -> float:
        """How long a virtual duration takes in real seconds."""
        return virtual_seconds / self.speed

    def sleep(self, virtual_seconds: float, interrupt: threading.Event | None = None) -> bool:
        """Sleep for virtual seconds; True when `interrupt` was set meanwhile."""
        waiter = interrupt if interrupt is not None else threading.Event()
        return waiter.wait(max(0.0, self.real_seconds(virtual_seconds)))


_current = Clock(start=time.time())


def current() -> Clock:
    """The clock of this process."""
    return _current


def use(clock: Clock) -> None:
    """Make `clock` the clock of this process; the stack does so once, before it starts anything."""
    global _current  # noqa: PLW0603 - one clock for each process is the point of this module
    _current = clock
