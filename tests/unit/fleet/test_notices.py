"""What has been said once is not said again, for a while."""

from typing import Any

from fleet_clock import Clock

from trellis.fleet.notices import Notices

DAY = 24 * 3600


def test_what_was_said_is_not_new_for_its_cluster(dynamodb: Any, clock: Clock) -> None:
    notices = Notices(dynamodb, "fleet", clock=clock)
    assert notices.is_new("blue", "expires soon")
    notices.said("blue", "expires soon")
    assert not notices.is_new("blue", "expires soon")
    assert notices.is_new("green", "expires soon")
    assert notices.is_new("blue", "has expired")


def test_after_a_season_it_may_be_said_again(dynamodb: Any, clock: Clock) -> None:
    notices = Notices(dynamodb, "fleet", clock=clock)
    notices.said("blue", "expires soon")
    clock.now += 91 * DAY
    assert notices.is_new("blue", "expires soon")
