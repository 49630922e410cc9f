"""Sets of fields, as server-side apply counts them: paths through an object, keyed by the schema's list keys.

A path is a tuple of `f:<field>`, `k:<list keys as JSON>` and `v:<set value as JSON>` parts, and `FieldsV1` is the same
set as a tree.
"""

from __future__ import annotations

import json
from typing import Any

from trellis_local.kubernetes.objects import Object, clone
from trellis_local.kubernetes.schema import child_schema, list_identity

Path = tuple[str, ...]
_SERVER_METADATA = frozenset(
    {
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    }
)


def flatten(obj: Object, schema: dict[str, Any]) -> dict[Path, Any]:
    """Every field a manager can own with its value; members of map lists stand for themselves with None."""
    content = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _SERVER_METADATA}
    if meta:
        content["metadata"] = meta
    leaves: dict[Path, Any] = {}
    _flatten(content, schema, path=(), leaves=leaves)
    leaves.pop((), None)
    return leaves


def _flatten(value: Any, schema: dict[str, Any], *, path: Path, leaves: dict[Path, Any]) -> None:
    if isinstance(value, dict) and value and schema.get("x-kubernetes-map-type") != "atomic":
        for key, item in value.items():
            _flatten(item, child_schema(schema, key) or {}, path=(*path, f"f:{key}"), leaves=leaves)
    elif isinstance(value, list) and schema.get("x-kubernetes-list-type") in ("map", "set"):
        for item in value:
            member = (*path, list_part(item, schema))
            leaves[member] = None
            if isinstance(item, dict):
                _flatten(item, schema.get("items") or {}, path=member, leaves=leaves)
    else:
        leaves[path] = value


def list_part(item: Any, schema: dict[str, Any]) -> str:
    """The path part of one member of a map or set list."""
    prefix = "k" if schema["x-kubernetes-list-type"] == "map" else "v"
    return f"{prefix}:{json.dumps(list_identity(item, schema), separators=(',', ':'), sort_keys=True)}"


def names_its_item(path: Path) -> bool:
    """Whether the field is one of the keys that identify a member of a map list."""
    return len(path) > 1 and path[-2].startswith("k:") and path[-1].removeprefix("f:") in json.loads(path[-2][2:])


def to_fields_v1(paths: set[Path]) -> dict[str, Any]:
    """The set as `FieldsV1`."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return _without_leaf_dots(tree)


def _without_leaf_dots(node: dict[str, Any]) -> dict[str, Any]:
    if set(node) == {"."}:
        return {}
    return {key: _without_leaf_dots(child) for key, child in node.items()}


def from_fields_v1(tree: dict[str, Any], path: Path = ()) -> set[Path]:
    """The set that `FieldsV1` spells."""
    if not tree:
        return {path} if path else set()
    paths: set[Path] = set()
    for key, child in tree.items():
        paths |= {path} if key == "." else from_fields_v1(child, (*path, key))
    return paths


def merge_applied(live: Any, applied: Any, schema: dict[str, Any]) -> Any:
    """`live` with the fields of `applied` laid over it, lists merged as the schema says."""
    if isinstance(applied, dict) and isinstance(live, dict) and schema.get("x-kubernetes-map-type") != "atomic":
        merged = dict(live)
        for key, value in applied.items():
            merged[key] = merge_applied(live.get(key), value, child_schema(schema, key) or {})
        return merged
    kind = schema.get("x-kubernetes-list-type")
    if isinstance(applied, list) and isinstance(live, list) and kind in ("map", "set"):
        members = {list_part(item, schema): item for item in live}
        for item in applied:
            part = list_part(item, schema)
            members[part] = merge_applied(members.get(part), item, schema.get("items") or {})
        return list(members.values())
    return clone(applied)


def remove_path(value: Any, path: Path, schema: dict[str, Any]) -> Any:
    """`value` without the field at `path`; containers left empty go with it."""
    part, rest = path[0], path[1:]
    if part.startswith("f:") and isinstance(value, dict):
        key = part[2:]
        if key not in value:
            return value
        kept = remove_path(value[key], rest, child_schema(schema, key) or {}) if rest else None
        return {k: (kept if k == key else v) for k, v in value.items() if k != key or kept not in (None, {}, [])}
    if isinstance(value, list) and schema.get("x-kubernetes-list-type") in ("map", "set"):
        items = schema.get("items") or {}
        if not rest:
            return [item for item in value if list_part(item, schema) != part]
        return [remove_path(i, rest, items) if list_part(i, schema) == part else i for i in value]
    return value
