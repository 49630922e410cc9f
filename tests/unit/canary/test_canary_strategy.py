"""Steps of each strategy, how long they bake, and what is left."""

import pytest
from canary_making import request

from trellis.canary.strategy import first_step, percents_of, seconds_left, steps_of


@pytest.mark.parametrize(
    ("strategy", "percents"),
    [
        ({}, (5, 25, 50, 100)),
        ({"type": "linear", "linear": {"stepPercent": 30}}, (30, 60, 90, 100)),
        ({"type": "linear", "linear": {"stepPercent": 33.3}}, (33.3, 66.6, 99.9, 100)),
        ({"type": "linear", "linear": {"stepPercent": 100}}, (100,)),
        ({"type": "exponential"}, (1, 2, 4, 8, 16, 32, 64, 100)),
        ({"type": "exponential", "exponential": {"startPercent": 0.5, "factor": 10}}, (0.5, 5, 50, 100)),
        ({"type": "exponential", "exponential": {"startPercent": 1, "factor": 1.5}}, None),
        ({"type": "allAtOnce"}, (100,)),
    ],
)
def test_the_steps_of_each_strategy(strategy: dict[str, object], percents: tuple[float, ...] | None) -> None:
    found = percents_of(request(strategy=strategy).strategy)
    assert found == percents if percents else found[:4] == (1, 1.5, 2.2, 3.3)
    assert found[-1] == 100


def test_a_step_bakes_as_it_says_or_as_all_do_and_the_last_one_as_the_last() -> None:
    steps = [{"percent": 5, "bakeSeconds": 900}, {"percent": 50}, {"percent": 100}]
    asked = request(strategy={"steps": steps, "bakeSeconds": 400, "finalBakeSeconds": 800})
    assert [step.bake_seconds for step in steps_of(asked.strategy)] == [900, 400, 800]


def test_gates_stand_before_the_steps_that_were_named_and_before_promoting() -> None:
    steps = [{"percent": 5}, {"percent": 25, "gate": True}, {"percent": 50}, {"percent": 100}]
    found = steps_of(request(strategy={"steps": steps}).strategy, gates_before=[5], gate_before_last=True)
    assert [step.gate for step in found] == [True, True, False, True]


def test_time_left_is_that_of_the_bakes_to_come() -> None:
    steps = steps_of(request().strategy)
    assert seconds_left(steps, 0, 0) == 2400
    assert seconds_left(steps, 1, 100.9) == 1700
    assert seconds_left(steps, 3, 9999) == 0
    assert seconds_left(steps, 4, 0) == 0


def test_a_canary_may_begin_at_a_later_step() -> None:
    steps = steps_of(request().strategy)
    assert (first_step(steps, None), first_step(steps, 25)) == (0, 1)
    with pytest.raises(KeyError):
        first_step(steps, 30)
