"""The Condition element of IAM statements.

Unknown operators are refused when the policy is read, never skipped: a condition that is not understood must not allow.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from trellis_local.iam.patterns import (
    Context,
    MissingVariableError,
    matches,
    matches_with_variables,
    substitute,
    values_of,
)

Test = Callable[[str, str, Context], bool]
"""Compares (value of the policy, value of the request)."""


class UnknownOperatorError(ValueError):
    """A condition operator that IAM does not have."""


def _equals(wanted: str, value: str, context: Context) -> bool:
    return substitute(wanted, context) == value


def _equals_ignoring_case(wanted: str, value: str, context: Context) -> bool:
    return substitute(wanted, context).casefold() == value.casefold()


def _like(wanted: str, value: str, context: Context) -> bool:
    return matches_with_variables(wanted, value, context=context)


def _arn_like(wanted: str, value: str, context: Context) -> bool:
    # Each of the six parts of an ARN is matched by itself, so that a wildcard never reaches over a colon.
    patterns, parts = substitute(wanted, context).split(":", 5), value.split(":", 5)
    if len(patterns) != 6 or len(parts) != 6:
        return False
    return all(matches(pattern, part) for pattern, part in zip(patterns, parts, strict=True))


def _boolean(wanted: str, value: str, context: Context) -> bool:
    return substitute(wanted, context).lower() == value.lower()


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> Test:
    def test(wanted: str, value: str, context: Context) -> bool:
        try:
            return compare(Decimal(value), Decimal(substitute(wanted, context)))
        except InvalidOperation:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, value: str, context: Context) -> bool:
        try:
            return compare(_timestamp(value), _timestamp(substitute(wanted, context)))
        except ValueError:
            return False

    return test


def _timestamp(text: str) -> float:
    if text.isdigit():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ip_address(wanted: str, value: str, context: Context) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(substitute(wanted, context), strict=False)
    except ValueError:
        return False


_POSITIVE: Mapping[str, Test] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": _like,
    "arnequals": _arn_like,
    "arnlike": _arn_like,
    "bool": _boolean,
    "binaryequals": _equals,
    "ipaddress": _ip_address,
    "numericequals": _numeric(lambda value, wanted: value == wanted),
    "numericlessthan": _numeric(lambda value, wanted: value < wanted),
    "numericlessthanequals": _numeric(lambda value, wanted: value <= wanted),
    "numericgreaterthan": _numeric(lambda value, wanted: value > wanted),
    "numericgreaterthanequals": _numeric(lambda value, wanted: value >= wanted),
    "dateequals": _date(lambda value, wanted: value == wanted),
    "datelessthan": _date(lambda value, wanted: value < wanted),
    "datelessthanequals": _date(lambda value, wanted: value <= wanted),
    "dategreaterthan": _date(lambda value, wanted: value > wanted),
    "dategreaterthanequals": _date(lambda value, wanted: value >= wanted),
}
_NEGATIVE: Mapping[str, Test] = {
    "stringnotequals": _equals,
    "stringnotequalsignorecase": _equals_ignoring_case,
    "stringnotlike": _like,
    "arnnotequals": _arn_like,
    "arnnotlike": _arn_like,
    "notipaddress": _ip_address,
    "numericnotequals": _numeric(lambda value, wanted: value == wanted),
    "datenotequals": _date(lambda value, wanted: value == wanted),
}


def check_operator(operator: str) -> None:
    """Raise UnknownOperatorError unless IAM knows the operator."""
    base = _base(operator)[1]
    if base != "null" and base not in _POSITIVE and base not in _NEGATIVE:
        raise UnknownOperatorError(f"IAM has no condition operator {operator}")


def holds(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    """Whether one operator with one key holds; raises UnknownOperatorError."""
    check_operator(operator)
    quantifier, base, if_exists = _base(operator)
    values = values_of(context, key)
    if base == "null":
        return any((word.lower() == "true") == (not values) for word in wanted)
    if not values:
        # A negated operator holds for an absent key, and so does ForAllValues.
        return if_exists or quantifier == "forallvalues" or (base in _NEGATIVE and not quantifier)
    try:
        return _quantified(quantifier, [_one(base, wanted, value, context) for value in values])
    except MissingVariableError:
        return False


def _quantified(quantifier: str, results: Sequence[bool]) -> bool:
    return any(results) if quantifier == "foranyvalue" else all(results)


def _one(base: str, wanted: Sequence[str], value: str, context: Context) -> bool:
    if base in _POSITIVE:
        return any(_POSITIVE[base](word, value, context) for word in wanted)
    return not any(_NEGATIVE[base](word, value, context) for word in wanted)


def _base(operator: str) -> tuple[str, str, bool]:
    quantifier, colon, rest = operator.lower().rpartition(":")
    if colon and quantifier not in ("forallvalues", "foranyvalue"):
        raise UnknownOperatorError(f"IAM has no condition operator {operator}")
    return quantifier, rest.removesuffix("ifexists"), rest.endswith("ifexists")
