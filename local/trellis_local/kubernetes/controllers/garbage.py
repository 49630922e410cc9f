"""Cleaning up: dependents of deleted owners, contents of deleted namespaces, objects of deleted CRDs."""

from __future__ import annotations

from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.custom_resources import CRD_KEY
from trellis_local.kubernetes.objects import is_deleting, name_of, namespace_of
from trellis_local.kubernetes.objects_api import NAMESPACES
from trellis_local.kubernetes.store import StoreEvent


class GarbageCollector:
    """Deletes what has no reason to stay; finalizers are respected throughout."""

    def __init__(self, client: ControllerClient) -> None:
        self._client = client

    def __call__(self, event: StoreEvent) -> None:
        """React to one change."""
        if event.type == "DELETED":
            self._delete_dependents(event.object["metadata"]["uid"])
            self._finish_namespace(namespace_of(event.object))
        if event.type_key == NAMESPACES and event.type == "MODIFIED" and is_deleting(event.object):
            self._empty_namespace(name_of(event.object))
        if event.type_key == CRD_KEY and event.type == "DELETED":
            self._delete_custom_resources(event)

    def _delete_dependents(self, uid: str) -> None:
        for type_key, obj in self._client.store.everything():
            owners = obj["metadata"].get("ownerReferences") or []
            if any(owner["uid"] == uid for owner in owners) and len(owners) == 1:
                self._client.delete(type_key, obj)

    def _empty_namespace(self, name: str) -> None:
        for type_key, obj in self._client.store.everything():
            still_there = self._client.store.get(type_key, (name, name_of(obj))) is not None
            if namespace_of(obj) == name and still_there and not is_deleting(obj):
                self._client.delete(type_key, obj)
        self._finish_namespace(name)

    def _finish_namespace(self, name: str) -> None:
        namespace = self._client.get(NAMESPACES, "", name) if name else None
        if namespace is None or not is_deleting(namespace) or namespace["metadata"].get("finalizers"):
            return
        if all(namespace_of(obj) != name for _, obj in self._client.store.everything()):
            self._client.store.remove(NAMESPACES, ("", name))

    def _delete_custom_resources(self, event: StoreEvent) -> None:
        spec = event.object["spec"]
        type_key = (spec["group"], spec["names"]["plural"])
        for obj in self._client.list(type_key):
            self._client.store.remove(type_key, (namespace_of(obj), name_of(obj)))
