"""The comparison operators of one leaf in an event pattern, as a table: what they accept and when they match.

Pure. It refuses unknown operators and operands that AWS refuses; paths and nesting belong to `patterns`.
"""

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


class InvalidEventPatternError(ValueError):
    """A pattern that EventBridge would refuse; `path` says where."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {'.'.join(path) or 'pattern'}: {reason}")
        self.path = path


@dataclass(frozen=True)
class _Operator:
    refuse: Callable[[Any], str | None]
    test: Callable[[Any, Any], bool]


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMERIC_LIMIT = 5.0e9


def validate_filter(item: Any, path: tuple[str, ...]) -> None:
    """Raise InvalidEventPatternError unless `item` is a literal or one known operator with a legal operand."""
    if isinstance(item, list):
        raise InvalidEventPatternError(path, "arrays may not be nested")
    if not isinstance(item, Mapping):
        return
    name, operand = _single(item, path)
    known = _OPERATORS.get(name)
    if known is None:
        raise InvalidEventPatternError(path, f"unrecognized match type {name}")
    reason = known.refuse(operand)
    if reason:
        raise InvalidEventPatternError((*path, name), reason)


def filter_matches(item: Any, value: Any) -> bool:
    """Whether one filter of a leaf matches one scalar of the event; `exists: false` is answered by the caller."""
    if isinstance(item, Mapping):
        name, operand = next(iter(item.items()))
        return _OPERATORS[name].test(operand, value)
    return _same(item, value)


def _single(item: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, Any]:
    if len(item) != 1:
        raise InvalidEventPatternError(path, "only one operator is allowed in a match expression")
    return next(iter(item.items()))


def _same(wanted: Any, value: Any) -> bool:
    """EventBridge compares the text of a number: 300 is not 300.0, and true is not 1."""
    return type(wanted) is type(value) and bool(wanted == value)


def _affix(matcher: Callable[[str, str], bool]) -> _Operator:
    def refuse(operand: Any) -> str | None:
        if isinstance(operand, Mapping):
            operand = operand.get("equals-ignore-case") if set(operand) == {"equals-ignore-case"} else None
        return None if isinstance(operand, str) else "must be a string or an equals-ignore-case object"

    def test(operand: Any, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(operand, Mapping):
            return matcher(value.lower(), operand["equals-ignore-case"].lower())
        return matcher(value, operand)

    return _Operator(refuse, test)


def _refuse_unless_string(operand: Any) -> str | None:
    return None if isinstance(operand, str) else "must be a string"


def _refuse_exists(operand: Any) -> str | None:
    return None if isinstance(operand, bool) else "must be true or false"


def _equals_ignore_case(operand: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() == operand.lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse_numeric(operand: Any) -> str | None:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return "must be one or two comparisons"
    names, numbers = operand[::2], operand[1::2]
    if any(not isinstance(name, str) or name not in _COMPARISONS for name in names):
        return f"unrecognized numeric comparison in {operand}"
    if any(not _is_number(number) or abs(number) > _NUMERIC_LIMIT for number in numbers):
        return "bounds must be numbers between -5.0e9 and 5.0e9"
    if len(operand) == 4 and not (names[0] in (">", ">=") and names[1] in ("<", "<=") and numbers[0] < numbers[1]):
        return "a range must be a lower bound followed by a higher upper bound"
    return None


def _numeric(operand: list[Any], value: Any) -> bool:
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return _is_number(value) and all(_COMPARISONS[name](value, bound) for name, bound in pairs)


def _refuse_cidr(operand: Any) -> str | None:
    try:
        ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return f"malformed CIDR {operand}"
    return None if isinstance(operand, str) and "/" in operand else "must be an address with a mask"


def _cidr(operand: str, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address in ipaddress.ip_network(operand, strict=False)


def _refuse_wildcard(operand: Any) -> str | None:
    if not isinstance(operand, str):
        return "must be a string"
    plain = re.sub(r"\\[*\\]", "", operand)
    if "\\" in plain:
        return "a backslash may only escape * or \\"
    return "consecutive wildcard characters are not allowed" if "**" in re.sub(r"\\[*\\]", "x", operand) else None


@lru_cache(maxsize=256)
def _wildcard_regex(operand: str) -> re.Pattern[str]:
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+", operand)
    return re.compile("".join(".*" if part == "*" else re.escape(part.removeprefix("\\")) for part in parts), re.DOTALL)


def _wildcard(operand: str, value: Any) -> bool:
    return isinstance(value, str) and _wildcard_regex(operand).fullmatch(value) is not None


def _as_list(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


def _refuse_anything_but(operand: Any) -> str | None:
    if isinstance(operand, Mapping):
        if len(operand) != 1 or next(iter(operand)) not in _ANYTHING_BUT:
            return f"must hold one of {', '.join(sorted(_ANYTHING_BUT))}"
        name, nested = next(iter(operand.items()))
        items = _as_list(nested)
        reasons = [reason for item in items if (reason := _OPERATORS[name].refuse(item))]
        return f"{name}: {reasons[0]}" if reasons else (None if items else f"{name}: must not be empty")
    items = _as_list(operand)
    if items and (all(isinstance(item, str) for item in items) or all(_is_number(item) for item in items)):
        return None
    return "must be a string, a number, or a list of only strings or only numbers"


def _anything_but(operand: Any, value: Any) -> bool:
    if isinstance(operand, Mapping):
        name, nested = next(iter(operand.items()))
        return not any(_OPERATORS[name].test(item, value) for item in _as_list(nested))
    return not any(_same(item, value) for item in _as_list(operand))


_ANYTHING_BUT = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
_OPERATORS: Mapping[str, _Operator] = {
    "prefix": _affix(str.startswith),
    "suffix": _affix(str.endswith),
    "equals-ignore-case": _Operator(_refuse_unless_string, _equals_ignore_case),
    "anything-but": _Operator(_refuse_anything_but, _anything_but),
    "exists": _Operator(_refuse_exists, lambda operand, value: bool(operand)),
    "numeric": _Operator(_refuse_numeric, _numeric),
    "cidr": _Operator(_refuse_cidr, _cidr),
    "wildcard": _Operator(_refuse_wildcard, _wildcard),
}
