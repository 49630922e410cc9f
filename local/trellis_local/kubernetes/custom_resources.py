"""CustomResourceDefinitions: what makes one acceptable, and the resource type it defines."""

from __future__ import annotations

from typing import Any

from trellis_local.kubernetes.catalog import printer_columns, root_properties
from trellis_local.kubernetes.errors import Cause
from trellis_local.kubernetes.kinds import ResourceType, ResourceVersionSpec
from trellis_local.kubernetes.objects import Object, annotations_of, name_of, timestamp
from trellis_local.kubernetes.schema import Schema

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
    if raw.get("type") != "object":
        return [Cause(f"{path}.type", "FieldValueInvalid", "Invalid value: must be object at the root")]
    return _structure_causes(raw, path)


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
