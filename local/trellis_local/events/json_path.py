"""The subset of JSONPath that EventBridge accepts in InputPath and InputPathsMap: dots, brackets and array indexes.

Pure. Filters, slices and `..` are refused, as EventBridge refuses them.
"""

import re
from typing import Any

_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^']+)'\]|\[\"([^\"]+)\"\]")


class InvalidJsonPathError(ValueError):
    """A path that EventBridge would refuse."""


class MissingValueError(LookupError):
    """The path is legal and the event has nothing there."""


def read(path: str, document: Any) -> Any:
    """The value at `path`; raise InvalidJsonPathError, or MissingValueError where there is nothing."""
    value = document
    for step in parse(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise MissingValueError(path) from None
    return value


def parse(path: str) -> tuple[str | int, ...]:
    """The steps of `path`; raise InvalidJsonPathError for what EventBridge does not support."""
    if not path.startswith("$"):
        raise InvalidJsonPathError(f"{path} does not start with $")
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise InvalidJsonPathError(f"{path} is not supported from {path[position:]!r}")
        name, index, single, double = step.groups()
        steps.append(int(index) if index is not None else name or single or double)
        position = step.end()
    return tuple(steps)
