"""CustomResourceDefinitions: what makes one acceptable, and the resource type it defines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema

from trellis_local.kubernetes.catalog import printer_columns, root_properties
from trellis_local.kubernetes.errors import Cause
from trellis_local.kubernetes.kinds import ResourceType, ResourceVersionSpec
from trellis_local.kubernetes.objects import Object, annotations_of, name_of, timestamp
from trellis_local.kubernetes.schema import Schema, to_causes

CRD_KEY = ("apiextensions.k8s.io", "customresourcedefinitions")
_APPROVED = "api-approved.kubernetes.io"


def resource_type(crd: Object) -> ResourceType:
    """The type that a valid definition adds to the API."""
    spec, names = crd["spec"], crd["spec"]["names"]
    versions = {v["name"]: _version(v) for v in spec["versions"] if v["served"]}
    return ResourceType(
        group=spec["group"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names["singular"],
        namespaced=spec["scope"] == "Namespaced",
        storage_version=next(v["name"] for v in spec["versions"] if v["storage"]),
        versions=versions,
        short_names=tuple(names.get("shortNames") or []),
        categories=tuple(names.get("categories") or []),
    )


def _version(version: dict[str, Any]) -> ResourceVersionSpec:
    raw = version["schema"]["openAPIV3Schema"]
    properties = (raw.get("properties") or {}) | root_properties()
    columns = printer_columns(version.get("additionalPrinterColumns") or [])
    subresources = frozenset(version.get("subresources") or {}) & {"status"}
    return ResourceVersionSpec(version["name"], Schema(raw | {"properties": properties}), columns, subresources)


def complete_names(crd: Object) -> None:
    """Fill in singular and listKind as the API server does."""
    names = crd["spec"]["names"]
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", f"{names['kind']}List")
    crd["spec"].setdefault("conversion", {"strategy": "None"})


def established_status(crd: Object) -> dict[str, Any]:
    """The status of a definition whose names were accepted and whose endpoints are served."""
    stored = [v["name"] for v in crd["spec"]["versions"] if v["storage"]]
    previous = (crd.get("status") or {}).get("storedVersions") or []
    conditions = (crd.get("status") or {}).get("conditions") or [
        _condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        _condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    versions = previous + [v for v in stored if v not in previous]
    return {"acceptedNames": crd["spec"]["names"], "conditions": conditions, "storedVersions": versions}


def _condition(kind: str, reason: str, message: str) -> dict[str, str]:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": timestamp(),
    }


def definition_causes(crd: Object) -> list[Cause]:
    """Why a definition cannot be accepted."""
    spec = crd["spec"]
    causes = []
    expected = f"{spec['names']['plural']}.{spec['group']}"
    if name_of(crd) != expected:
        message = f'Invalid value: "{name_of(crd)}": must be spec.names.plural+"."+spec.group'
        causes.append(Cause("metadata.name", "FieldValueInvalid", message))
    if _is_protected(spec["group"]) and not annotations_of(crd).get(_APPROVED):
        message = 'Required value: protected groups must have approval annotation "api-approved.kubernetes.io"'
        causes.append(Cause(f"metadata.annotations[{_APPROVED}]", "FieldValueRequired", message))
    if sum(1 for v in spec["versions"] if v["storage"]) != 1:
        message = "Invalid value: must have exactly one version marked as storage version"
        causes.append(Cause("spec.versions", "FieldValueInvalid", message))
    for index, version in enumerate(spec["versions"]):
        causes += _schema_causes(version, f"spec.versions[{index}].schema.openAPIV3Schema")
    return causes


def _is_protected(group: str) -> bool:
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def _schema_causes(version: dict[str, Any], path: str) -> list[Cause]:
    raw = (version.get("schema") or {}).get("openAPIV3Schema")
    if raw is None:
        return [Cause(path, "FieldValueRequired", "Required value: schemas are required")]
    malformed = [cause for error in _META_SCHEMA.iter_errors(raw) for cause in to_causes(error)]
    if malformed:
        return [replace(cause, field=f"{path}.{cause.field}") for cause in malformed]
    if raw.get("type") != "object":
        return [Cause(f"{path}.type", "FieldValueInvalid", "Invalid value: must be object at the root")]
    return _structure_causes(raw, path)


_SCHEMA: dict[str, Any] = {"$ref": "#"}
_SCHEMAS = {"type": "array", "items": _SCHEMA}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_COUNT = {"type": "integer", "minimum": 0}
_RULE = {"type": "object", "required": ["rule"], "additionalProperties": {"type": ["string", "boolean"]}}
_TYPES = ["object", "array", "string", "integer", "number", "boolean"]
_KEYWORDS: dict[str, Any] = {
    "type": {"enum": _TYPES},
    "properties": {"type": "object", "additionalProperties": _SCHEMA},
    "additionalProperties": {"if": {"type": "object"}, "then": _SCHEMA, "else": {"type": "boolean"}},
    "items": _SCHEMA,
    "not": _SCHEMA,
    "required": _STRINGS,
    "enum": {"type": "array"},
    "pattern": {"type": "string", "format": "regex"},
    "format": {"type": "string"},
    "nullable": {"type": "boolean"},
    "minimum": {"type": "number"},
    "maximum": {"type": "number"},
    "exclusiveMinimum": {"type": "boolean"},
    "exclusiveMaximum": {"type": "boolean"},
    "multipleOf": {"type": "number", "exclusiveMinimum": 0},
    "uniqueItems": {"type": "boolean"},
    "description": {"type": "string"},
    "x-kubernetes-list-map-keys": _STRINGS,
    "x-kubernetes-list-type": {"enum": ["atomic", "set", "map"]},
    "x-kubernetes-map-type": {"enum": ["atomic", "granular"]},
    "x-kubernetes-int-or-string": {"type": "boolean"},
    "x-kubernetes-preserve-unknown-fields": {"type": "boolean"},
    "x-kubernetes-validations": {"type": "array", "items": _RULE},
}
_KEYWORDS |= dict.fromkeys(("oneOf", "anyOf", "allOf"), _SCHEMAS)
_KEYWORDS |= {f"{end}{what}": _COUNT for end in ("min", "max") for what in ("Items", "Length", "Properties")}
_META_SCHEMA = jsonschema.Draft7Validator(
    {"type": "object", "properties": _KEYWORDS}, format_checker=jsonschema.FormatChecker(formats=["regex"])
)


def _structure_causes(schema: dict[str, Any], path: str) -> list[Cause]:
    causes = []
    open_type = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if "type" not in schema and not open_type:
        message = "Required value: must not be empty for specified object fields"
        causes.append(Cause(f"{path}.type", "FieldValueRequired", message))
    if schema.get("type") == "array" and "items" not in schema:
        causes.append(Cause(f"{path}.items", "FieldValueRequired", "Required value: must be specified"))
    if schema.get("x-kubernetes-list-type") == "map" and not schema.get("x-kubernetes-list-map-keys"):
        causes.append(Cause(f"{path}.x-kubernetes-list-map-keys", "FieldValueRequired", "Required value"))
    for name, child in (schema.get("properties") or {}).items():
        causes += _structure_causes(child, f"{path}.properties[{name}]")
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            causes += _structure_causes(schema[keyword], f"{path}.{keyword}")
    return causes
