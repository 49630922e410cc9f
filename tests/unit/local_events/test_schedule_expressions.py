"""rate(), cron() and at(): what is legal, and when it fires."""

from datetime import UTC, datetime

import pytest

from trellis_local.events.expressions import InvalidExpressionError, parse_for_rule, parse_for_scheduler


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def following(expression: str, moment: str, timezone: str = "UTC") -> str | None:
    at = parse_for_scheduler(expression, timezone).next_after(seconds(moment), since=seconds("2026-01-01T00:00:00"))
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("expression", "after", "fires"),
    [
        ("rate(5 minutes)", "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("rate(5 minutes)", "2026-01-01T00:07:30", "2026-01-01T00:10:00"),
        ("rate(1 hour)", "2026-01-01T00:00:01", "2026-01-01T01:00:00"),
        ("rate(2 days)", "2026-01-02T00:00:00", "2026-01-03T00:00:00"),
        ("at(2026-06-01T12:00:00)", "2026-01-01T00:00:00", "2026-06-01T12:00:00"),
        ("at(2026-06-01T12:00:00)", "2026-06-01T12:00:00", None),
        ("cron(0 12 * * ? *)", "2026-01-01T12:00:00", "2026-01-02T12:00:00"),
        ("cron(0/15 * * * ? *)", "2026-01-01T12:16:00", "2026-01-01T12:30:00"),
        ("cron(15 10 ? * MON-FRI *)", "2026-01-02T11:00:00", "2026-01-05T10:15:00"),
        ("cron(0 8 1 * ? *)", "2026-01-15T00:00:00", "2026-02-01T08:00:00"),
        ("cron(0 8 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T08:00:00"),
        ("cron(0 8 15W * ? *)", "2026-02-01T00:00:00", "2026-02-16T08:00:00"),
        ("cron(0 8 1W * ? *)", "2026-02-01T00:00:00", "2026-02-02T08:00:00"),
        ("cron(0 8 ? * 6L *)", "2026-01-01T00:00:00", "2026-01-30T08:00:00"),
        ("cron(0 8 ? * MON#2 *)", "2026-01-01T00:00:00", "2026-01-12T08:00:00"),
        ("cron(0 8 ? * 1,7 *)", "2026-01-01T00:00:00", "2026-01-03T08:00:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 1 JAN ? 2025)", "2026-01-01T00:00:00", None),
        ("cron(0 0 1 1 ? 2027-2029)", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
    ],
)
def test_the_next_time_is_that_of_aws(expression: str, after: str, fires: str | None) -> None:
    assert following(expression, after) == fires


def test_cron_is_read_in_its_time_zone() -> None:
    assert following("cron(0 9 * * ? *)", "2026-07-01T00:00:00", "America/Los_Angeles") == "2026-07-01T16:00:00"


def test_an_hour_that_daylight_saving_skips_does_not_fire() -> None:
    fires = following("cron(30 2 * * ? *)", "2026-03-08T09:00:00", "America/Los_Angeles")
    assert fires == "2026-03-09T09:30:00"


def test_at_is_read_in_its_time_zone() -> None:
    assert following("at(2026-07-01T09:00:00)", "2026-01-01T00:00:00", "Europe/Berlin") == "2026-07-01T07:00:00"


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(5)",
        "rate(1.5 hours)",
        "cron(* * * * *)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 32 * ? *)",
        "cron(0 12 * 13 ? *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 5-1 * ? *)",
        "cron(0/0 12 * * ? *)",
        "cron(0 12 * * ? 1900)",
        "at(2026-13-01T00:00:00)",
        "at(tomorrow)",
    ],
)
def test_an_illegal_expression_is_refused(expression: str) -> None:
    with pytest.raises(InvalidExpressionError):
        parse_for_scheduler(expression, "UTC")


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "rate(2 minute)", "at(2026-01-01T00:00:00)"])
def test_rules_are_stricter_than_the_scheduler(expression: str) -> None:
    with pytest.raises(InvalidExpressionError):
        parse_for_rule(expression)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidExpressionError, match="Mars"):
        parse_for_scheduler("rate(1 hour)", "Mars/Olympus")
