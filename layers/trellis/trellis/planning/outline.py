"""A report or a plan as text for a terminal: what differs, field by field, who changed it and when, what is refused."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

_ABSENT = "nothing"
_LONGEST = 160
"""Characters of one value; a list of a hundred targets is no help on a terminal."""


def differences(document: Document) -> list[Document]:
    """The changes that a report or a plan tells of, also those that no run makes."""
    if "planned" in document:
        return list(document["planned"])
    plans = [item["plan"] for item in document.get("items", ())]
    return [change for plan in plans for change in (*plan["changes"], *plan.get("reported", ()))]


def refusals(document: Document) -> list[Document]:
    """What was asked for and is not done."""
    planned = (found for item in document.get("items", ()) for found in item["plan"]["refusals"])
    return [*document.get("refused", ()), *planned]


def outline(cluster: str, status: str, document: Document) -> str:
    """The text about one cluster; `status` is that of its run."""
    found, refused = differences(document), refusals(document)
    lines = [f"{cluster}: {status}, {_count(len(found), 'difference')}, {len(refused)} refused"]
    if document.get("guard"):
        lines.append(f"  stopped: {document['guard']}")
    for change in found:
        lines += _change(change)
    lines += [f"  ! {line['resource']}: {line['reason']}: {line['message']}" for line in refused]
    return "\n".join(lines)


def _change(change: Document) -> Iterator[str]:
    sign = "-" if change["deletes"] else "~" if change["found"] else "+"
    yield f"  {sign} {change['kind']}: {change['resource']}"
    yield from (f"      {line}" for line in _fields(change["expected"], change["found"]))
    for cause in change.get("causes", ()):
        yield f"      by {cause['actor']} at {cause['time']} ({cause['call']})"
    if change.get("because"):
        yield f"      reported only: {change['because']}"


def _fields(expected: Any, found: Any) -> Iterator[str]:
    """A line for each field that differs: what was found, and what is expected instead."""
    wanted, there = dict(_leaves(expected)), dict(_leaves(found))
    for path in sorted({*wanted, *there}):
        before, after = there.get(path, _ABSENT), wanted.get(path, _ABSENT)
        if before != after:
            yield f"{path or 'value'}: {_shortened(before)} → {_shortened(after)}"


def _leaves(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if value:
            yield path, ", ".join(map(str, value))
    elif value is not None:
        yield path, str(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
