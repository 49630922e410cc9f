"""Going back to the baseline: whether it can take the traffic, and what is left to be put back."""

from enum import StrEnum

from trellis.canary.evidence import TargetCounts
from trellis.canary.live_route import LiveRoute
from trellis.canary.request_parts import Safety
from trellis.canary.rules import Vector


class Guard(StrEnum):
    """`PROCEED`, `HOLD` because the baseline cannot serve, or `UNKNOWN` because nobody knows whether it can."""

    PROCEED = "PROCEED"
    HOLD = "HOLD"
    UNKNOWN = "UNKNOWN"


def rollback_guard(baseline_targets: TargetCounts | None, safety: Safety, *, force: bool = False) -> Guard:
    """Whether all traffic may go to the baseline. A failing canary still beats a baseline without any target.

    `force` is what an operator says who knows better. None stands for targets that could not be read.
    """
    if force:
        return Guard.PROCEED
    if baseline_targets is None:
        return Guard.UNKNOWN
    enough = baseline_targets.serving >= safety.min_healthy_baseline_targets
    return Guard.PROCEED if enough else Guard.HOLD


def rollback_vector(live: LiveRoute, baseline: Vector) -> Vector:
    """The baseline's weights for what still exists; what somebody removed is not put back."""
    return {
        key: {ref.label: baseline[key][ref.label] for ref in rule.refs if ref.label in baseline[key]}
        for key, rule in live.rules.items()
    }
