"""Structural OpenAPI schemas: pruning, defaulting and validation of objects as Kubernetes does them.

jsonschema judges the values; this module turns its verdicts into Kubernetes' field causes. CEL rules are in `cel`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import jsonschema

from trellis_local.kubernetes.errors import Cause
from trellis_local.kubernetes.objects import clone

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"


class Schema:
    """One version's schema; `raw` is OpenAPI v3 with the x-kubernetes extensions."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def prune(self, obj: dict[str, Any]) -> list[str]:
        """Drop fields the schema does not know, in place; their paths."""
        dropped: list[str] = []
        _prune(obj, self.raw, path="", dropped=dropped)
        return dropped

    def default(self, obj: dict[str, Any]) -> None:
        """Fill in defaults, in place."""
        _default(obj, self.raw)

    def causes(self, obj: dict[str, Any]) -> list[Cause]:
        """Every violation of the schema, CEL rules excepted."""
        errors = sorted(self._validator.iter_errors(obj), key=lambda error: _path(error.absolute_path))
        causes = [cause for error in errors for cause in to_causes(error)]
        causes += _duplicates(obj, self.raw, "")
        return causes

    @cached_property
    def has_rules(self) -> bool:
        """Whether CEL rules stand anywhere in the schema."""
        return _contains(self.raw, "x-kubernetes-validations")

    @cached_property
    def _validator(self) -> Any:
        return jsonschema.Draft7Validator(_to_json_schema(self.raw))


def child_schema(schema: dict[str, Any], key: str) -> dict[str, Any] | None:
    """Schema of a member of an object, None where the schema does not name it."""
    properties = schema.get("properties") or {}
    if key in properties:
        found: dict[str, Any] = properties[key]
        return found
    additional = schema.get("additionalProperties")
    return additional if isinstance(additional, dict) else None


def _prune(value: Any, schema: dict[str, Any], *, path: str, dropped: list[str]) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _prune(item, schema.get("items") or {}, path=f"{path}[{index}]", dropped=dropped)
    if not isinstance(value, dict):
        return
    keep_all = schema.get(_PRESERVE) or schema.get("additionalProperties") is True
    for key in list(value):
        child = child_schema(schema, key)
        here = f"{path}.{key}" if path else key
        if child is not None:
            _prune(value[key], child, path=here, dropped=dropped)
        elif not keep_all:
            del value[key]
            dropped.append(here)


