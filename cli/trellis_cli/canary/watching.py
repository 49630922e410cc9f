"""Follows a canary until its execution has ended, in place on a terminal and line by line elsewhere."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.live import Live

from trellis_cli.canary.view import line, picture

Status = Mapping[str, Any]


def follow(read: Callable[[], Status], *, seconds: float) -> Status:
    """Show every status that `read` gives, `seconds` apart, until the canary is over; returns the last one."""
    console = Console()
    return _in_place(read, console, seconds) if console.is_terminal else _line_by_line(read, seconds)


def is_over(status: Status) -> bool:
    """Whether nothing more will happen by itself."""
    return bool(status["result"])


def _in_place(read: Callable[[], Status], console: Console, seconds: float) -> Status:
    status = read()
    with Live(picture(status), console=console, auto_refresh=False) as live:
        while not is_over(status):
            time.sleep(seconds)
            status = read()
            live.update(picture(status), refresh=True)
    return status


def _line_by_line(read: Callable[[], Status], seconds: float) -> Status:
    told = ""
    while True:
        status = read()
        # The moment at the beginning of the line is no news.
        said = line({**status, "now": "", "secondsLeft": 0})
        if said != told:
            print(line(status), flush=True)
            told = said
        if is_over(status):
            sys.stdout.flush()
            return status
        time.sleep(seconds)
