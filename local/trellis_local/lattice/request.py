"""Reads the members of an operation's input out of an HTTP request, by the locations that the API model gives them.

What the model does not know is left out and logged: services of AWS ignore it, so that newer clients work.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from werkzeug.datastructures import MultiDict

from .errors import ValidationException, invalid_field

_LOG = logging.getLogger(__name__)


def read_request(
    shape: StructureShape, *, labels: Mapping[str, str], query: MultiDict[str, str], body: bytes | str
) -> dict[str, Any]:
    """The input of an operation with this input shape; raises ValidationException for a body that is no JSON object."""
    in_body = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    members = _known_members(in_body, _body_document(body), shape.name)
    return {**members, **_located_members(shape, labels=labels, query=query)}


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
        if not re.fullmatch("-?[0-9]{1,10}", values[0]):
            raise invalid_field(name, "must be of type integer")
        return int(values[0])
    if shape.type_name == "boolean":
        if values[0] not in ("true", "false"):
            raise invalid_field(name, "must be of type boolean")
        return values[0] == "true"
    return values[0]


def _body_document(body: bytes | str) -> dict[str, Any]:
    if not body:
        return {}
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValidationException("The request body is not JSON.", reason="cannotParse") from error
    if not isinstance(document, dict):
        raise ValidationException("The request body is not a JSON object.", reason="cannotParse")
    return document


def _known_members(members: Mapping[str, Shape], document: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The members that the model has; null is the same as absent."""
    for name in document.keys() - members.keys():
        _LOG.warning("ignored %s.%s, which the API model does not have", path, name)
    return {
        name: _known(members[name], value, f"{path}.{name}")
        for name, value in document.items()
        if name in members and value is not None
    }


def _known(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return _known_members(shape.members, value, path)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_known(shape.member, item, path) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _known(shape.value, item, path) for key, item in value.items()}
    return value
