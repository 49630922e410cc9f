"""The etcd of one cluster: objects by type and name, one revision counter and a bounded log of changes.

It knows nothing about kinds, schemas or rights; `objects_api` does. Callers hold `lock` while they write.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from trellis_local.kubernetes.errors import expired
from trellis_local.kubernetes.objects import Object, name_of, namespace_of

TypeKey = tuple[str, str]  # API group, plural
ObjectKey = tuple[str, str]  # namespace (empty when cluster-scoped), name
Objects = list[Object]
EVENT_LOG_LENGTH = 10_000
_SNAPSHOTS = 64


@dataclass(frozen=True)
class StoreEvent:
    """One change; `previous` is the object before it, None for ADDED."""

    revision: int
    type: str
    type_key: TypeKey
    object: Object
    previous: Object | None


class Store:
    """All objects of one cluster."""

    def __init__(self, *, event_log_length: int = EVENT_LOG_LENGTH) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.revision = 1
        self.closed = False
        self._objects: dict[TypeKey, dict[ObjectKey, Object]] = {}
        self._events: deque[StoreEvent] = deque(maxlen=event_log_length)
        self._dropped_revision = 0
        self._listeners: list[Callable[[StoreEvent], None]] = []
        self._snapshots: OrderedDict[str, Objects] = OrderedDict()

    def subscribe(self, listener: Callable[[StoreEvent], None]) -> None:
        """Call `listener` for every change, in the writer's thread and under the lock."""
        self._listeners.append(listener)

    def get(self, type_key: TypeKey, key: ObjectKey) -> Object | None:
        """The stored object, not to be changed; None when there is none."""
        return self._objects.get(type_key, {}).get(key)

    def list(self, type_key: TypeKey, namespace: str = "") -> Objects:
        """Stored objects by namespace and name; an empty namespace means all."""
        with self.lock:
            found = self._objects.get(type_key, {})
            return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def everything(self) -> Iterator[tuple[TypeKey, Object]]:
        """Every object with its type."""
        with self.lock:
            pairs = [(type_key, obj) for type_key, objects in self._objects.items() for obj in objects.values()]
        return iter(pairs)

    def put(self, type_key: TypeKey, obj: Object) -> Object:
        """Store `obj` under a new resourceVersion; the caller gives it away."""
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        objects = self._objects.setdefault(type_key, {})
        key = (namespace_of(obj), name_of(obj))
        previous = objects.get(key)
        objects[key] = obj
        self._publish("MODIFIED" if previous else "ADDED", type_key, obj, previous)
        return obj

    def remove(self, type_key: TypeKey, key: ObjectKey) -> Object:
        """Delete an object; its last state, under the revision of the deletion."""
        previous = self._objects[type_key].pop(key)
        self.revision += 1
        gone = previous | {"metadata": previous["metadata"] | {"resourceVersion": str(self.revision)}}
        self._publish("DELETED", type_key, gone, previous)
        return gone

    def _publish(self, kind: str, type_key: TypeKey, obj: Object, previous: Object | None) -> None:
        event = StoreEvent(self.revision, kind, type_key, obj, previous)
        if len(self._events) == self._events.maxlen:
            self._dropped_revision = self._events[0].revision
        self._events.append(event)
        for listener in self._listeners:
            listener(event)
        self.changed.notify_all()

    def events_after(self, revision: int) -> Sequence[StoreEvent]:
        """Changes later than `revision`, oldest first; Expired when the log no longer reaches back that far."""
        if revision < self._dropped_revision:
            message = f"too old resource version: {revision} ({self._dropped_revision + 1})"
            raise expired(message)
        newer: deque[StoreEvent] = deque()
        for event in reversed(self._events):
            if event.revision <= revision:
                break
            newer.appendleft(event)
        return tuple(newer)

    def keep_snapshot(self, token: str, rest: Objects) -> None:
        """Remember the rest of a paged list under its continue token."""
        with self.lock:
            self._snapshots[token] = rest
            if len(self._snapshots) > _SNAPSHOTS:
                self._snapshots.popitem(last=False)

    def snapshot(self, token: str) -> Objects:
        """The rest of a paged list; Expired for an unknown or forgotten token."""
        with self.lock:
            if token not in self._snapshots:
                raise expired("The provided continue parameter is too old to display a consistent list result.")
            return self._snapshots[token]

    def close(self) -> None:
        """End every watch."""
        with self.lock:
            self.closed = True
            self.changed.notify_all()
