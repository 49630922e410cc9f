"""Who owns which field: `metadata.managedFields` after updates, and server-side apply with its conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from trellis_local.kubernetes.errors import ApiError
from trellis_local.kubernetes.field_sets import (
    Path,
    flatten,
    from_fields_v1,
    merge_applied,
    names_its_item,
    remove_path,
    to_fields_v1,
)
from trellis_local.kubernetes.objects import Object, timestamp


@dataclass(frozen=True)
class Manager:
    """One writer of fields; `operation` is Apply or Update."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""


@dataclass(frozen=True)
class Ownership:
    """The fields of one manager, and when they last changed."""

    manager: Manager
    fields: frozenset[Path]
    time: str


def read_owners(obj: Object) -> list[Ownership]:
    """The owners recorded in managedFields."""
    return [_from_entry(entry) for entry in obj["metadata"].get("managedFields") or []]


def _from_entry(entry: dict[str, Any]) -> Ownership:
    manager = Manager(entry["manager"], entry["operation"], entry["apiVersion"], entry.get("subresource", ""))
    return Ownership(manager, frozenset(from_fields_v1(entry.get("fieldsV1") or {})), entry.get("time", ""))


def _to_entry(owner: Ownership) -> dict[str, Any]:
    entry: dict[str, Any] = {"manager": owner.manager.name, "operation": owner.manager.operation}
    entry |= {"apiVersion": owner.manager.api_version, "time": owner.time, "fieldsType": "FieldsV1"}
    entry["fieldsV1"] = to_fields_v1(set(owner.fields))
    if owner.manager.subresource:
        entry["subresource"] = owner.manager.subresource
    return entry


def write_owners(obj: Object, owners: Sequence[Ownership]) -> None:
    """Record the owners that still own something."""
    entries = [_to_entry(owner) for owner in owners if owner.fields]
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def record_update(old: Object | None, new: Object, manager: Manager, schema: dict[str, Any]) -> None:
    """Give the fields that an update changed to its manager, and take them from all others."""
    before = flatten(old, schema) if old else {}
    after = flatten(new, schema)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    removed = set(before) - set(after)
    owners = []
    for owner in read_owners(old) if old else []:
        lost = removed if owner.manager == manager else removed | changed
        owners.append(replace(owner, fields=owner.fields - lost))
    write_owners(new, _with_fields(owners, manager, changed))


def _with_fields(owners: list[Ownership], manager: Manager, gained: set[Path]) -> list[Ownership]:
    if not gained:
        return owners
    mine = next((owner for owner in owners if owner.manager == manager), None)
    if mine is None:
        return [*owners, Ownership(manager, frozenset(gained), timestamp())]
    grown = replace(mine, fields=mine.fields | gained, time=timestamp())
    return [grown if owner is mine else owner for owner in owners]


def server_side_apply(
    live: Object, applied: Object, manager: Manager, *, schema: dict[str, Any], force: bool
) -> Object:
    """`live` after the manager applied its configuration; 409 with FieldManagerConflict causes unless forced."""
    owners = read_owners(live)
    wanted = flatten(applied, schema)
    disputed = _disputed(live, wanted, owners, manager=manager, schema=schema)
    if disputed and not force:
        raise _conflict(disputed)
    taken = {path for paths in disputed.values() for path in paths}
    others = [replace(o, fields=o.fields - taken) for o in owners if o.manager != manager]
    mine = next((o for o in owners if o.manager == manager), None)
    result: Object = merge_applied(live, applied, schema)
    dropped = (mine.fields if mine else frozenset()) - set(wanted)
    result = _drop(result, dropped, others, schema)
    result["metadata"] = dict(result["metadata"])
    if mine is not None and mine.fields == frozenset(wanted):
        others.insert(owners.index(mine), mine)
    else:
        others.append(Ownership(manager, frozenset(wanted), timestamp()))
    write_owners(result, others)
    return result


def _disputed(
    live: Object, wanted: dict[Path, Any], owners: list[Ownership], *, manager: Manager, schema: dict[str, Any]
) -> dict[Manager, list[Path]]:
    present = flatten(live, schema)
    differing = {path for path, value in wanted.items() if path in present and present[path] != value}
    found = {o.manager: sorted(differing & o.fields) for o in owners if o.manager != manager}
    return {other: paths for other, paths in found.items() if paths}


def _drop(obj: Object, dropped: frozenset[Path], others: list[Ownership], schema: dict[str, Any]) -> Object:
    for path in sorted(dropped, key=len):  # members of a list go whole, before the fields that identify them
        kept = names_its_item(path) or any(field[: len(path)] == path for owner in others for field in owner.fields)
        if not kept:
            obj = remove_path(obj, path, schema)
    return obj


def _conflict(disputed: dict[Manager, list[Path]]) -> ApiError:
    causes = []
    for manager, paths in disputed.items():
        using = f" using {manager.api_version}" if manager.operation == "Update" else ""
        causes += [
            {"reason": "FieldManagerConflict", "message": f'conflict with "{manager.name}"{using}', "field": _dotted(p)}
            for p in paths
        ]
    noun = "conflict" if len(causes) == 1 else "conflicts"
    listed = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    return ApiError(409, "Conflict", f"Apply failed with {len(causes)} {noun}: {listed}", {"causes": causes})


def _dotted(path: Path) -> str:
    return "".join(f".{part[2:]}" if part.startswith("f:") else f"[{part[2:]}]" for part in path)
