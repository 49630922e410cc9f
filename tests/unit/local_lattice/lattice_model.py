"""The API model of VPC Lattice as a table of cases: values just inside and just outside each limit of each member.

Everything is derived from botocore's model; what a limit refuses beyond the model is no concern of this module.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from lattice_model_strings import example, of_length, unlike

MODEL = botocore.session.get_session().get_service_model("vpc-lattice")
OPERATIONS: tuple[str, ...] = tuple(MODEL.operation_names)
MISSING = object()
Path = tuple[str | int, ...]
Samples = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A value for one member of an operation's input; `field` is the member's name as `fieldList` spells it."""

    operation: str
    path: Path
    field: str
    limit: str
    value: Any

    def __str__(self) -> str:
        return f"{self.operation}-{self.field}-{self.limit}"

    def request(self, base: Mapping[str, Any], samples: Samples) -> dict[str, Any]:
        """The base request with this value in its place."""
        request: dict[str, Any] = placed(input_of(self.operation), base, self.path, self.value, samples)
        return request


def input_of(operation: str) -> StructureShape:
    """The input shape of an operation."""
    return MODEL.operation_model(operation).input_shape


def sample(shape: Shape, samples: Samples) -> Any:
    """A valid value of a shape with what is required and no more; `samples` are values by the name of a shape."""
    if shape.name in samples:
        return samples[shape.name]
    if isinstance(shape, StructureShape):
        names = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
        return {name: sample(shape.members[name], samples) for name in names}
    if isinstance(shape, ListShape):
        return [sample(shape.member, samples)] * max(shape.metadata.get("min", 0), _in_query(shape))
    if isinstance(shape, MapShape):
        return {}
    if shape.type_name == "string":
        return example(shape)
    return False if shape.type_name == "boolean" else shape.metadata.get("min", 1)


def placed(shape: Shape, document: Any, path: Path, value: Any, samples: Samples) -> Any:
    """A copy of the document with the value at the path, and valid values of what the path needs around it."""
    if not path:
        return value
    if isinstance(shape, ListShape):
        items = list(document or [None])
        return [placed(shape.member, items[0], path[1:], value, samples), *items[1:]]
    found = dict(sample(shape, samples) if document is None else document)
    if shape.is_tagged_union:
        found = {name: item for name, item in found.items() if name == path[0]}
    if len(path) == 1 and value is MISSING:
        found.pop(path[0])
        return found
    return {**found, path[0]: placed(shape.members[path[0]], found.get(path[0]), path[1:], value, samples)}


def outside(operation: str) -> Iterator[Case]:
    """Every limit of the operation's input with a value that breaks it, and nothing else if that is possible."""
    for path, field, shape in _sites(input_of(operation)):
        for limit, value in _wrong_values(shape):
            yield Case(operation, path, field, limit, value)
        if isinstance(shape, StructureShape):
            for name in shape.required_members:
                if shape.members[name].serialization.get("location") != "uri":
                    yield Case(operation, (*path, name), _join(field, name), "required", MISSING)
        if isinstance(shape, MapShape):
            for limit, key in _wrong_values(shape.key):
                yield Case(operation, path, f"{field}.{key}", f"key {limit}", {key: sample(shape.value, {})})
            for limit, value in _wrong_values(shape.value):
                yield Case(operation, path, f"{field}.key", f"value {limit}", {"key": value})


def inside(operation: str, samples: Samples) -> Iterator[Case]:
    """Every limit of the operation's input with a value that just keeps it."""
    for path, field, shape in _sites(input_of(operation)):
        for limit, value in _right_values(shape, samples):
            yield Case(operation, path, field, limit, value)


def places(operation: str, shape_names: Mapping[str, Any]) -> Iterator[tuple[Path, str, Shape]]:
    """Where the operation's input has values of the named shapes: path, name in `fieldList`, and shape."""
    return ((path, field, shape) for path, field, shape in _sites(input_of(operation)) if shape.name in shape_names)


def _sites(shape: Shape, path: Path = (), field: str = "") -> Iterator[tuple[Path, str, Shape]]:
    yield path, field, shape
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from _sites(member, (*path, name), _join(field, name))
    elif isinstance(shape, ListShape):
        yield from _sites(shape.member, (*path, 0), f"{field}[0]")


def _wrong_values(shape: Shape) -> Iterator[tuple[str, Any]]:
    limits = shape.metadata
    if isinstance(shape, StructureShape):
        if shape.is_tagged_union:
            yield "no member of the union", {}
            if len(shape.members) > 1:
                yield "two members of the union", {n: sample(m, {}) for n, m in list(shape.members.items())[:2]}
        return
    if limits.get("min", 0) > 0 or (shape.type_name == "integer" and "min" in limits):
        yield "below the minimum", _of_size(shape, limits["min"] - 1)
    if "max" in limits:
        yield "above the maximum", _of_size(shape, limits["max"] + 1)
    if "enum" in limits:
        yield "enum", limits["enum"][0].swapcase()
    if "pattern" in limits:
        yield "pattern", unlike(shape)
        if not re.fullmatch(limits["pattern"], example(shape) + "\n"):
            yield "pattern and a newline", example(shape) + "\n"


def _right_values(shape: Shape, samples: Samples) -> Iterator[tuple[str, Any]]:
    limits = shape.metadata
    yield from (("enum " + value, value) for value in limits.get("enum", ()))
    if isinstance(shape, StructureShape):
        if shape.is_tagged_union:
            yield from ((f"union of {n}", {n: sample(m, samples)}) for n, m in shape.members.items())
        return
    for limit in ("min", "max"):
        if limit not in limits:
            continue
        if limits[limit] == 0 and _in_query(shape):
            continue  # an empty list is as good as none in a query
        if shape.type_name == "string" and of_length(shape, limits[limit]) is None:
            continue  # the pattern allows no such length
        yield f"at {limit}", _of_size(shape, limits[limit], samples)


def _of_size(shape: Shape, size: int, samples: Samples | None = None) -> Any:
    if shape.type_name == "integer":
        return size
    if isinstance(shape, ListShape):
        return [sample(shape.member, samples or {})] * size
    if isinstance(shape, MapShape):
        return {f"key-{number}": "value" for number in range(size)}
    text = of_length(shape, size)
    return text if text is not None else "a" * size


def _in_query(shape: Shape) -> bool:
    return shape.serialization.get("location") == "querystring"


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name
