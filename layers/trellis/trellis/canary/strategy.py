"""The steps of a strategy: how much, how long it is watched, and whether somebody has to agree before."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from trellis.canary.request_analysis import CheckOverrides
from trellis.canary.request_parts import StepPart, Strategy

MAX_STEPS = 20


@dataclass(frozen=True)
class Step:
    """One step; `gate` stands before it. A `bake_seconds` of 0 is a last step that is not judged."""

    index: int
    percent: float
    bake_seconds: int
    gate: bool = False
    min_requests: int | None = None
    checks: CheckOverrides = field(default_factory=CheckOverrides)


def percents_of(strategy: Strategy) -> tuple[float, ...]:
    """The percents in order, as they are asked for; not yet checked."""
    return tuple(part.percent for part in _parts(strategy))


def steps_of(
    strategy: Strategy, *, gates_before: Sequence[float] = (), gate_before_last: bool = False
) -> tuple[Step, ...]:
    """The steps in order, numbered from 0. `gates_before` are percents."""
    parts = tuple(_parts(strategy))
    last = len(parts) - 1
    return tuple(
        Step(
            index=index,
            percent=part.percent,
            bake_seconds=_bake(strategy, part, is_last=index == last),
            gate=part.gate or part.percent in gates_before or (gate_before_last and index == last),
            min_requests=part.min_requests,
            checks=part.checks,
        )
        for index, part in enumerate(parts)
    )


def seconds_left(steps: Sequence[Step], index: int, baked_seconds: float) -> int:
    """Seconds of baking until the end if nothing is extended or waited for; `index` is the step that bakes."""
    current = max(0, steps[index].bake_seconds - int(baked_seconds)) if index < len(steps) else 0
    return current + sum(step.bake_seconds for step in steps[index + 1 :])


def first_step(steps: Sequence[Step], resume_from_percent: float | None) -> int:
    """The index of the step to begin with; raises KeyError if no step has that percent."""
    if resume_from_percent is None:
        return 0
    for step in steps:
        if step.percent == resume_from_percent:
            return step.index
    raise KeyError(resume_from_percent)


def _bake(strategy: Strategy, part: StepPart, *, is_last: bool) -> int:
    if part.bake_seconds is not None:
        return part.bake_seconds
    return strategy.final_bake_seconds if is_last else strategy.bake_seconds


def _parts(strategy: Strategy) -> Iterator[StepPart]:
    match strategy.type:
        case "steps":
            yield from strategy.steps
        case "linear":
            size = Fraction(str(strategy.linear.step_percent))
            yield from _growing(size, lambda at: at + size)
        case "exponential":
            factor = Fraction(str(strategy.exponential.factor))
            yield from _growing(Fraction(str(strategy.exponential.start_percent)), lambda at: at * factor)
        case "allAtOnce":
            yield StepPart(percent=100)


def _growing(start: Fraction, grow: Callable[[Fraction], Fraction]) -> Iterator[StepPart]:
    """Steps in whole tenths until 100 %, or one more than are allowed where that is far off."""
    at = start
    for _ in range(MAX_STEPS):
        if at >= 100:
            break
        yield StepPart(percent=int(at * 10) / 10)
        at = grow(at)
    yield StepPart(percent=100)
