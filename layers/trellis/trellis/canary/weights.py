"""Weights of one rule for a share of traffic, in whole numbers, with the other backends' shares as they were.

The share of the canary is a part of what baseline and canary have together. VPC Lattice takes weights from 0 to 999:
https://docs.aws.amazon.com/vpc-lattice/latest/APIReference/API_WeightedTargetGroup.html
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

MAX_WEIGHT = 999

_GRAIN = 10  # a tenth of a percent


class WeightPrecisionError(ValueError):
    """A percent of the strategy cannot be written in whole weights of the rule."""


@dataclass(frozen=True)
class RuleWeights:
    """The weights of one rule; `others` are those of the backends that the canary does not concern, in their order."""

    baseline: int
    canary: int
    others: tuple[int, ...] = ()

    @property
    def pair(self) -> int:
        """What baseline and canary have together."""
        return self.baseline + self.canary

    @property
    def total(self) -> int:
        """The sum of all weights."""
        return self.pair + sum(self.others)

    @property
    def percent(self) -> float:
        """The canary's share of the pair, in percent; 0 where the pair has nothing."""
        return float(Fraction(100 * self.canary, self.pair)) if self.pair else 0.0


def tenths(percent: float) -> int:
    """The percent in tenths; raises WeightPrecisionError if it has more decimals or is not within 0 and 100."""
    exact = Fraction(str(percent)) * _GRAIN
    if exact.denominator != 1 or not 0 <= exact <= 100 * _GRAIN:
        raise WeightPrecisionError(f"{percent} is not a multiple of 0.1 from 0 to 100")
    return int(exact)


def scale(weights: RuleWeights, percents: Iterable[float]) -> RuleWeights:
    """The same shares on a scale where each percent is a whole weight; raises WeightPrecisionError if there is none."""
    wanted = [tenths(percent) for percent in percents]
    if weights.pair <= 0:
        raise WeightPrecisionError("baseline and canary have no share of this rule")
    total = 100 if all(each % _GRAIN == 0 for each in wanted) else 1000
    others = tuple(Fraction(other * total, weights.pair) for other in weights.others)
    if all(other.denominator == 1 and other <= MAX_WEIGHT for other in others):
        share = Fraction(weights.canary * total, weights.pair)
        canary = round(share)
        return RuleWeights(total - canary, canary, tuple(int(other) for other in others))
    if any(each * weights.pair % (100 * _GRAIN) for each in wanted):
        raise WeightPrecisionError(
            f"weights {weights.baseline}:{weights.canary} beside {', '.join(map(str, weights.others))} "
            f"cannot be split into the steps in whole numbers up to {MAX_WEIGHT}"
        )
    return weights


def at_percent(scaled: RuleWeights, percent: float) -> RuleWeights:
    """The weights on that scale (see `scale`) with the canary at `percent` of the pair."""
    canary = Fraction(tenths(percent) * scaled.pair, 100 * _GRAIN)
    if canary.denominator != 1:
        raise WeightPrecisionError(f"{percent} % of {scaled.pair} is not a whole weight")
    baseline = scaled.pair - int(canary)
    return replace(scaled, baseline=min(baseline, MAX_WEIGHT), canary=min(int(canary), MAX_WEIGHT))


def shifted(weights: RuleWeights, percent: float, percents: Iterable[float]) -> RuleWeights:
    """The weights of one step of a strategy with those percents, from the weights before the canary."""
    return at_percent(scale(weights, [*percents, percent]), percent)
