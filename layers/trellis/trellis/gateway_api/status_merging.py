"""Merges a wanted `status` into the one that is there: others' entries stay, times move only with a change."""

from collections.abc import Mapping
from typing import Any

from trellis.gateway_api.conditions import CONTROLLER
from trellis.gateway_api.objects import GATEWAY_GROUP

Raw = Mapping[str, Any]


def merge_status(existing_status: Raw | None, wanted: Raw, now: str) -> dict[str, Any] | None:
    """The status to write, or None if it is there already; `now` is the time of transitions in RFC 3339."""
    existing = existing_status if isinstance(existing_status, Mapping) else {}
    merged = {**existing, **wanted}
    if "parents" in wanted:
        merged["parents"] = _parents(_list(existing, "parents"), wanted["parents"], now)
    if "conditions" in wanted:
        merged["conditions"] = _conditions(_list(existing, "conditions"), wanted["conditions"], now)
    if "listeners" in wanted:
        known = {found.get("name"): found for found in _list(existing, "listeners")}
        merged["listeners"] = [_timed(known.get(item["name"], {}), item, now) for item in wanted["listeners"]]
    return None if merged == existing else merged


def _parents(existing: list[Raw], wanted: list[Raw], now: str) -> list[Raw]:
    """This controller's entries in their places; of its old ones those that are not wanted go."""
    new = {_identity(entry): entry for entry in wanted}
    merged: list[Raw] = []
    for found in existing:
        if found.get("controllerName") != CONTROLLER:
            merged.append(found)
        elif _identity(found) in new:
            merged.append(_timed(found, new.pop(_identity(found)), now))
    return [*merged, *(_timed({}, entry, now) for entry in new.values())]


def _identity(entry: Raw) -> tuple[Any, ...]:
    """The API server may fill in the defaults of a parentRef."""
    ref = entry.get("parentRef")
    ref = ref if isinstance(ref, Mapping) else {}
    defaults = {"group": GATEWAY_GROUP, "kind": "Gateway"}
    names = ("group", "kind", "namespace", "name", "sectionName", "port")
    return tuple(str(ref.get(name, defaults.get(name))) for name in names)


def _timed(existing: Raw, wanted: Raw, now: str) -> dict[str, Any]:
    conditions = [_transition(_list(existing, "conditions"), condition, now) for condition in wanted["conditions"]]
    return {**wanted, "conditions": conditions}


def _conditions(existing: list[Raw], wanted: list[Raw], now: str) -> list[Raw]:
    """Conditions of types that are not wanted belong to others and stay; all keep their places."""
    new = {condition["type"]: _transition(existing, condition, now) for condition in wanted}
    merged = [new.pop(found.get("type"), found) for found in existing]
    return [*merged, *new.values()]


def _transition(existing: list[Raw], wanted: Raw, now: str) -> dict[str, Any]:
    before = next((found for found in existing if found.get("type") == wanted["type"]), {})
    same = before.get("status") == wanted["status"] and before.get("lastTransitionTime")
    return {**wanted, "lastTransitionTime": before["lastTransitionTime"] if same else now}


def _list(status: Raw, member: str) -> list[Raw]:
    found = status.get(member)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
