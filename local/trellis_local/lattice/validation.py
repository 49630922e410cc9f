"""Checks a request against the API model as the service does: boto3 leaves maxima, patterns and enums to the server.

It collects every wrong field, and does not judge what fields mean together. The request has members of the model only.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .errors import ValidationException

Problem = tuple[str, str]
_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


def validate(shape: StructureShape, request: Mapping[str, Any]) -> None:
    """Raise ValidationException with all wrong fields of the request."""
    problems = list(_problems(shape, request, path=""))
    if problems:
        text = "; ".join(f"{name}: {message}" for name, message in problems)
        raise ValidationException(text, reason="fieldValidationFailed", fields=problems)


def _problems(shape: Shape, value: Any, *, path: str) -> Iterator[Problem]:
    if not _is_of_type(value, shape.type_name):
        yield path, f"must be of type {shape.type_name}"
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path=path)
    elif isinstance(shape, ListShape):
        yield from _length(shape, len(value), path=path, noun="items")
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, path=f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        yield from _map(shape, value, path=path)
    elif shape.type_name == "string":
        yield from _string(shape, value, path=path)
    elif shape.type_name == "integer":
        yield from _length(shape, value, path=path, noun="")


def _is_of_type(value: Any, type_name: str) -> bool:
    is_boolean = isinstance(value, bool)
    return isinstance(value, _PYTHON_TYPES[type_name]) and is_boolean == (type_name == "boolean")


def _structure(shape: StructureShape, value: Mapping[str, Any], *, path: str) -> Iterator[Problem]:
    for name in shape.required_members:
        if name not in value:
            yield _join(path, name), "is required"
    if shape.is_tagged_union and len(value) != 1:
        yield path, f"must have exactly one of {', '.join(shape.members)}"
    for name, item in value.items():
        yield from _problems(shape.members[name], item, path=_join(path, name))


def _map(shape: MapShape, value: Mapping[str, Any], *, path: str) -> Iterator[Problem]:
    yield from _length(shape, len(value), path=path, noun="entries")
    for key, item in value.items():
        yield from _problems(shape.key, key, path=f"{path}.{key}")
        yield from _problems(shape.value, item, path=f"{path}.{key}")


def _string(shape: Shape, value: str, *, path: str) -> Iterator[Problem]:
    yield from _length(shape, len(value), path=path, noun="characters")
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield path, f"must be one of {', '.join(enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value, re.ASCII):
        yield path, f"must match {pattern}"


def _length(shape: Shape, number: int, *, path: str, noun: str) -> Iterator[Problem]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and number < minimum:
        yield path, f"must be at least {minimum} {noun}".rstrip()
    if maximum is not None and number > maximum:
        yield path, f"must be at most {maximum} {noun}".rstrip()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
