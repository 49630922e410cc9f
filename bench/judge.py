"""How often the judge stops a good canary, and how fast it finds a bad one: simulated steps, judged tick by tick.

Failures are drawn from the binomial distribution of the true rates. Exit status 1 if a rate misses its target, or if a
step passes without data.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

from trellis.canary.evidence import MINUTE, Evidence, Minute, Series, TargetCounts
from trellis.canary.judge import judge
from trellis.canary.request import parse_request
from trellis.canary.strategy import steps_of
from trellis.canary.verdict import Action, JudgeConfig, Moment, Verdict

REQUEST = parse_request(
    {
        "cluster": "bench",
        "route": {"namespace": "shop", "name": "orders"},
        "baseline": {"name": "v1"},
        "canary": {"name": "v2"},
    }
)
CONFIG = JudgeConfig.of(REQUEST)
STEPS = {step.percent: step for step in steps_of(REQUEST.strategy)}
VERIFIED = 1_000_000_020
FIRST_MINUTE = 1_000_000_080
"""The first whole minute after the settle time."""


JUDGED_MINUTES = 7
"""What a bake of ten minutes leaves: its first minute settles, and the last two are not in CloudWatch yet."""

PER_STEP = -(-1000 // JUDGED_MINUTES)


@dataclass(frozen=True)
class Row:
    """One simulated situation: true rates of failures and requests per minute, of baseline and canary.

    `target` is in percent of the runs: at least so many stopped within `windows`, or at most so many in a whole step.
    The first tick of a step comes after 0 windows.
    """

    name: str
    rates: tuple[float, float]
    requests: tuple[int, int]
    percent: float
    target: float
    windows: int | None = None

    @property
    def minutes(self) -> int:
        """How many minutes are simulated after the one in which the step settles."""
        return JUDGED_MINUTES if self.windows is None else self.windows

    def is_met(self, stopped: float) -> bool:
        """Whether the share of stopped runs, in percent, meets the target."""
        return stopped <= self.target if self.windows is None else stopped >= self.target


GOOD, BAD, WORSE = (0.001, 0.001), (0.005, 0.05), (0.005, 0.02)

ROWS = (
    Row("good: 0.1 % both, 1,000 requests a step each", GOOD, (PER_STEP, PER_STEP), 50, 1.0),
    Row("good: 0.1 % both, 1,000 of 20,000 requests a step", GOOD, (19 * PER_STEP, PER_STEP), 5, 1.0),
    Row("good: 0.1 % both, 1,000 requests a minute each", GOOD, (1000, 1000), 50, 1.0),
    Row("good: 0.5 % both, 1,000 requests a step each", (0.005, 0.005), (PER_STEP, PER_STEP), 50, 5.0),
    Row("bad: 5 % against 0.5 %, 500 requests a window each", BAD, (500, 500), 50, 99.0, windows=2),
    Row("bad: 5 % against 0.5 %, 500 of 10,000 requests a window", BAD, (9500, 500), 5, 99.0, windows=2),
    Row("bad: 2 % against 0.5 %, 500 requests a window each", WORSE, (500, 500), 50, 95.0, windows=JUDGED_MINUTES),
    Row("bad: all fail, 20 of 400 requests a window", (0.001, 1.0), (380, 20), 5, 99.0, windows=1),
    Row("bad: all fail from the first on, 20 of 400 requests", (0.001, 1.0), (380, 20), 5, 99.0, windows=0),
)


@dataclass(frozen=True)
class Result:
    """How many of the runs were stopped, and by what."""

    runs: int
    reasons: Counter[str]

    @property
    def stopped(self) -> float:
        """In percent of the runs."""
        return 100 * self.reasons.total() / self.runs


def simulate(row: Row, runs: int, random: Random) -> Result:
    """Runs of one row, each judged at every tick until it is stopped or its time is over."""
    reasons = (reason for _ in range(runs) if (reason := _run(row, random)))
    return Result(runs, Counter(reasons))


def passes(runs: int, random: Random) -> Counter[bool]:
    """Steps that pass where minutes of the canary are missing at random: with enough data (True) and without."""
    found = (_pass(random) for _ in range(runs))
    return Counter(enough for enough in found if enough is not None)


def verdict_at(now: float, *, baseline: Series, canary: Series, percent: float) -> Verdict:
    """The verdict on a step of the default strategy; the canary is alive and no alarm is asked for."""
    evidence = Evidence(
        baseline, canary, canary_targets=TargetCounts(healthy=2), baseline_targets=TargetCounts(healthy=2)
    )
    step = STEPS[percent]
    moment = Moment(now=now, step=step, started_at=VERIFIED, verified_at=VERIFIED, deadline_at=VERIFIED + 86_400)
    return judge(CONFIG, evidence, moment)


def _run(row: Row, random: Random) -> str:
    baseline, canary = (
        (_minute(random, VERIFIED, rate, number), *_series(random, rate, number, row.minutes))
        for rate, number in zip(row.rates, row.requests, strict=True)
    )
    for judged in range(row.minutes + 1):
        delay = CONFIG.analysis.metric_delay_seconds if judged else 0
        now = FIRST_MINUTE + judged * MINUTE + delay
        known = baseline[: judged + 1], canary[: judged + 1]
        verdict = verdict_at(now, baseline=known[0], canary=known[1], percent=row.percent)
        if verdict.action in (Action.ROLLBACK, Action.PAUSE):
            return verdict.reason
    return ""


def _series(random: Random, rate: float, number: int, minutes: int) -> Series:
    return tuple(_minute(random, FIRST_MINUTE + at * MINUTE, rate, number) for at in range(minutes))


def _minute(random: Random, start: int, rate: float, number: int) -> Minute:
    return Minute(start, number, _binomial(random, number, rate), answers=number)


def _pass(random: Random) -> bool | None:
    """One step with a canary of up to 100 requests a minute; whether its data suffice if it passes."""
    kept, volume = random.random(), random.randrange(100)
    baseline = _series(random, 0.001, 19 * volume, 60)
    canary = tuple(minute for minute in _series(random, 0, volume, 60) if random.random() < kept)
    now = VERIFIED + random.randrange(1, 50) * MINUTE
    verdict = verdict_at(now, baseline=baseline, canary=canary, percent=5)
    if verdict.action != Action.ADVANCE:
        return None
    until = now - CONFIG.analysis.metric_delay_seconds
    known = [minute for minute in canary if minute.start + MINUTE <= until]
    return len(known) >= CONFIG.analysis.min_datapoints and volume * len(known) >= CONFIG.analysis.min_requests


def _binomial(random: Random, number: int, rate: float) -> int:
    """Jumps from one failure to the next, which is quick where they are rare."""
    if rate <= 0 or rate >= 1:
        return number if rate >= 1 else 0
    failures, at = 0, 0
    while True:
        at += int(log(1 - random.random()) / log(1 - rate)) + 1
        if at > number:
            return failures
        failures += 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a target is missed."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    missed = False
    for row in ROWS:
        result = simulate(row, options.runs, Random(f"{options.seed} {row.name}"))
        met = row.is_met(result.stopped)
        missed |= not met
        sign = "<=" if row.windows is None else ">="
        print(
            f"{row.name:<60}{result.stopped:>8.2f} % {sign} {row.target:g} %  {'met' if met else 'MISSED'}", flush=True
        )
    passed = passes(options.runs, Random(options.seed))
    told = f"{passed[False]} of {passed.total()} passes"
    print(f"{'no data: minutes missing at random, few requests':<60}{told:>22}  {'MISSED' if passed[False] else 'met'}")
    return int(missed or passed[False] > 0)


if __name__ == "__main__":
    sys.exit(main())
