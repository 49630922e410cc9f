"""Calls of VPC Lattice that nothing checks on the client, and what is wrong with an answer by the API model."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from lattice_model import MODEL

_TIMESTAMP = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z"
_TYPES: Mapping[str, type] = {
    "string": str,
    "timestamp": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "structure": dict,
    "map": dict,
    "list": list,
}
# moto writes the message in both spellings that clients look for, and the code as rest-json also allows it.
_ALSO_IN_ERRORS = ("__type", "Message")


@dataclass(frozen=True)
class Answer:
    """The status, the error code and the JSON document of an answer as it was on the wire."""

    operation: str
    status: int
    code: str | None
    document: dict[str, Any]

    @property
    def fields(self) -> set[str]:
        """The names in `fieldList`."""
        return {field["name"] for field in self.document.get("fieldList", ())}


class WireClient:
    """A client that sends whatever it is told and calls once."""

    def __init__(self, region: str) -> None:
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self._client = boto3.client("vpc-lattice", region, config=config)
        self._client.meta.events.register("before-parse.vpc-lattice.*", self._keep)
        self._kept: dict[str, Any] = {}

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """Call an operation by its API name."""
        code = None
        try:
            getattr(self._client, xform_name(operation))(**request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
        return Answer(operation, self._kept["status_code"], code, json.loads(self._kept["body"] or b"{}"))

    def _keep(self, response_dict: dict[str, Any], **_: Any) -> None:
        self._kept = response_dict


def mismatches(answer: Answer) -> list[str]:
    """What contradicts the model: the status, members that are missing, unknown or of another form."""
    model = MODEL.operation_model(answer.operation)
    if answer.code is None:
        shape, status = model.output_shape, model.http["responseCode"]
    else:
        shape = MODEL.shape_for(answer.code)
        status = shape.metadata["error"]["httpStatusCode"]
        if shape.name not in {error.name for error in model.error_shapes}:
            return [f"{answer.code} is no error of {answer.operation}"]
    wrong_status = [] if answer.status == status else [f"status {answer.status} is not {status}"]
    return wrong_status + list(_mismatches(shape, answer.document, answer.operation))


def _mismatches(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    if shape is None:
        if value:
            yield f"{path} must be empty"
    elif not isinstance(value, _TYPES[shape.type_name]) or isinstance(value, bool) != (shape.type_name == "boolean"):
        yield f"{path} is no {shape.type_name}: {value!r}"
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from _mismatches(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _mismatches(shape.key, key, f"{path}.{key}")
            yield from _mismatches(shape.value, item, f"{path}.{key}")
    elif shape.type_name != "boolean":
        yield from _scalar(shape, value, path)


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}.{name} is missing" for name in shape.required_members if name not in value)
    if shape.is_tagged_union and len(value) != 1:
        yield f"{path} is no union: {sorted(value)}"
    in_body = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    for name, item in value.items():
        if name in in_body:
            yield from _mismatches(in_body[name], item, f"{path}.{name}")
        elif name not in _ALSO_IN_ERRORS:
            yield f"{path}.{name} is not in the model"


def _scalar(shape: Shape, value: Any, path: str) -> Iterator[str]:
    limits = shape.metadata
    if shape.type_name == "timestamp" and not re.fullmatch(_TIMESTAMP, value):
        yield f"{path} is no timestamp: {value}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{path} is not in the enum: {value}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value, re.ASCII):
        yield f"{path} does not match {limits['pattern']}: {value}"
    size = value if isinstance(value, int) else len(value)
    if not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{path} has a size that is not allowed: {value}"
