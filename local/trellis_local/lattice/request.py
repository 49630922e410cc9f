"""Reads the members of an operation's input out of an HTTP request, by the locations that the API model gives them."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from werkzeug.datastructures import MultiDict

from .errors import ValidationException, invalid_field


def read_request(
    shape: StructureShape, *, labels: Mapping[str, str], query: MultiDict[str, str], body: bytes | str
) -> dict[str, Any]:
    """The input of an operation with this input shape; raises ValidationException for a body that is no JSON object."""
    located = _located_members(shape, labels=labels, query=query)
    members = _body_members(body)
    for name in members:
        if name in shape.members and "location" in shape.members[name].serialization:
            raise invalid_field(name, "belongs in the URL, not in the body")
    return {**members, **located}


def _located_members(shape: StructureShape, *, labels: Mapping[str, str], query: MultiDict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        location, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            found[name] = labels[wire_name]
        elif location == "querystring" and wire_name in query:
            found[name] = _query_value(member, query.getlist(wire_name), name=name)
    return found


def _query_value(shape: Shape, values: list[str], *, name: str) -> Any:
    if isinstance(shape, ListShape):
        return values
    if shape.type_name == "integer":
        try:
            return int(values[0])
        except ValueError as error:
            raise invalid_field(name, "must be of type integer") from error
    if shape.type_name == "boolean":
        if values[0] not in ("true", "false"):
            raise invalid_field(name, "must be of type boolean")
        return values[0] == "true"
    return values[0]


def _body_members(body: bytes | str) -> dict[str, Any]:
    if not body:
        return {}
    try:
        members = json.loads(body)
    except ValueError as error:
        raise ValidationException("The request body is not JSON.", reason="cannotParse") from error
    if not isinstance(members, dict):
        raise ValidationException("The request body is not a JSON object.", reason="cannotParse")
    return members
