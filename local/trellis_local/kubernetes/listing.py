"""Lists and watches: selection, paging, and the stream of changes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from trellis_local.kubernetes.errors import ApiError, bad_request
from trellis_local.kubernetes.objects import Object, new_uid
from trellis_local.kubernetes.objects_api import in_version
from trellis_local.kubernetes.requests import Target
from trellis_local.kubernetes.selectors import Predicate, field_predicate, label_predicate
from trellis_local.kubernetes.store import Store, StoreEvent

_DEFAULT_WATCH_SECONDS = 1800.0  # real seconds: a watch is a socket, not an emulated wait
_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


def selection(target: Target, query: dict[str, str]) -> Predicate:
    """The test that namespace, name and selectors of a request make."""
    labels = label_predicate(query.get("labelSelector", ""))
    fields = field_predicate(query.get("fieldSelector", ""))

    def test(obj: Object) -> bool:
        meta = obj["metadata"]
        if target.namespace and meta.get("namespace") != target.namespace:
            return False
        return (not target.name or meta["name"] == target.name) and labels(obj) and fields(obj)

    return test


def page(store: Store, target: Target, query: dict[str, str]) -> tuple[list[Object], dict[str, Any]]:
    """The objects of one page and the list's metadata; later pages come from the first one's snapshot."""
    limit = _number(query, "limit")
    token = query.get("continue", "")
    with store.lock:
        if token:
            revision = _decode(token)
            found = store.snapshot(token)
        else:
            test = selection(target, query)
            revision = str(store.revision)
            found = [obj for obj in store.list(target.type_key, target.namespace) if test(obj)]
    meta: dict[str, Any] = {"resourceVersion": revision}
    if limit and len(found) > limit:
        following = base64.urlsafe_b64encode(json.dumps({"rv": revision, "id": new_uid()}).encode()).decode()
        store.keep_snapshot(following, found[limit:])
        meta |= {"continue": following, "remainingItemCount": len(found) - limit}
        found = found[:limit]
    return [in_version(target, obj) for obj in found], meta


def _decode(token: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(token))["rv"])
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error


def _number(query: dict[str, str], name: str) -> int:
    text = query.get(name) or "0"
    if not text.isdigit():
        raise bad_request(f"invalid {name}: {text!r}")
    return int(text)


def watch(store: Store, target: Target, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Watch events as they are sent; ends after timeoutSeconds, or when the store closes."""
    test = selection(target, query)
    seconds = float(_number(query, "timeoutSeconds") or _DEFAULT_WATCH_SECONDS)
    bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
    start = query.get("resourceVersion") or "0"
    if not start.isdigit():
        raise bad_request(f"invalid resource version: {start!r}")
    initial = query.get("sendInitialEvents") in ("true", "1")
    return _stream(store, target, test, start=int(start), seconds=seconds, flags=(initial, bookmarks))


def _stream(
    store: Store, target: Target, test: Predicate, *, start: int, seconds: float, flags: tuple[bool, bool]
) -> Iterator[dict[str, Any]]:
    initial, bookmarks = flags
    revision = start
    if start == 0 or initial:
        with store.lock:
            revision = store.revision
            present = [obj for obj in store.list(target.type_key, target.namespace) if test(obj)]
        for obj in present:
            yield {"type": "ADDED", "object": in_version(target, obj)}
        if initial:
            yield _bookmark(target, revision, _INITIAL_EVENTS_END)
    deadline = time.monotonic() + seconds
    while True:
        try:
            events, newest = _await_events(store, revision, deadline)
        except ApiError as error:
            yield {"type": "ERROR", "object": error.status()}
            return
        for event in events:
            shown = _shown(event, target, test)
            if shown is not None:
                yield shown
        revision = max(revision, newest)
        if store.closed or time.monotonic() >= deadline:
            break
    if bookmarks and not store.closed:
        yield _bookmark(target, revision, {})


def _await_events(store: Store, revision: int, deadline: float) -> tuple[Sequence[StoreEvent], int]:
    with store.changed:
        while not store.closed and store.revision <= revision:
            if not store.changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                break
        return store.events_after(revision), store.revision


def _shown(event: StoreEvent, target: Target, test: Predicate) -> dict[str, Any] | None:
    """The event as this watcher sees it: leaving its selection is a deletion, entering it an addition."""
    if event.type_key != target.type_key:
        return None
    now = event.type != "DELETED" and test(event.object)
    before = event.previous is not None and test(event.previous)
    if not now and not before:
        return None
    kind = "MODIFIED" if now and before else "ADDED" if now else "DELETED"
    return {"type": kind, "object": in_version(target, event.object)}


def _bookmark(target: Target, revision: int, annotations: dict[str, str]) -> dict[str, Any]:
    meta: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if annotations:
        meta["annotations"] = annotations
    obj = {"apiVersion": target.api_version, "kind": target.resource.kind, "metadata": meta}
    return {"type": "BOOKMARK", "object": obj}
