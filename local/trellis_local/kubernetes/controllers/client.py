"""How controllers write: through the same verbs as everyone, under their own field manager."""

from __future__ import annotations

from typing import Any

from trellis_local.kubernetes.catalog import Catalog
from trellis_local.kubernetes.objects import Object, name_of, namespace_of
from trellis_local.kubernetes.objects_api import ObjectsApi
from trellis_local.kubernetes.requests import Target, WriteOptions
from trellis_local.kubernetes.store import Store, TypeKey

_OPTIONS = WriteOptions(manager="kube-controller-manager")


class ControllerClient:
    """Reads and writes of the controllers of one cluster."""

    def __init__(self, store: Store, catalog: Catalog, api: ObjectsApi) -> None:
        self.store = store
        self._catalog = catalog
        self._api = api

    def get(self, type_key: TypeKey, namespace: str, name: str) -> Object | None:
        """The object, None when there is none."""
        return self.store.get(type_key, (namespace, name))

    def list(self, type_key: TypeKey, namespace: str = "") -> list[Object]:
        """Objects of one type, of one namespace or of all."""
        return self.store.list(type_key, namespace)

    def create(self, type_key: TypeKey, obj: Object) -> Object:
        """Create an object in the namespace of its metadata."""
        return self._api.create(self._target(type_key, namespace_of(obj)), obj, _OPTIONS)

    def update(self, type_key: TypeKey, obj: Object) -> Object:
        """Replace an object; an equal one writes nothing."""
        if self.get(type_key, namespace_of(obj), name_of(obj)) == obj:
            return obj
        return self._api.update(self._target(type_key, namespace_of(obj), name_of(obj)), obj, _OPTIONS)

    def update_status(self, type_key: TypeKey, obj: Object, status: dict[str, Any]) -> Object:
        """Replace an object's status; an equal one writes nothing."""
        if obj.get("status") == status:
            return obj
        target = self._target(type_key, namespace_of(obj), name_of(obj), "status")
        return self._api.update(target, obj | {"status": status}, _OPTIONS)

    def delete(self, type_key: TypeKey, obj: Object) -> None:
        """Delete an object."""
        self._api.delete(self._target(type_key, namespace_of(obj), name_of(obj)), _OPTIONS)

    def _target(self, type_key: TypeKey, namespace: str, name: str = "", subresource: str = "") -> Target:
        resource = self._catalog.types[type_key]
        return Target(resource, resource.storage_version, namespace, name, subresource)
