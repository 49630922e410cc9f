"""Whatever somebody else deletes or changes of what Trellis keeps is put back, without events by the next check."""

from collections.abc import Iterator

import pytest
from conftest import forget_repairs
from drift_pairs import UPDATES, kinds, pairs
from drift_tampering import Tamperer, picture, route
from manifests import apply, delete
from observing import CLUSTER_B

from trellis_local.walkthrough import Walkthrough, World

_SECONDS = 60


@pytest.fixture(scope="module")
def tamperer(world: World, onboarded: Walkthrough) -> Iterator[Tamperer]:
    api = world.kubernetes(CLUSTER_B)
    apply(api, route())
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    yield Tamperer(world, onboarded.vpcs["b"])
    delete(api, route())
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})


def test_every_kind_says_which_operations_change_it() -> None:
    assert UPDATES.keys() == kinds().keys()


def test_there_is_a_way_to_tamper_with_every_field(world: World) -> None:
    assert [str(pair) for pair in pairs() if not Tamperer(world, "").knows(pair)] == []


@pytest.mark.parametrize("pair", pairs(), ids=str)
@pytest.mark.usefixtures("unnoticed")
def test_the_next_check_puts_back(pair, world: World, tamperer: Tamperer) -> None:
    before = picture(world)
    tamperer.act(pair)
    assert picture(world) != before
    world.run("check-drift", {})
    assert picture(world) == before
    forget_repairs(world)
