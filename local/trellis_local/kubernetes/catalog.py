"""Which resource types a cluster serves: the built-in ones, and those its CustomResourceDefinitions add."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trellis_local.kubernetes.kinds import PrinterColumn, ResourceType, ResourceVersionSpec
from trellis_local.kubernetes.schema import Schema
from trellis_local.kubernetes.store import TypeKey

_BUILTIN = Path(__file__).parent / "builtin"
_ROOT: dict[str, Any] = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}


class Catalog:
    """The served resource types of one cluster, by API group and plural."""

    def __init__(self) -> None:
        self.types: dict[TypeKey, ResourceType] = dict(built_in_types())

    def register(self, resource: ResourceType) -> None:
        """Serve a type, or serve it in its new form."""
        self.types = {**self.types, (resource.group, resource.plural): resource}

    def unregister(self, type_key: TypeKey) -> None:
        """Serve a type no longer."""
        self.types = {key: resource for key, resource in self.types.items() if key != type_key}

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """The type served under that path, None when there is none."""
        resource = self.types.get((group, plural))
        return resource if resource is not None and version in resource.versions else None

    def groups(self) -> dict[str, list[str]]:
        """Served versions by API group, the preferred one first."""
        found: dict[str, set[str]] = {}
        for resource in self.types.values():
            found.setdefault(resource.group, set()).update(resource.versions)
        return {group: sorted(versions, key=_version_rank) for group, versions in sorted(found.items())}

    def in_version(self, group: str, version: str) -> list[ResourceType]:
        """The types of one group version, by plural."""
        found = [r for r in self.types.values() if r.group == group and version in r.versions]
        return sorted(found, key=lambda resource: resource.plural)


def _version_rank(version: str) -> tuple[int, str]:
    stability = 2 if "alpha" in version else 1 if "beta" in version else 0
    return stability, version


@lru_cache(maxsize=1)
def built_in_types() -> dict[TypeKey, ResourceType]:
    """The types every cluster serves."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    kinds = yaml.load((_BUILTIN / "kinds.yaml").read_text(), Loader=loader)
    return {(kind["group"], kind["plural"]): _built_in(kind) for kind in kinds}


@lru_cache(maxsize=1)
def shared_schemas() -> dict[str, Any]:
    """Schemas that built-in kinds share, by name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw: dict[str, Any] = yaml.load((_BUILTIN / "meta.yaml").read_text(), Loader=loader)
    resolved: dict[str, Any] = {}
    for name, schema in raw.items():
        resolved[name] = _resolve(schema, raw)
    return resolved


def _resolve(schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _resolve(named[schema["$ref"]], named)
        return {key: _resolve(value, named) for key, value in schema.items()}
    return [_resolve(item, named) for item in schema] if isinstance(schema, list) else schema


def root_properties() -> dict[str, Any]:
    """Schemas of the fields every object has."""
    return _ROOT | {"metadata": shared_schemas()["ObjectMeta"]}


@lru_cache(maxsize=1)
def metadata_schema() -> Schema:
    """Schema of an object of which only the metadata counts."""
    return Schema({"type": "object", "properties": {"metadata": shared_schemas()["ObjectMeta"]}})


def printer_columns(raw: list[dict[str, Any]]) -> tuple[PrinterColumn, ...]:
    """Printer columns from their CRD form."""
    return tuple(PrinterColumn(c["name"], c["type"], c["jsonPath"], c.get("priority", 0)) for c in raw)


def _built_in(kind: dict[str, Any]) -> ResourceType:
    properties = root_properties() | _resolve(kind["properties"], shared_schemas())
    schema = Schema({"type": "object", "properties": properties, "required": kind.get("required", [])})
    subresources = frozenset(name for name in ("status", "scale", "token") if kind.get(name))
    columns = printer_columns(kind.get("columns", []))
    version = ResourceVersionSpec(kind["version"], schema, columns, subresources)
    return ResourceType(
        group=kind["group"],
        kind=kind["kind"],
        plural=kind["plural"],
        singular=kind["kind"].lower(),
        namespaced=kind.get("namespaced", True),
        storage_version=kind["version"],
        versions={kind["version"]: version},
        short_names=tuple(kind.get("shortNames", [])),
        categories=tuple(kind.get("categories", [])),
        built_in=True,
        tracks_generation=kind.get("generation", False),
    )
