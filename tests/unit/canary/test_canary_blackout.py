"""Times in which no canary may begin, in the wall-clock time of a zone."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from trellis.canary.blackout import BlackoutError, parse_blackout

WEEKEND = parse_blackout("Fri 16:00/P2DT15H Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "covered"),
    [
        (datetime(2026, 11, 27, 14, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 27, 15, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 29, 12, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 5, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 6, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 13, 59, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 14, 0, tzinfo=UTC), True),
    ],
)
def test_a_weekend_begins_on_friday_afternoon_in_summer_and_winter(moment: datetime, covered: bool) -> None:
    assert WEEKEND.covers(moment) == covered


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fri",
        "Fri 25:00/PT1H UTC",
        "Fri 16:00/P UTC",
        "Fri 16:00/P8D UTC",
        "Fri 16:00/PT1H Mars/Base",
        "Fri 16:00/PT1H ../x",
    ],
)
def test_what_is_no_such_time_is_refused(text: str) -> None:
    with pytest.raises(BlackoutError):
        parse_blackout(text)


@pytest.fixture
def no_zones_of_the_system() -> Iterator[None]:
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_zones_of_the_system")
def test_zones_are_known_where_the_system_has_none() -> None:
    assert parse_blackout("Fri 16:00/PT1H Europe/Berlin").covers(datetime(2026, 11, 27, 15, 0, tzinfo=UTC))
