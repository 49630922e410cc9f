"""OpenAPI v3 documents by group version: enough for kubectl's `explain`, `apply` and `--dry-run=server`."""

from __future__ import annotations

from typing import Any

from trellis_local.kubernetes.catalog import Catalog
from trellis_local.kubernetes.discovery import VERSION
from trellis_local.kubernetes.errors import no_such_path
from trellis_local.kubernetes.kinds import ResourceType

_OPTIONS = ("dryRun", "fieldManager", "fieldValidation")
_QUERY = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _OPTIONS]
_DESCRIPTIONS = {
    "apiVersion": "APIVersion defines the versioned schema of this representation of an object.",
    "kind": "Kind is a string value representing the REST resource this object represents.",
}


def index(catalog: Catalog) -> dict[str, Any]:
    """Where the document of each group version is."""
    paths = {}
    for group, versions in catalog.groups().items():
        for version in versions:
            path = _prefix(group, version)
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}"}
    return {"paths": paths}


def _prefix(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def document(path: str, catalog: Catalog) -> dict[str, Any]:
    """The document of one group version, named as in the index; 404 for any other."""
    parts = path.split("/")
    group, version = ("", parts[-1]) if parts[0] == "api" else ("/".join(parts[1:-1]), parts[-1])
    resources = catalog.in_version(group, version)
    if not resources:
        raise no_such_path()
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for resource in resources:
        schemas[_schema_name(resource, version)] = _schema(resource, version)
        paths |= _paths(resource, version)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _kind(resource: ResourceType, version: str) -> dict[str, str]:
    return {"group": resource.group, "version": version, "kind": resource.kind}


def _schema_name(resource: ResourceType, version: str) -> str:
    reverse = ".".join(reversed(resource.group.split("."))) or "io.k8s.api.core"
    return f"{reverse}.{version}.{resource.kind}"


def _schema(resource: ResourceType, version: str) -> dict[str, Any]:
    raw = resource.versions[version].schema.raw
    described: dict[str, Any] = _printable(raw)
    described["x-kubernetes-group-version-kind"] = [_kind(resource, version)]
    for name, text in _DESCRIPTIONS.items():
        described["properties"][name] = {"type": "string", "description": text}
    return described


def _printable(schema: Any) -> Any:
    """Int-or-string fields need a type or format for kubectl's printer."""
    if isinstance(schema, dict):
        copied = {key: _printable(value) for key, value in schema.items()}
        if schema.get("x-kubernetes-int-or-string") is True:
            copied |= {"type": "string", "format": "int-or-string"}
        return copied
    return [_printable(item) for item in schema] if isinstance(schema, list) else schema


def _paths(resource: ResourceType, version: str) -> dict[str, Any]:
    scope = "namespaces/{namespace}/" if resource.namespaced else ""
    collection = f"/{_prefix(resource.group, version)}/{scope}{resource.plural}"
    reference = {"$ref": f"#/components/schemas/{_schema_name(resource, version)}"}
    formats = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
    if resource.built_in:
        formats.append("application/strategic-merge-patch+json")
    kind = _kind(resource, version)
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}}

    def operation(action: str, contents: list[str]) -> dict[str, Any]:
        body = {"requestBody": {"content": {name: {"schema": reference} for name in contents}}} if contents else {}
        marks = {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind}
        return {"parameters": _QUERY, "responses": answer, **marks, **body}

    one = {
        "get": operation("get", []),
        "put": operation("put", ["application/json"]),
        "patch": operation("patch", formats),
        "delete": operation("delete", []),
    }
    many = {"get": operation("list", []), "post": operation("post", ["application/json"])}
    return {collection: many, f"{collection}/{{name}}": one}
