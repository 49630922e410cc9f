"""Makes a function's calls of one AWS API at the times that the budget gives them.

The waits are fractions of a second as long as the budget is not used up. Who would have to wait longer before the first
call raises ThrottledError, and the state machine waits; who has begun stays in the queue, since what was read would be
lost. A call that AWS throttles takes a second of everybody's time.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trellis.fleet.budget import Budget
from trellis.observability import THROTTLING

_FIRST_BATCH, _LARGEST_BATCH = 5, 100
"""Calls reserved at once: few for who makes few, and at most as many as are made in a second."""

_LAPSE_SECONDS = 1.0
"""Calls whose time was so long ago are given back: made late, they would come on top of those that are due."""

_LONGEST_WAIT_SECONDS = 60.0
"""Of a function that has begun; together with its own work less than any function's time-out."""

_SLOW_DOWN_SECONDS = 1.0

_NAP_SECONDS = 0.05
"""Longest sleep between two looks at the clock."""


@dataclass(frozen=True)
class Rate:
    """Calls of an API in a second, and for how many seconds a function waits before its first one."""

    api: str
    per_second: float
    first_wait: float


class Pacer:
    """Of one API in one function, used by all its threads; `clock` gives Unix seconds."""

    def __init__(
        self, budget: Budget, rate: Rate, *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._budget = budget
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._left = 0
        self._batch = _FIRST_BATCH
        self._slowed_at = 0.0

    def before_call(self, **_: Any) -> None:
        """Wait until the next call's time; raises ThrottledError. A handler of botocore's `request-created`."""
        with self._lock:
            at = self._take()
        while (wait := at - self._clock()) > 0:
            self._sleep(min(wait, _NAP_SECONDS))

    def after_call(self, *, parsed_response: Any = None, **_: Any) -> None:
        """Slow all down when AWS has throttled the call. A handler of botocore's `response-received`."""
        if ((parsed_response or {}).get("Error") or {}).get("Code") not in THROTTLING:
            return
        with self._lock:
            now = self._clock()
            if now - self._slowed_at >= _SLOW_DOWN_SECONDS:
                self._slowed_at, self._left = now, 0
                self._budget.reserve(self._rate.api, seconds=_SLOW_DOWN_SECONDS, longest_wait=_LONGEST_WAIT_SECONDS)

    def _take(self) -> float:
        now = self._clock()
        lapsed = self._next < now - _LAPSE_SECONDS
        if lapsed or not self._left:
            self._reserve(begins=lapsed)
        at, self._next, self._left = self._next, self._next + 1 / self._rate.per_second, self._left - 1
        return at

    def _reserve(self, *, begins: bool) -> None:
        batch = max(_FIRST_BATCH, self._batch // 2) if begins else self._batch * 2
        self._batch = max(1, min(batch, _LARGEST_BATCH, int(self._rate.per_second)))
        longest = self._rate.first_wait if begins else _LONGEST_WAIT_SECONDS
        seconds = self._batch / self._rate.per_second
        self._next = self._budget.reserve(self._rate.api, seconds=seconds, longest_wait=longest)
        self._left = self._batch
