"""Leases: one writer at a time."""

from typing import Any

import pytest
from fleet_clock import Clock

from trellis.errors import LeaseHeldError
from trellis.fleet.leases import Leases, OutdatedReadingError


@pytest.fixture
def leases(dynamodb: Any, clock: Clock) -> Leases:
    return Leases(dynamodb, "fleet", seconds=60, clock=clock)


def test_a_held_lease_keeps_others_out(leases: Leases) -> None:
    with leases.held("service/store", "one"), pytest.raises(LeaseHeldError), leases.held("service/store", "two"):
        pass


def test_a_released_lease_is_free_and_its_epoch_grows(leases: Leases) -> None:
    with leases.held("service/store", "one") as first:
        pass
    with leases.held("service/store", "two") as second:
        assert second > first


def test_the_same_holder_may_take_it_again(leases: Leases) -> None:
    with leases.held("service/store", "one") as first, leases.held("service/store", "one") as second:
        assert second > first


def test_a_lease_of_a_crashed_holder_expires(leases: Leases, clock: Clock) -> None:
    with leases.held("service/store", "one"):
        clock.now += 60
        with leases.held("service/store", "two"):
            pass


def test_a_late_release_does_not_free_the_successors_lease(leases: Leases, clock: Clock) -> None:
    late = leases.held("service/store", "one")
    late.__enter__()
    clock.now += 60
    with leases.held("service/store", "two"):
        late.__exit__(None, None, None)
        with pytest.raises(LeaseHeldError), leases.held("service/store", "three"):
            pass


def test_leases_of_different_resources_do_not_meet(leases: Leases) -> None:
    with leases.held("service/a", "one"), leases.held("service/b", "two"):
        pass


def test_who_has_read_before_another_worked_comes_too_late(leases: Leases) -> None:
    with leases.held("service/store", "new", read_at=2000):
        pass
    with pytest.raises(OutdatedReadingError), leases.held("service/store", "old", read_at=1999):
        pass
    with leases.held("service/store", "new", read_at=2000), pytest.raises(LeaseHeldError):
        leases.held("service/store", "newer", read_at=2001).__enter__()
    with leases.held("service/store", "newer", read_at=2001):
        pass


def test_who_comes_too_late_hears_so_when_the_other_is_not_at_work_any_more(leases: Leases, clock: Clock) -> None:
    with leases.held("service/store", "new", read_at=2000):
        with pytest.raises(LeaseHeldError), leases.held("service/store", "old", read_at=1999):
            pass
        clock.now += 60
        with pytest.raises(OutdatedReadingError), leases.held("service/store", "old", read_at=1999):
            pass


def test_who_works_by_no_reading_is_never_too_late(leases: Leases) -> None:
    with leases.held("network/net", "new", read_at=2000):
        pass
    with leases.held("network/net", "whoever"):
        pass
    with pytest.raises(OutdatedReadingError), leases.held("network/net", "old", read_at=1):
        pass
