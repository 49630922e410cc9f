"""Schedule expressions: rate(), cron() and at(), and when each fires next.

Pure: the caller gives the time. Source: "Schedule types" in the EventBridge Scheduler User Guide, and "Creating a rule
that runs on a schedule" in the EventBridge User Guide.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trellis_local.events.cron import Cron, InvalidExpressionError, parse_cron

__all__ = ["At", "Expression", "InvalidExpressionError", "Rate", "parse_for_rule", "parse_for_scheduler"]

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((.*)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class Expression(Protocol):
    """A parsed schedule expression."""

    def next_after(self, moment: float, *, since: float) -> float | None:
        """The first fire time after `moment` (Unix seconds) of a schedule that began at `since`; None when over."""


@dataclass(frozen=True)
class Rate:
    """Every `seconds`, counted from the beginning of the schedule."""

    seconds: int

    def next_after(self, moment: float, *, since: float) -> float:
        """The first multiple of the interval after `moment`."""
        elapsed = max(0.0, moment - since)
        return since + (elapsed // self.seconds + 1) * self.seconds


@dataclass(frozen=True)
class At:
    """Once."""

    timestamp: float

    def next_after(self, moment: float, *, since: float) -> float | None:
        """The moment itself, until it has passed."""
        return self.timestamp if self.timestamp > moment else None


@dataclass(frozen=True)
class CronIn:
    """A cron expression in a time zone."""

    cron: Cron
    zone: tzinfo

    def next_after(self, moment: float, *, since: float) -> float | None:
        """The next matching local minute; one that daylight saving skips does not exist."""
        return self.cron.next_after(moment, self.zone)


def parse_for_rule(text: str) -> Expression:
    """rate() or cron() in UTC, as PutRule takes them; raise InvalidExpressionError."""
    if _AT.fullmatch(text):
        raise InvalidExpressionError("at() is supported by EventBridge Scheduler only")
    rate = _RATE.fullmatch(text)
    if rate and (rate[1] == "1") == bool(rate[3]):
        raise InvalidExpressionError(f"{text}: a value of 1 takes a singular unit, any other a plural")
    return _parse(text, UTC)


def parse_for_scheduler(text: str, timezone: str) -> Expression:
    """rate(), cron() or at() in `timezone`, as CreateSchedule takes them; raise InvalidExpressionError."""
    try:
        # A machine without a time zone database still knows UTC.
        zone: tzinfo = UTC if timezone == "UTC" else ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidExpressionError(f"unknown time zone {timezone}") from error
    at = _AT.fullmatch(text)
    if at:
        try:
            moment = datetime.fromisoformat(at[1]).replace(tzinfo=zone)
        except ValueError as error:
            raise InvalidExpressionError(f"{text}: {error}") from error
        return At(moment.astimezone(UTC).timestamp())
    return _parse(text, zone)


def _parse(text: str, zone: tzinfo) -> Expression:
    rate = _RATE.fullmatch(text)
    if rate:
        if int(rate[1]) == 0:
            raise InvalidExpressionError(f"{text}: the value must be positive")
        return Rate(int(rate[1]) * _SECONDS[rate[2]])
    cron = _CRON.fullmatch(text)
    if cron:
        return CronIn(parse_cron(cron[1]), zone)
    raise InvalidExpressionError(f"{text} is neither rate(), cron() nor at()")
