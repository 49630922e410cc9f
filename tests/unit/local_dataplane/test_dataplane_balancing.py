"""Which target gets a request."""

from collections import Counter
from random import Random

import pytest
from dataplane_fakes import forward, target_group

from trellis_local.dataplane.balancing import Balancer
from trellis_local.lattice.view import TargetView


def picks(*statuses: str, draws: int = 12) -> Counter:
    balancer = Balancer(Random(1))
    group = target_group("v1", *(TargetView(f"10.0.0.{n}", 80, status) for n, status in enumerate(statuses)))
    return Counter(balancer.pick_target(group).status for _ in range(draws))


def test_a_weight_of_zero_draws_nothing():
    balancer = Balancer(Random(1))
    weighted = forward(v1=0, v2=1)["forward"]["targetGroups"]
    assert {balancer.pick_group(weighted) for _ in range(200)} == {"tg-v2"}


def test_weights_that_are_all_zero_draw_no_group():
    assert Balancer(Random(1)).pick_group(forward(v1=0, v2=0)["forward"]["targetGroups"]) is None


def test_a_single_group_needs_no_weight():
    assert Balancer(Random(1)).pick_group([{"targetGroupIdentifier": "tg-v1"}]) == "tg-v1"


def test_the_same_seed_draws_the_same_groups():
    weighted = forward(v1=1, v2=1)["forward"]["targetGroups"]
    first, second = Balancer(Random(7)), Balancer(Random(7))
    assert [first.pick_group(weighted) for _ in range(50)] == [second.pick_group(weighted) for _ in range(50)]


@pytest.mark.parametrize("status", ["UNHEALTHY", "INITIAL", "DRAINING", "UNUSED"])
def test_only_healthy_targets_are_used_while_there_are_some(status):
    assert picks("HEALTHY", status) == {"HEALTHY": 12}


def test_targets_without_health_checks_are_used():
    assert picks("UNAVAILABLE", "HEALTHY") == {"UNAVAILABLE": 6, "HEALTHY": 6}


def test_all_targets_are_used_when_none_is_healthy():
    assert picks("UNHEALTHY", "INITIAL", "DRAINING") == {"UNHEALTHY": 4, "INITIAL": 4, "DRAINING": 4}


def test_a_group_without_targets_gives_none():
    assert Balancer(Random(1)).pick_target(target_group("v1")) is None
