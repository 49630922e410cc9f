"""What a person sees of a canary under way: steps, weights asked and measured, both versions, time left (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Status = Mapping[str, Any]

_MARKS = {"done": "✔", "now": "▶", "next": "·"}
_STYLES = {"done": "green", "now": "bold", "next": "dim"}
_GOOD, _BAD = "green", "bold red"


def picture(status: Status) -> RenderableType:
    """The live view of a status, as wide as the terminal."""
    parts: list[RenderableType] = [Text(line) for line in heading(status)]
    parts += [_steps(status), _versions(status)]
    parts += [Text(line, style="yellow") for line in asides(status)]
    return Group(*parts)


def heading(status: Status) -> Iterator[str]:
    """Which canary, where it is, and how long it takes if nothing comes between."""
    route = status["route"]
    yield f"{status['cluster']} {route['kind']} {route['namespace']}/{route['name']}: {status['canary']}"
    left = f", {span(status['secondsLeft'])} left" if status["secondsLeft"] else ""
    yield f"{status['phase']}, epoch {status['epoch']}{left}; at the latest until {status['deadline']}"


def asides(status: Status) -> Iterator[str]:
    """What a person should know beside the numbers: what is waited for, what is wrong, why it went back, alarms."""
    gate = status["gate"]
    if gate:
        yield f"gate before {gate['before']}, open since {gate['openedAt']}: approve or reject"
    if status["asking"]:
        yield f"the function for {status['asking']} is asked"
    if status["drifted"]:
        yield "VPC Lattice carries other weights than it should: nothing advances"
    if status["command"]:
        yield f"{status['command']['name']} by {status['command']['author']} waits for the next tick"
    if status["reason"]:
        yield f"rolled back because {status['reason']}"
    for name, state in status["alarms"].items():
        yield f"alarm {name}: {state}"
    if status["unreadable"]:
        yield f"cannot be read now: {', '.join(status['unreadable'])}"
    yield from status["notes"]


def line(status: Status) -> str:
    """A status in one line, for logs and for terminals that cannot redraw."""
    asked = status["percent"]
    measured = "?" if status["measuredPercent"] is None else f"{status['measuredPercent']:.1f}"
    versions = "  ".join(_version(status[name]) for name in ("baselineVersion", "canaryVersion"))
    left = f"  {span(status['secondsLeft'])} left" if status["secondsLeft"] else ""
    return f"{status['now']}  {status['phase']:<14} {asked:>5g} % asked, {measured} % measured  {versions}{left}"


def span(seconds: float) -> str:
    """A span of time, rounded down: `1h 05m`, `4m 10s`, `9s`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def _version(version: Status) -> str:
    return f"{version['name']} {version['requests']:g} requests, {_share(version)} failed"


def _share(version: Status) -> str:
    return "?" if version["errorPercent"] is None else f"{version['errorPercent']:.2f} %"


def _steps(status: Status) -> Table:
    table = Table("", "step", "asked", "measured", "baked", box=None, pad_edge=False)
    for step in status["steps"]:
        measured = "" if step["measuredPercent"] is None else f"{step['measuredPercent']:.1f} %"
        baked = f"{span(step['bakedSeconds'])} of {span(step['bakeSeconds'])}"
        cells = (_MARKS[step["state"]], str(step["index"] + 1), f"{step['percent']:g} %", measured, baked)
        table.add_row(*cells, style=_STYLES[step["state"]])
    return table


def _versions(status: Status) -> Table:
    table = Table("version", "requests", "failures", "errors", "targets", box=None, pad_edge=False)
    for name in ("baselineVersion", "canaryVersion"):
        version = status[name]
        targets = ", ".join(f"{count} {state.lower()}" for state, count in sorted(version["targets"].items()))
        cells = (version["name"], f"{version['requests']:g}", f"{version['failures']:g}", _share(version), targets)
        table.add_row(*cells, style=_BAD if version["failures"] else _GOOD if version["requests"] else "")
    return table
