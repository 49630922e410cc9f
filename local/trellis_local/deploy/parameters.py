"""Template parameters: defaults, overrides and their types, and the pseudo parameters of AWS.

A parameter without a value, an unknown override, a value that is not allowed, and types that read SSM are errors.
"""

import re
from collections.abc import Mapping
from typing import Any

from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.intrinsics import NO_VALUE, text_of


def values_of(template: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every parameter, in the type that it declares."""
    declared = template.get("Parameters", {})
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise DeployError("Parameters", f"the template has no parameter {', '.join(unknown)}")
    return {name: _value(name, definition, overrides) for name, definition in declared.items()}


def pseudo_parameters(*, account: str, region: str, stack: str) -> dict[str, Any]:
    """What AWS gives every template."""
    return {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": stack,
        "AWS::StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{stack}/local",
        "AWS::NoValue": NO_VALUE,
    }


def _value(name: str, definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> Any:
    where = f"Parameters.{name}"
    value = overrides.get(name, definition.get("Default"))
    if value is None:
        raise DeployError(where, "has no value and no default")
    allowed = definition.get("AllowedValues")
    if allowed is not None and text_of(value) not in {text_of(item) for item in allowed}:
        raise DeployError(where, f"{value!r} is not one of {allowed}")
    typed = _typed(where, definition, value)
    _check_pattern(where, definition, typed)
    return typed


def _check_pattern(where: str, definition: Mapping[str, Any], value: Any) -> None:
    """AllowedPattern holds for a text, or for each value of a list: AWS CloudFormation's "Parameters"."""
    pattern = definition.get("AllowedPattern")
    for item in value if isinstance(value, list) else [text_of(value)]:
        if pattern is not None and not re.fullmatch(pattern, item):
            raise DeployError(where, f"{item!r} does not match {pattern}")


def _typed(where: str, definition: Mapping[str, Any], value: Any) -> Any:
    kind = definition.get("Type")
    if kind == "String":
        return text_of(value)
    if kind == "Number":
        return _number(where, definition, value)
    if kind in ("CommaDelimitedList", "List<String>"):
        return [item.strip() for item in text_of(value).split(",")] if value != "" else []
    raise DeployError(where, f"type {kind} is not supported")


def _number(where: str, definition: Mapping[str, Any], value: Any) -> int | float:
    try:
        number = float(value)
    except ValueError as error:
        raise DeployError(where, f"{value!r} is not a number") from error
    low, high = definition.get("MinValue"), definition.get("MaxValue")
    if (low is not None and number < float(low)) or (high is not None and number > float(high)):
        raise DeployError(where, f"{value} is not between {low} and {high}")
    return int(number) if number.is_integer() else number
