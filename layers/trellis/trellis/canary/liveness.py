"""Whether a canary that says it runs still does. Clocks of several functions differ, so nothing is decided closely."""

from enum import StrEnum
from math import ceil

from trellis.canary.request import CanaryRequest

MAX_TICKS = 2_200
"""An execution has at most 25,000 events in its history, and a tick costs nine of them; the rest is for steps."""

_MINUTE = 60
_AFTER_MINUTE = 5
"""Seconds after the end of a minute: enough for a metric that is published at once."""

_LATE_TICKS = 3
_DEAD = 3


class Liveness(StrEnum):
    """`LATE` is told to somebody, `DEAD` is taken over."""

    ALIVE = "ALIVE"
    LATE = "LATE"
    DEAD = "DEAD"


def tick_seconds(request: CanaryRequest) -> int:
    """Seconds between two looks: what was asked for, or more where a long canary would not fit into one history."""
    return max(request.analysis.tick_seconds, ceil(request.safety.max_duration_seconds / MAX_TICKS))


def seconds_to_next_look(request: CanaryRequest, *, now: float) -> int:
    """Seconds to wait for the next tick: it comes shortly after the end of a minute, when its metrics are new."""
    tick = tick_seconds(request)
    if tick < _MINUTE:
        return tick
    after = (now - _AFTER_MINUTE) % _MINUTE
    return max(1, ceil(tick // _MINUTE * _MINUTE - after))


def liveness(request: CanaryRequest, *, heartbeat_at: float, now: float) -> Liveness:
    """How a running canary does by its last sign of life; the bound is never closer than three ticks."""
    bound = _LATE_TICKS * tick_seconds(request) + request.verify.timeout_seconds
    silent = now - heartbeat_at
    if silent <= bound:
        return Liveness.ALIVE
    return Liveness.LATE if silent <= _DEAD * bound else Liveness.DEAD
