"""The three patch formats that name their changes: JSON patch, JSON merge patch and strategic merge patch.

Strategic merge follows `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key` of the built-in schemas.
"""

from __future__ import annotations

from typing import Any

import jsonpatch

from trellis_local.kubernetes.errors import ApiError, bad_request
from trellis_local.kubernetes.objects import Object, clone
from trellis_local.kubernetes.schema import child_schema

_ORDER = "$setElementOrder/"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"


def json_patch(obj: Object, operations: Any) -> Object:
    """RFC 6902; a failing `test` or a missing path is 422 as in Kubernetes."""
    try:
        patched: Object = jsonpatch.apply_patch(obj, operations)
    except jsonpatch.InvalidJsonPatch as error:
        raise bad_request(f"error decoding patch: {error}") from error
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        message = f"the server rejected our request due to an error in our request: {error}"
        raise ApiError(422, "Invalid", message) from error
    return patched


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return clone(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic_merge(target: Any, patch: Any, schema: dict[str, Any]) -> Any:
    """Kubernetes' strategic merge patch; unknown directives raise BadRequest."""
    if not isinstance(patch, dict):
        return clone(patch)
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    if directive == "replace":
        return {key: clone(value) for key, value in patch.items() if key != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        _merge_member(result, key, value, schema)
    return result


def _merge_member(result: Object, key: str, value: Any, schema: dict[str, Any]) -> None:
    if key == "$retainKeys" or key.startswith(_ORDER):
        return
    if key.startswith(_DELETE_PRIMITIVES):
        name = key.removeprefix(_DELETE_PRIMITIVES)
        result[name] = [item for item in result.get(name) or [] if item not in value]
        return
    if key.startswith("$"):
        raise bad_request(f"unknown strategic merge directive {key}")
    child = child_schema(schema, key) or {}
    if value is None:
        result.pop(key, None)
    elif isinstance(value, list) and "merge" in child.get("x-kubernetes-patch-strategy", ""):
        result[key] = _merge_list(result.get(key) or [], value, child)
    else:
        result[key] = strategic_merge(result.get(key), value, child)


def _merge_list(target: list[Any], patch: list[Any], schema: dict[str, Any]) -> list[Any]:
    merge_key = schema.get("x-kubernetes-patch-merge-key")
    if merge_key is None:
        return target + [item for item in patch if item not in target]
    if {"$patch": "replace"} in patch:
        return [clone(item) for item in patch if item != {"$patch": "replace"}]
    merged = {item.get(merge_key): item for item in target}
    for item in patch:
        if not isinstance(item, dict) or not isinstance(item.get(merge_key), str | int):
            raise bad_request(f"map: {item} does not contain declared merge key: {merge_key}")
        if item.get("$patch") == "delete":
            merged.pop(item[merge_key], None)
        else:
            merged[item[merge_key]] = strategic_merge(merged.get(item[merge_key]), item, schema.get("items") or {})
    return list(merged.values())
