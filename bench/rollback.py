"""How long a canary that begins to fail every request is left alone: simulated looks, from that moment to the verdict.

What comes after the verdict, the reconcile and its verification, is not in it. CloudWatch has each minute some seconds
after its end; a health check finds the failure only if what it asks for fails too. Exit status 1 if the bound is missed
where it must hold.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from trellis.canary.evidence import MINUTE, Evidence, Minute, Series, TargetCounts
from trellis.canary.judge import judge
from trellis.canary.liveness import seconds_to_next_look
from trellis.canary.request import parse_request
from trellis.canary.strategy import Step
from trellis.canary.verdict import Action, JudgeConfig, Moment

REQUEST = parse_request(
    {
        "cluster": "bench",
        "route": {"namespace": "shop", "name": "orders"},
        "baseline": {"name": "v1"},
        "canary": {"name": "v2"},
    }
)
CONFIG = JudgeConfig.of(REQUEST)
STEP = Step(0, 50.0, 3600)
PER_SECOND = 25
"""Half of 50 requests a second."""

VERIFIED = 1_000_000_020
CALM = 10 * MINUTE
"""How long the canary does well before it fails."""

UNHEALTHY_AFTER = 2
"""Failed checks in a row, the default of VPC Lattice."""

BOUND = 75
"""A tick of 60 s and 15 s more, of which the rollback itself needs some."""


@dataclass(frozen=True)
class Situation:
    """`delay`: seconds until CloudWatch has a minute. `interval`: seconds between health checks, None if they pass."""

    delay: int
    interval: int | None = None

    def is_bound(self) -> bool:
        """Whether the verdict must come within the bound: the minute is there at the first look, or checks are fast."""
        return self.delay <= 5 or self.interval == 5


SITUATIONS = tuple(Situation(delay, interval) for delay in (0, 5, 30, 60, 120) for interval in (None, 30, 5))


def latencies(situation: Situation) -> list[int]:
    """Seconds from the first failure to the verdict, for each second of a minute and each phase of the health check."""
    phases = range(situation.interval or 1)
    return [_latency(situation, second, phase) for second in range(MINUTE) for phase in phases]


def _latency(situation: Situation, second: int, phase: int) -> int:
    failing = VERIFIED + CALM + second
    return next(now - failing for now in _looks() if now >= failing and _is_stopped(situation, failing, phase, now))


def _looks() -> Iterator[int]:
    now = VERIFIED
    while True:
        now += seconds_to_next_look(REQUEST, now=now)
        yield now


def _is_stopped(situation: Situation, failing: int, phase: int, now: int) -> bool:
    healthy = situation.interval is None or now < _unhealthy_at(failing, phase, situation.interval)
    targets = TargetCounts(healthy=2) if healthy else TargetCounts(unhealthy=2)
    baseline, canary = _series(now - situation.delay, failing=None), _series(now - situation.delay, failing=failing)
    evidence = Evidence(baseline, canary, baseline_targets=TargetCounts(healthy=2), canary_targets=targets)
    moment = Moment(now=now, step=STEP, started_at=VERIFIED, verified_at=VERIFIED, deadline_at=VERIFIED + 86_400)
    return judge(CONFIG, evidence, moment).action is Action.ROLLBACK


def _unhealthy_at(failing: int, phase: int, interval: int) -> int:
    first = next(at for at in count(VERIFIED + phase, interval) if at >= failing)
    return first + (UNHEALTHY_AFTER - 1) * interval


def _series(known: int, *, failing: int | None) -> Series:
    starts = range(VERIFIED, known - MINUTE + 1, MINUTE)
    return tuple(Minute(at, MINUTE * PER_SECOND, _failures(at, failing), answers=MINUTE * PER_SECOND) for at in starts)


def _failures(start: int, failing: int | None) -> int:
    return 0 if failing is None else PER_SECOND * min(MINUTE, max(0, start + MINUTE - failing))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if the bound is missed."""
    missed = False
    print("CloudWatch late by   health check every   mean   worst")
    for situation in SITUATIONS:
        found = latencies(situation)
        late = situation.is_bound() and max(found) >= BOUND
        missed |= late
        check = f"{situation.interval} s" if situation.interval else "passes"
        row = f"{situation.delay:>12} s {check:>22} {sum(found) / len(found):>10.0f} s {max(found):>4} s"
        print(f"{row}  {'MISSED' if late else ''}".rstrip(), flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
