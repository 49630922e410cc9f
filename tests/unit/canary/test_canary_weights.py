"""Weights: exact shares of the pair, and everybody else's share as it was."""

from fractions import Fraction

import pytest
from canary_making import law
from hypothesis import given
from hypothesis import strategies as st

from trellis.canary.weights import MAX_WEIGHT, RuleWeights, WeightPrecisionError, at_percent, scale, shifted, tenths

WHOLE = st.integers(0, 100).map(float)
TENTHS = st.integers(0, 1000).map(lambda value: value / 10)
WEIGHTS = st.builds(
    RuleWeights, st.integers(1, MAX_WEIGHT), st.just(0), st.lists(st.integers(0, MAX_WEIGHT), max_size=4).map(tuple)
)


def share(weights: RuleWeights, index: int) -> Fraction:
    return Fraction(weights.others[index], weights.total)


@law
@given(weights=WEIGHTS, percents=st.lists(WHOLE | TENTHS, min_size=1, max_size=5))
def test_f40_a_percent_is_met_exactly_and_the_others_keep_their_shares(
    weights: RuleWeights, percents: list[float]
) -> None:
    try:
        scaled = scale(weights, percents)
    except WeightPrecisionError:
        return
    for percent in percents:
        found = at_percent(scaled, percent)
        assert Fraction(found.canary, found.pair) == Fraction(tenths(percent), 1000)
        assert found.total > 0
        assert all(0 <= weight <= MAX_WEIGHT for weight in (found.baseline, found.canary, *found.others))
        for index in range(len(weights.others)):
            assert abs(share(found, index) - share(weights, index)) <= Fraction(1, 1000)


@law
@given(baseline=st.integers(1, MAX_WEIGHT), percents=st.lists(TENTHS, min_size=1, max_size=5))
def test_f40_a_rule_with_the_pair_alone_takes_every_strategy(baseline: int, percents: list[float]) -> None:
    assert scale(RuleWeights(baseline, 0), percents).total in (100, 1000)


@pytest.mark.parametrize(
    ("before", "percent", "after"),
    [
        (RuleWeights(1, 0), 5, RuleWeights(95, 5)),
        (RuleWeights(999, 0), 25, RuleWeights(75, 25)),
        (RuleWeights(100, 0, (5,)), 0.1, RuleWeights(999, 1, (50,))),
        (RuleWeights(1, 0, (5,)), 10, RuleWeights(90, 10, (500,))),
        (RuleWeights(200, 0, (999,)), 50, RuleWeights(100, 100, (999,))),
        (RuleWeights(100, 0), 0, RuleWeights(100, 0)),
        (RuleWeights(100, 0), 100, RuleWeights(0, 100)),
        (RuleWeights(1000, 0), 0.5, RuleWeights(995, 5)),
    ],
)
def test_f40_examples(before: RuleWeights, percent: float, after: RuleWeights) -> None:
    assert shifted(before, percent, [percent]) == after


def test_f40_the_whole_in_thousandths_stays_below_the_largest_weight() -> None:
    assert shifted(RuleWeights(100, 0, (5,)), 100, [0.1, 100]) == RuleWeights(0, 999, (50,))


@pytest.mark.parametrize(
    ("weights", "percent"),
    [(RuleWeights(3, 0, (1,)), 10), (RuleWeights(1, 0, (999,)), 50), (RuleWeights(0, 0, (1,)), 50)],
)
def test_f40_what_cannot_be_written_is_refused(weights: RuleWeights, percent: float) -> None:
    with pytest.raises(WeightPrecisionError):
        scale(weights, [percent])


@pytest.mark.parametrize("percent", [0.05, 33.33, -1, 100.1])
def test_f40_percents_have_one_decimal(percent: float) -> None:
    with pytest.raises(WeightPrecisionError):
        tenths(percent)


def test_the_percent_of_weights() -> None:
    assert RuleWeights(3, 1, (100,)).percent == 25
    assert RuleWeights(0, 0, (1,)).percent == 0