def _default(value: Any, schema: dict[str, Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _default(item, schema.get("items") or {})
    if not isinstance(value, dict):
        return
    for key, child in (schema.get("properties") or {}).items():
        if "default" in child and (key not in value or (value[key] is None and not child.get("nullable"))):
            value[key] = clone(child["default"])
    for key, item in value.items():
        child = child_schema(schema, key)
        if child is not None:
            _default(item, child)


def _contains(schema: Any, keyword: str) -> bool:
    if isinstance(schema, dict):
        return keyword in schema or any(_contains(item, keyword) for item in schema.values())
    return isinstance(schema, list) and any(_contains(item, keyword) for item in schema)


def _to_json_schema(schema: Any) -> Any:
    """The schema in JSON Schema's own terms: `nullable` and int-or-string are OpenAPI's and Kubernetes' alone."""
    if not isinstance(schema, dict):
        return schema
    out = {key: _keyword(key, value) for key, value in schema.items() if key in _JSON_SCHEMA_KEYWORDS}
    out = _FORMATS.get(schema.get("format", ""), {}) | out
    if schema.get(_INT_OR_STRING):
        out["type"] = ["integer", "string"]
    for bound in ("Minimum", "Maximum"):  # OpenAPI marks a bound as exclusive, JSON Schema states a second bound
        if schema.get(f"exclusive{bound}") and bound.lower() in out:
            out[f"exclusive{bound}"] = out.pop(bound.lower())
    if schema.get("nullable") and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


def _keyword(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _to_json_schema(child) for name, child in value.items()}
    if key in ("items", "additionalProperties", "not"):
        return _to_json_schema(value)
    return [_to_json_schema(child) for child in value] if key in ("oneOf", "anyOf", "allOf") else value


_STRUCTURE = {
    "type",
    "properties",
    "items",
    "additionalProperties",
    "required",
    "enum",
    "not",
    "oneOf",
    "anyOf",
    "allOf",
}
_BOUNDS = {f"{end}{what}" for end in ("min", "max") for what in ("Items", "Length", "Properties")}
_JSON_SCHEMA_KEYWORDS = _STRUCTURE | _BOUNDS | {"pattern", "minimum", "maximum", "multipleOf", "uniqueItems"}
_FORMATS: dict[str, dict[str, Any]] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"minimum": -(2**63), "maximum": 2**63 - 1},
    "date-time": {"pattern": r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$"},
}


def _path(parts: Iterable[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def to_causes(error: Any) -> list[Cause]:
    """One of jsonschema's errors in Kubernetes' terms."""
    path = _path(error.absolute_path)
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance and repr(key) in error.message)
        return [Cause(f"{path}.{missing}" if path else missing, "FieldValueRequired", "Required value")]
    return [Cause(path, *_verdict(error))]


def _verdict(error: Any) -> tuple[str, str]:
    value, limit = error.instance, error.validator_value
    shown = _shown(value)
    if error.validator == "type":
        wanted = limit if isinstance(limit, str) else ",".join(limit)
        return "FieldValueTypeInvalid", f'Invalid value: {shown}: must be of type {wanted}: "{_type_name(value)}"'
    if error.validator == "enum":
        supported = ", ".join(_shown(item) for item in limit)
        return "FieldValueNotSupported", f"Unsupported value: {shown}: supported values: {supported}"
    if error.validator in ("maxItems", "maxProperties"):
        return "FieldValueTooMany", f"Too many: {len(value)}: must have at most {limit} items"
    if error.validator == "maxLength":
        return "FieldValueTooLong", f"Too long: may not be more than {limit} bytes"
    demand = _DEMANDS.get(error.validator, f"must validate {error.validator}").format(limit=limit)
    return "FieldValueInvalid", f"Invalid value: {shown}: {demand}"


_DEMANDS = {
    "minItems": "should be at least {limit} items long",
    "minProperties": "should have at least {limit} properties",
    "minLength": "should be at least {limit} chars long",
    "pattern": "should match '{limit}'",
    "minimum": "should be greater than or equal to {limit}",
    "maximum": "should be less than or equal to {limit}",
}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return '"object"'
    return '"array"' if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def _type_name(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def _duplicates(value: Any, schema: dict[str, Any], path: str) -> list[Cause]:
    causes: list[Cause] = []
    if isinstance(value, dict):
        for key, item in value.items():
            child = child_schema(schema, key)
            if child is not None and isinstance(item, dict | list):
                causes += _duplicates(item, child, f"{path}.{key}" if path else key)
    if isinstance(value, list):
        seen: list[Any] = []
        for index, item in enumerate(value):
            identity = list_identity(item, schema)
            if identity is not None and identity in seen:
                causes.append(Cause(f"{path}[{index}]", "FieldValueDuplicate", f"Duplicate value: {identity}"))
            seen.append(identity)
            causes += _duplicates(item, schema.get("items") or {}, f"{path}[{index}]")
    return causes


def list_identity(item: Any, schema: dict[str, Any]) -> Any:
    """What makes a member of a map or set list unique; None in an atomic list."""
    list_type = schema.get("x-kubernetes-list-type")
    if list_type == "set":
        return item
    if list_type == "map" and isinstance(item, dict):
        properties = (schema.get("items") or {}).get("properties") or {}
        keys = schema["x-kubernetes-list-map-keys"]
        return {key: item.get(key, (properties.get(key) or {}).get("default")) for key in keys}
    return None
