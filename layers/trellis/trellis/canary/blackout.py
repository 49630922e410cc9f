"""Times in which no canary may begin: `Fri 16:00/P2DT15H Europe/Berlin`, each week from Friday 16:00 for 63 hours."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TEXT = re.compile(
    rf"^(?P<day>{'|'.join(_DAYS)}) (?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
    r"/P(?:(?P<days>\d)D)?(?:T(?:(?P<hours>\d{1,3})H)?(?:(?P<minutes>\d{1,4})M)?)? (?P<zone>[A-Za-z0-9_+/-]+)$"
)
_WEEK = timedelta(days=7)


class BlackoutError(ValueError):
    """The text is no such time."""


@dataclass(frozen=True)
class Blackout:
    """A span of every week in the wall-clock time of a zone; `weekday` is 0 on Monday."""

    weekday: int
    hour: int
    minute: int
    length: timedelta
    zone: ZoneInfo

    def covers(self, moment: datetime) -> bool:
        """Whether the moment, which knows its zone, lies in the span."""
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        midnight = datetime(local.year, local.month, local.day)
        begin = midnight + timedelta(days=self.weekday - local.weekday(), hours=self.hour, minutes=self.minute)
        return any(start <= local < start + self.length for start in (begin, begin - _WEEK))


def parse_blackout(text: str) -> Blackout:
    """The span that the text means; raises BlackoutError."""
    found = _TEXT.match(text)
    if not found:
        raise BlackoutError("must look like 'Fri 16:00/P2DT15H Europe/Berlin'")
    parts = found.groupdict()
    length = timedelta(**{unit: int(parts[unit] or 0) for unit in ("days", "hours", "minutes")})
    if not timedelta(0) < length <= _WEEK:
        raise BlackoutError("must last more than nothing and at most a week")
    try:
        zone = ZoneInfo(parts["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BlackoutError(f"{parts['zone']} is no time zone") from error
    return Blackout(_DAYS.index(parts["day"]), int(parts["hour"]), int(parts["minute"]), length, zone)
