"""Whatever somebody else deletes or changes of what Trellis keeps is put back, without events by the next check.

The text of an auth policy changes without another time in any list of VPC Lattice: without an event, a check that reads
all in full finds it, such as one that is started by hand.
"""

import pytest
from conftest import forget_repairs
from drift_pairs import UPDATES, kinds, pairs
from drift_picture import picture
from drift_tampering import Tamperer
from observing import CLUSTER_B

from trellis_local.walkthrough import World

UNLISTED = {"AuthPolicy.deleted", "AuthPolicy.document"}


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
    if str(pair) in UNLISTED:
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    else:
        world.run("check-drift", {})
    assert picture(world) == before
    forget_repairs(world)
