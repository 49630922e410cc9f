"""What is wrong with an input although each of its members is fine by itself. Nothing here needs a cluster or AWS."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from trellis.canary.blackout import BlackoutError, parse_blackout
from trellis.canary.problems import Problem
from trellis.canary.request_analysis import Analysis
from trellis.canary.request_queries import query_problems
from trellis.canary.strategy import MAX_STEPS, Step, steps_of
from trellis.canary.weights import WeightPrecisionError, tenths

if TYPE_CHECKING:
    from trellis.canary.request import CanaryRequest

HOOK_SECONDS = 60
"""How long a hook's function may take to answer."""

MIN_BAKE_SECONDS = 360
"""Three data points of a minute each, one minute to be complete, and two minutes until CloudWatch has them."""


def bake_floor(analysis: Analysis) -> int:
    """The shortest time, in seconds, after which a verdict is honest."""
    return max(MIN_BAKE_SECONDS, 60 + 60 * analysis.min_datapoints + analysis.metric_delay_seconds)


def request_problems(request: "CanaryRequest") -> list[Problem]:
    """All problems of the input, in its order."""
    steps = steps_of(request.strategy)
    return [
        *_backend_problems(request),
        *_selector_problems(request),
        *_step_problems(request, steps),
        *_bake_problems(request, steps),
        *_analysis_problems(request.analysis),
        *_gate_problems(request, steps),
        *_blackout_problems(request),
        *_duration_problems(request, steps),
    ]


_CONCERNED = {
    "E_STEPS": ("strategy",),
    "E_BAKE_TOO_SHORT": ("strategy", "analysis"),
    "E_DURATION": ("strategy", "analysis", "gates", "hooks", "safety"),
}


def concerned(problem: Problem) -> set[str]:
    """The members of the input that a problem of `request_problems` depends on."""
    member = problem.place.partition(".")[0]
    sides = {"baseline", "route"} if member == "canary" else set()
    return {member, *sides, *_CONCERNED.get(problem.code, ())}


def _backend_problems(request: "CanaryRequest") -> Iterator[Problem]:
    sides = [
        (side.kind, side.namespace or request.route.namespace, side.name) for side in (request.baseline, request.canary)
    ]
    ports = {side.port for side in (request.baseline, request.canary)}
    if sides[0] == sides[1] and (None in ports or len(ports) == 1):
        yield Problem("E_SCHEMA", "canary", "must be another backend than the baseline")


def _selector_problems(request: "CanaryRequest") -> Iterator[Problem]:
    selector = request.rule_selector
    wanted = {"all": None, "byName": "names", "byMatch": "matches"}[selector.mode]
    for member in ("names", "matches"):
        given = bool(getattr(selector, member))
        if given != (member == wanted):
            told = f"must {'not ' if given else ''}be given with mode {selector.mode}"
            yield Problem("E_SCHEMA", f"ruleSelector.{member}", told)


def _step_problems(request: "CanaryRequest", steps: tuple[Step, ...]) -> Iterator[Problem]:
    place = f"strategy.{request.strategy.type}" if request.strategy.type != "allAtOnce" else "strategy"
    percents = [step.percent for step in steps]
    if not percents:
        yield Problem("E_STEPS", place, "there must be a step")
        return
    if len(percents) > MAX_STEPS:
        yield Problem("E_STEPS", place, f"there must be at most {MAX_STEPS} steps")
    for index, percent in enumerate(percents):
        try:
            tenths(percent)
        except WeightPrecisionError as error:
            yield Problem("E_STEPS", f"{place}[{index}].percent", str(error))
    if percents[0] <= 0 or any(former >= later for former, later in pairwise(percents)):
        yield Problem("E_STEPS", place, "percents must grow from step to step, from more than 0")
    if percents[-1] != 100:
        yield Problem("E_STEPS", place, "the last step must be 100 %")
    if request.resume_from_percent is not None and request.resume_from_percent not in percents:
        yield Problem("E_STEPS", "resumeFromPercent", "must be the percent of a step")


def _bake_problems(request: "CanaryRequest", steps: tuple[Step, ...]) -> Iterator[Problem]:
    floor = bake_floor(request.analysis)
    for step in steps:
        unjudged = step.bake_seconds == 0 and step.index == len(steps) - 1 and step.index > 0
        if step.bake_seconds < floor and not unjudged:
            told = f"the step to {step.percent:g} % bakes {step.bake_seconds} s; no verdict is honest before {floor} s"
            yield Problem("E_BAKE_TOO_SHORT", f"strategy.steps[{step.index}].bakeSeconds", told)


def _analysis_problems(analysis: Analysis) -> Iterator[Problem]:
    if analysis.window_seconds % 60:
        yield Problem("E_SCHEMA", "analysis.windowSeconds", "must be whole minutes, as the metrics are")
    if analysis.on_inconclusive == "promote" and not analysis.allow_unsafe:
        told = "promotes without evidence, which analysis.allowUnsafe has to allow"
        yield Problem("E_SCHEMA", "analysis.onInconclusive", told)
    names = [metric.name for metric in analysis.custom]
    for index, metric in enumerate(analysis.custom):
        place = f"analysis.custom[{index}]"
        if metric.name in names[:index]:
            yield Problem("E_SCHEMA", f"{place}.name", "is the name of an earlier metric")
        bound = {"lower": "min", "higher": "max"}[metric.direction]
        if getattr(metric, bound) is None:
            yield Problem("E_SCHEMA", f"{place}.{bound}", f"must be given where {metric.direction} is bad")
        yield from query_problems(metric.metric_data_queries, f"{place}.metricDataQueries")


def _gate_problems(request: "CanaryRequest", steps: tuple[Step, ...]) -> Iterator[Problem]:
    percents = {step.percent for step in steps}
    for index, percent in enumerate(request.gates.before_step):
        if percent not in percents:
            yield Problem("E_STEPS", f"gates.beforeStep[{index}]", "must be the percent of a step")


def _blackout_problems(request: "CanaryRequest") -> Iterator[Problem]:
    for index, text in enumerate(request.safety.blackout):
        try:
            parse_blackout(text)
        except BlackoutError as error:
            yield Problem("E_SCHEMA", f"safety.blackout[{index}]", str(error))


def _duration_problems(request: "CanaryRequest", steps: tuple[Step, ...]) -> Iterator[Problem]:
    gates = request.gates
    gated = steps_of(request.strategy, gates_before=gates.before_step, gate_before_last=gates.before_promote)
    count = sum(step.gate for step in gated) + gates.before_start
    asked = (len(steps) if request.hooks.after_step else 0) + (request.hooks.before_promote is not None)
    longest = (
        sum(step.bake_seconds for step in steps)
        + request.analysis.max_extend_seconds
        + count * gates.timeout_seconds
        + asked * HOOK_SECONDS
    )
    if longest > request.safety.max_duration_seconds:
        allowed = request.safety.max_duration_seconds
        told = f"steps, extension, gates and hooks can take {longest} s, which is more than {allowed} s"
        yield Problem("E_DURATION", "safety.maxDurationSeconds", told)
