"""The call budget: all functions together stay under a number of calls in a second."""

from typing import Any

import pytest
from fleet_clock import NOW, Clock

from trellis.errors import ThrottledError
from trellis.fleet.budget import Budget


@pytest.fixture
def budget(dynamodb: Any, clock: Clock) -> Budget:
    return Budget(dynamodb, "fleet", clock=clock)


def take(budget: Budget, seconds: float = 1.0, *, api: str = "ec2") -> float:
    """When the time that is taken begins, in seconds from now."""
    return budget.reserve(api, seconds=seconds, longest_wait=10) - NOW


def test_what_is_taken_follows_what_others_have_taken(budget: Budget) -> None:
    assert [take(budget, seconds) for seconds in (1, 0.5, 2)] == pytest.approx([0, 1, 1.5])


def test_each_api_has_a_budget_of_its_own(budget: Budget) -> None:
    assert [take(budget), take(budget, api="route53")] == pytest.approx([0, 0])


def test_time_that_nobody_has_taken_is_lost(budget: Budget, clock: Clock) -> None:
    take(budget)
    clock.now += 60
    assert [take(budget), take(budget)] == pytest.approx([60, 61])


def test_who_would_wait_too_long_takes_nothing(budget: Budget, clock: Clock) -> None:
    take(budget, 11)
    with pytest.raises(ThrottledError, match="ec2"):
        take(budget)
    clock.now += 1
    assert take(budget) == pytest.approx(11)


def test_functions_that_reserve_in_the_same_moment_do_not_share_it(dynamodb: Any, clock: Clock) -> None:
    # One after the other: updates of one item are atomic in DynamoDB, and not in moto.
    begins = [take(Budget(dynamodb, "fleet", clock=clock), 0.1) for _ in range(8)]
    assert begins == pytest.approx([number / 10 for number in range(8)])
