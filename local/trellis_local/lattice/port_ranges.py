"""Port ranges of resource configurations: `5432` or `8000-8080`."""

from collections.abc import Iterable

from .errors import invalid_field

_HIGHEST_PORT = 65535


def checked_port_ranges(ranges: Iterable[str]) -> list[str]:
    """The ranges; raises ValidationException for one that is no range of ports."""
    found = list(ranges)
    for text in found:
        first, _, last = text.partition("-")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= _HIGHEST_PORT:
            raise invalid_field("portRanges", f"{text} is not a range of ports from 1 to {_HIGHEST_PORT}")
    return found
