"""AWS cron expressions: minutes hours day-of-month month day-of-week year.

Pure. They are not Unix cron: a year, `?` in exactly one of the day fields, Sunday is 1, and L, W and #.
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


class InvalidExpressionError(ValueError):
    """A schedule expression that AWS would refuse."""


@dataclass(frozen=True)
class Cron:
    """A parsed expression; the day fields stay text because L, W and # depend on the month."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    def next_after(self, moment: float, zone: tzinfo) -> float | None:
        """The first matching minute after Unix time `moment`, read in `zone`; None when the years are over."""
        start = datetime.fromtimestamp(moment, zone).replace(tzinfo=None)
        for day in self._days_from(start.date()):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    timestamp = _timestamp(datetime(day.year, day.month, day.day, hour, minute), zone)
                    if timestamp is not None and timestamp > moment:
                        return timestamp
        return None

    def _days_from(self, first: date) -> Iterator[date]:
        for year in sorted(year for year in self.years if year >= first.year):
            for month in sorted(self.months):
                if (year, month) >= (first.year, first.month):
                    matching = _month_days(year, month, self.days, self.weekdays)
                    yield from (day for day in sorted(matching) if day >= first)


def parse_cron(text: str) -> Cron:
    """Parse the six fields between the parentheses; raise InvalidExpressionError."""
    fields = text.split()
    if len(fields) != 6:
        raise InvalidExpressionError(f"cron({text}) must have six fields")
    minutes, hours, days, months, weekdays, years = (field.upper() for field in fields)
    if (days == "?") == (weekdays == "?"):
        raise InvalidExpressionError(f"cron({text}): exactly one of day-of-month and day-of-week must be ?")
    _month_days(2024, 2, days, weekdays)
    return Cron(
        minutes=_values(minutes, 0, 59),
        hours=_values(hours, 0, 23),
        days=days,
        months=_values(months, 1, 12, names=_MONTHS),
        weekdays=weekdays,
        years=_values(years, _FIRST_YEAR, _LAST_YEAR),
    )


def _timestamp(local: datetime, zone: tzinfo) -> float | None:
    """None for a local time that daylight saving skips; the first of two where it repeats."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    return moment.timestamp() if moment.astimezone(zone).replace(tzinfo=None) == local else None


def _values(field: str, low: int, high: int, *, names: Mapping[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, last = _span(span, low, high, names or {}, open_ended=bool(step))
        if step and not (step.isdigit() and int(step) > 0):
            raise InvalidExpressionError(f"{field}: illegal step {step}")
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _span(span: str, low: int, high: int, names: Mapping[str, int], *, open_ended: bool) -> tuple[int, int]:
    if span == "*":
        return low, high
    ends = [_number(end, low, high, names) for end in span.split("-")]
    if len(ends) == 2 and ends[0] <= ends[1]:
        return ends[0], ends[1]
    if len(ends) == 1:
        return ends[0], high if open_ended else ends[0]
    raise InvalidExpressionError(f"{span} is not a range")


def _number(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    value = names.get(text, int(text) if text.isdigit() else -1)
    if not low <= value <= high:
        raise InvalidExpressionError(f"{text} is not between {low} and {high}")
    return value


def _month_days(year: int, month: int, days: str, weekdays: str) -> set[date]:
    if weekdays == "?":
        return {day for part in days.split(",") for day in _days_of_month(year, month, part)}
    return {day for part in weekdays.split(",") for day in _days_of_week(year, month, part)}


def _days_of_month(year: int, month: int, part: str) -> Iterator[date]:
    last = calendar.monthrange(year, month)[1]
    nearest = re.fullmatch(r"(\d+|L)W", part)
    if part == "L":
        yield date(year, month, last)
    elif nearest:
        wanted = last if nearest[1] == "L" else min(_number(nearest[1], 1, 31, {}), last)
        yield _nearest_weekday(date(year, month, wanted))
    else:
        yield from (date(year, month, day) for day in _values(part, 1, 31) if day <= last)


def _nearest_weekday(day: date) -> date:
    """Monday to Friday, without leaving the month."""
    shift = {5: -1, 6: 1}.get(day.weekday(), 0)
    moved = day + timedelta(days=shift)
    return moved if moved.month == day.month else day - timedelta(days=2 * shift)


def _days_of_week(year: int, month: int, part: str) -> Iterator[date]:
    last = calendar.monthrange(year, month)[1]
    every = [date(year, month, day) for day in range(1, last + 1)]
    if part == "L":
        part = "7"
    final = re.fullmatch(r"(\w+)L", part)
    nth = re.fullmatch(r"(\w+)#([1-5])", part)
    if final:
        yield [day for day in every if _weekday(day) == _number(final[1], 1, 7, _WEEKDAYS)][-1]
    elif nth:
        same = [day for day in every if _weekday(day) == _number(nth[1], 1, 7, _WEEKDAYS)]
        yield from same[int(nth[2]) - 1 : int(nth[2])]
    else:
        wanted = _values(part, 1, 7, names=_WEEKDAYS)
        yield from (day for day in every if _weekday(day) in wanted)


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1
