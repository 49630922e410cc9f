"""Wildcards and policy variables of IAM policies.

`*` matches any run of characters and `?` any one; `${*}`, `${?}` and `${$}` are those characters themselves. A variable
without a value and without a default makes the statement not match, as in AWS.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Mapping
from functools import lru_cache

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"^\s*([^,\s]+)\s*,\s*'([^']*)'\s*$")
_LITERALS = {"*": "*", "?": "?", "$": "$"}

Context = Mapping[str, tuple[str, ...]]


def values_of(context: Context, key: str) -> tuple[str, ...]:
    """The values of a context key. Names that the context keeps in lower case are compared without regard to case.

    VPC Lattice's keys are case sensitive (VPC Lattice User Guide, Auth policies), unlike those of AWS and all others.
    """
    return context.get(key) or context.get(key.lower(), ())


class MissingVariableError(Exception):
    """A policy variable that the request gives no value."""


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in _parts(pattern))
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _parts(pattern: str) -> list[str]:
    return [part for part in re.split(r"(\*|\?)", pattern) if part]


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Whether the value matches a pattern with `*` and `?`."""
    return _compiled(pattern, ignore_case).fullmatch(value) is not None


def matches_with_variables(pattern: str, value: str, *, context: Context, ignore_case: bool = False) -> bool:
    """Like `matches`, with policy variables, whose values are taken literally; False for a variable without value."""
    if "${" not in pattern:
        return matches(pattern, value, ignore_case=ignore_case)
    try:
        expression = _expression_with_variables(pattern, context)
    except MissingVariableError:
        return False
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _expression_with_variables(pattern: str, context: Context) -> str:
    pieces, position = [], 0
    for found in _VARIABLE.finditer(pattern):
        pieces.append(_wildcards(pattern[position : found.start()]))
        pieces.append(re.escape(variable_value(found.group(1), context)))
        position = found.end()
    pieces.append(_wildcards(pattern[position:]))
    return "".join(pieces)


def _wildcards(text: str) -> str:
    return "".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in _parts(text))


def substitute(text: str, context: Context) -> str:
    """The text with its policy variables replaced; raises MissingVariableError."""
    return _VARIABLE.sub(lambda found: variable_value(found.group(1), context), text)


def variable_value(expression: str, context: Context) -> str:
    """The value of what stands in `${...}`, its default included; raises MissingVariableError."""
    if expression in _LITERALS:
        return _LITERALS[expression]
    with_default = _DEFAULT.match(expression)
    values = values_of(context, with_default.group(1) if with_default else expression)
    if len(values) == 1:
        return values[0]
    if with_default and not values:
        return with_default.group(2)
    raise MissingVariableError(expression)
