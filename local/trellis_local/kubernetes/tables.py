"""The Table form of lists, which `kubectl get` prints."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from trellis_local import clock
from trellis_local.kubernetes.objects import Object, name_of
from trellis_local.kubernetes.requests import Target

_NAME = {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}
_AGE = {"name": "Age", "type": "string", "format": "", "description": "", "priority": 0}
_FILTER = re.compile(r'\[\?\(@\.(\w+)\s*==\s*["\'](\w+)["\']\)\]')


def table(target: Target, items: list[Object], meta: dict[str, Any]) -> dict[str, Any]:
    """A `meta.k8s.io/v1` Table; rows carry the objects' metadata."""
    columns = target.served.columns
    headers = [
        {"name": c.name, "type": c.type, "format": "", "description": "", "priority": c.priority} for c in columns
    ]
    has_age = any(column.name == "Age" for column in columns)
    rows = []
    for item in items:
        cells: list[Any] = [name_of(item)] + [_cell(item, c.json_path, c.type) for c in columns]
        if not has_age:
            cells.append(_age(item["metadata"]["creationTimestamp"]))
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}
        rows.append({"cells": cells, "object": partial})
    definitions = [_NAME, *headers] + ([] if has_age else [_AGE])
    base = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
    return base | {"columnDefinitions": definitions, "rows": rows}


def table_event(target: Target, event: dict[str, Any]) -> dict[str, Any]:
    """A watch event with its object as a Table of one row."""
    if event["type"] in ("ERROR", "BOOKMARK"):
        return event
    meta = {"resourceVersion": event["object"]["metadata"]["resourceVersion"]}
    return {"type": event["type"], "object": table(target, [event["object"]], meta)}


def _cell(item: Object, json_path: str, kind: str) -> Any:
    if json_path in _RATIOS:
        return _RATIOS[json_path](item)
    found = _evaluate([item], json_path)
    if kind == "date" and found:
        return _age(str(found[0]))
    if len(found) > 1 or (kind == "string" and found and not isinstance(found[0], str)):
        return ",".join(v if isinstance(v, str) else json.dumps(v, separators=(",", ":")) for v in found)
    if not found:
        return 0 if kind == "integer" else "<none>" if kind == "string" else None
    return found[0]


def _ready_containers(pod: Object) -> str:
    states = (pod.get("status") or {}).get("containerStatuses") or []
    return f"{sum(1 for state in states if state.get('ready'))}/{len(pod['spec']['containers'])}"


def _ready_replicas(deployment: Object) -> str:
    return f"{(deployment.get('status') or {}).get('readyReplicas', 0)}/{deployment['spec']['replicas']}"


_RATIOS = {"ready-containers": _ready_containers, "ready-replicas": _ready_replicas}  # no JSONPath says "2/3"


def _evaluate(values: list[Any], json_path: str) -> list[Any]:
    """The small part of JSONPath that printer columns use: members, `[*]`, and one equality filter."""
    tokens = re.findall(r"\.([\w\-]+)|(\[[^\]]*\])", json_path)
    for member, bracket in tokens:
        if member:
            values = [value[member] for value in values if isinstance(value, dict) and member in value]
        elif bracket == "[*]":
            values = [item for value in values if isinstance(value, list) for item in value]
        elif match := _FILTER.fullmatch(bracket):
            key, wanted = match.groups()
            values = [item for value in values if isinstance(value, list) for item in value if item.get(key) == wanted]
        elif bracket.strip("[]").isdigit():
            index = int(bracket.strip("[]"))
            values = [value[index] for value in values if isinstance(value, list) and len(value) > index]
    return [value for value in values if value is not None]


def _age(created: str) -> str:
    seconds = int((clock.current().now() - datetime.fromisoformat(created)).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{max(0, seconds)}s"
