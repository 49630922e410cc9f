"""The verbs on objects: create, read, replace, patch, apply and delete, with Kubernetes' bookkeeping.

It answers for one cluster, knows nothing of HTTP or of rights, and is used by the server and the controllers alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trellis_local.kubernetes import errors
from trellis_local.kubernetes.admission import decode, validate
from trellis_local.kubernetes.json_patches import json_patch, merge_patch, strategic_merge
from trellis_local.kubernetes.managed_fields import Manager, record_update, server_side_apply
from trellis_local.kubernetes.objects import (
    Object,
    clone,
    is_deleting,
    name_of,
    namespace_of,
    new_uid,
    random_suffix,
    timestamp,
)
from trellis_local.kubernetes.requests import Target, WriteOptions
from trellis_local.kubernetes.store import Store
from trellis_local.kubernetes.strategies import strategy_of

NAMESPACES = ("", "namespaces")
_SYSTEM_METADATA = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


class ObjectsApi:
    """Reads and writes of one cluster's objects; `after_write` runs when a write is done, still under the lock."""

    def __init__(self, store: Store, after_write: Callable[[], None]) -> None:
        self.store = store
        self._after_write = after_write

    def get(self, target: Target) -> Object:
        """The object as asked for; 404 when there is none."""
        return in_version(target, self._stored(target))

    def create(self, target: Target, body: Any, options: WriteOptions) -> Object:
        """Store a new object."""
        with self.store.lock:
            new = decode(target, body, options)
            self._prepare_new(target, new)
            schema = target.served.schema.raw
            new["metadata"].pop("managedFields", None)
            record_update(None, new, _manager(target, options, "Update"), schema)
            return self._add(target, new, options)

    def update(self, target: Target, body: Any, options: WriteOptions) -> Object:
        """Replace an object (its status only, through the status subresource)."""
        with self.store.lock:
            return self._commit(target, self._stored(target), body, options, record=True)

    def patch(self, target: Target, patch: Any, options: WriteOptions, *, media_type: str) -> Object:
        """Patch an object by JSON patch, merge patch or strategic merge patch."""
        with self.store.lock:
            current = self._stored(target)
            shown = in_version(target, current)
            if media_type == "application/json-patch+json":
                body = json_patch(shown, patch)
            elif media_type == "application/merge-patch+json":
                body = merge_patch(shown, patch)
            elif media_type == "application/strategic-merge-patch+json" and target.resource.built_in:
                body = strategic_merge(shown, patch, target.served.schema.raw)
            else:
                accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                raise errors.unsupported_media_type(media_type, accepted)
            return self._commit(target, current, body, options, record=True)

    def apply(self, target: Target, body: Any, options: WriteOptions) -> Object:
        """Server-side apply; creates the object when there is none."""
        with self.store.lock:
            applied = _without_defaults(target, body, options)
            manager = _manager(target, options, "Apply")
            current = self.store.get(target.type_key, target.key)
            schema = target.served.schema.raw
            if current is None:
                if target.subresource:
                    raise errors.not_found(target.resource.qualified_plural, target.name)
                empty = {"apiVersion": applied["apiVersion"], "kind": applied["kind"], "metadata": {}}
                seed = server_side_apply(empty, applied, manager, schema=schema, force=True)
                new = decode(target, seed, options)
                self._prepare_new(target, new)
                return self._add(target, new, options)
            shown = in_version(target, current)
            merged = server_side_apply(shown, applied, manager, schema=schema, force=options.force)
            return self._commit(target, current, merged, options, record=False)

    def delete(self, target: Target, options: WriteOptions, preconditions: dict[str, Any] | None = None) -> Object:
        """Delete an object, or mark it when finalizers hold it; the object as it was last."""
        with self.store.lock:
            current = self._stored(target)
            _check_preconditions(target, current, preconditions or {})
            if options.dry_run:
                return in_version(target, current)
            if options.propagation == "Orphan":
                self._orphan_dependents(current["metadata"]["uid"])
            if current["metadata"].get("finalizers") or target.type_key == NAMESPACES:
                gone = self._mark_deleted(target, current)
            else:
                gone = self.store.remove(target.type_key, target.key)
            self._after_write()
            return in_version(target, gone)

    def _stored(self, target: Target) -> Object:
        found = self.store.get(target.type_key, target.key)
        if found is None:
            raise errors.not_found(target.resource.qualified_plural, target.name)
        return found

    def _prepare_new(self, target: Target, new: Object) -> None:
        meta = new["metadata"]
        if meta.get("resourceVersion"):
            raise errors.bad_request("resourceVersion should not be set on objects to be created")
        _place(target, meta)
        if "name" not in meta:
            if not meta.get("generateName"):
                message = "Required value: name or generateName is required"
                cause = errors.Cause("metadata.name", "FieldValueRequired", message)
                raise errors.invalid(target.resource.qualified_kind, "", [cause])
            meta["name"] = meta["generateName"][:58] + random_suffix()
        for key in (*_SYSTEM_METADATA, "resourceVersion", "selfLink"):
            meta.pop(key, None)
        self._require_namespace(target)
        meta |= {"uid": new_uid(), "creationTimestamp": timestamp()}
        if target.resource.tracks_generation:
            meta["generation"] = 1
        if "status" in target.served.subresources:
            new.pop("status", None)
            target.served.schema.default(new)
        strategy_of(target.type_key).complete(self.store, new, None)

    def _require_namespace(self, target: Target) -> None:
        if not target.resource.namespaced:
            return
        namespace = self.store.get(NAMESPACES, ("", target.namespace))
        if namespace is None:
            raise errors.not_found("namespaces", target.namespace)
        if is_deleting(namespace):
            message = f"unable to create new content in namespace {target.namespace} because it is being terminated"
            raise errors.ApiError(403, "Forbidden", message)

    def _add(self, target: Target, new: Object, options: WriteOptions) -> Object:
        if self.store.get(target.type_key, (namespace_of(new), name_of(new))) is not None:
            raise errors.already_exists(target.resource.qualified_plural, name_of(new))
        validate(target, new, None)
        if options.dry_run:
            return in_version(target, new)
        self.store.put(target.type_key, new)
        self._after_write()
        return in_version(target, new)

    def _commit(self, target: Target, current: Object, body: Any, options: WriteOptions, *, record: bool) -> Object:
        new = decode(target, body, options)
        _check_identity(target, current, new)
        new = _merge_protected(target, current, new, keep_owners=record)
        strategy_of(target.type_key).complete(self.store, new, current)
        if target.resource.tracks_generation and _spec_changed(target, current, new):
            new["metadata"]["generation"] = current["metadata"]["generation"] + 1
        validate(target, new, current)
        if record:
            record_update(current, new, _manager(target, options, "Update"), target.served.schema.raw)
        if new == current or options.dry_run:
            return in_version(target, new)
        if is_deleting(new) and not new["metadata"].get("finalizers") and target.type_key != NAMESPACES:
            gone = self.store.remove(target.type_key, (namespace_of(new), name_of(new)))
            self._after_write()
            return in_version(target, gone)
        self.store.put(target.type_key, new)
        self._after_write()
        return in_version(target, new)

    def _mark_deleted(self, target: Target, current: Object) -> Object:
        if is_deleting(current):
            return current
        marked: Object = clone(current)
        marked["metadata"] |= {"deletionTimestamp": timestamp(), "deletionGracePeriodSeconds": 0}
        if target.resource.tracks_generation:
            marked["metadata"]["generation"] = current["metadata"]["generation"] + 1
        if target.type_key == NAMESPACES:
            marked["status"] = {"phase": "Terminating"}
        return self.store.put(target.type_key, marked)

    def _orphan_dependents(self, uid: str) -> None:
        for type_key, obj in self.store.everything():
            owners = obj["metadata"].get("ownerReferences") or []
            if any(owner["uid"] == uid for owner in owners):
                orphan: Object = clone(obj)
                orphan["metadata"]["ownerReferences"] = [owner for owner in owners if owner["uid"] != uid]
                self.store.put(type_key, orphan)


def in_version(target: Target, obj: Object) -> Object:
    """The stored object in the version asked for; versions differ in nothing but their name (conversion None)."""
    if obj["apiVersion"] == target.api_version:
        return obj
    return obj | {"apiVersion": target.api_version}


def _manager(target: Target, options: WriteOptions, operation: str) -> Manager:
    return Manager(options.manager, operation, target.api_version, target.subresource)


def _without_defaults(target: Target, body: Any, options: WriteOptions) -> Object:
    """The applied configuration itself: what it does not say, its manager does not own."""
    decode(target, body, options, partial=True)
    applied: Object = clone(body)
    applied.setdefault("metadata", {})
    if applied["metadata"].get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    target.served.schema.prune(applied)
    if target.name and applied["metadata"].setdefault("name", target.name) != target.name:
        raise errors.bad_request("the name of the object does not match the name on the URL")
    if target.subresource == "status":
        applied = {key: value for key, value in applied.items() if key in ("apiVersion", "kind", "metadata", "status")}
        applied["metadata"] = {"name": target.name}
    elif "status" in target.served.subresources:
        applied.pop("status", None)
    return applied


def _place(target: Target, meta: Object) -> None:
    """Give a new object the namespace and name of the path."""
    if target.resource.namespaced:
        if meta.setdefault("namespace", target.namespace) != target.namespace:
            message = "the namespace of the provided object does not match the namespace sent on the request"
            raise errors.bad_request(message)
    else:
        meta.pop("namespace", None)
    if target.name:
        meta.setdefault("name", target.name)


def _check_identity(target: Target, current: Object, new: Object) -> None:
    sent, stored = new["metadata"], current["metadata"]
    if sent.setdefault("name", stored["name"]) != stored["name"]:
        raise errors.bad_request(f"the name of the object ({sent['name']}) does not match the name on the URL")
    if sent.setdefault("namespace", namespace_of(current)) != namespace_of(current):
        raise errors.bad_request("the namespace of the object does not match the namespace on the request")
    if not target.resource.namespaced:
        sent.pop("namespace")
    if sent.get("resourceVersion") not in (None, "", stored["resourceVersion"]):
        raise errors.modified(target.resource.qualified_plural, target.name)
    if sent.get("uid") not in (None, "", stored["uid"]):
        why = f"Precondition failed: UID in precondition: {sent['uid']}, UID in object meta: {stored['uid']}"
        raise errors.conflict(target.resource.qualified_plural, target.name, why)


def _merge_protected(target: Target, current: Object, new: Object, *, keep_owners: bool) -> Object:
    """`new` with the parts that this endpoint cannot change taken from `current`."""
    if target.subresource == "status":
        owners = new["metadata"].get("managedFields")
        merged: Object = clone(current)
        merged.pop("status", None)
        if "status" in new:
            merged["status"] = new["status"]
        if not keep_owners:
            merged["metadata"]["managedFields"] = owners
        return merged
    meta = new["metadata"]
    for key in (*_SYSTEM_METADATA, "resourceVersion"):
        meta.pop(key, None)
        if key in current["metadata"]:
            meta[key] = current["metadata"][key]
    if keep_owners:
        meta.pop("managedFields", None)
    if "status" in target.served.subresources:
        new.pop("status", None)
        if "status" in current:
            new["status"] = clone(current["status"])
        target.served.schema.default(new)
    return new


def _spec_changed(target: Target, current: Object, new: Object) -> bool:
    ignored = {"metadata", "status"} if "status" in target.served.subresources else {"metadata"}
    before = {key: value for key, value in current.items() if key not in ignored}
    return before != {key: value for key, value in new.items() if key not in ignored}


def _check_preconditions(target: Target, current: Object, preconditions: dict[str, Any]) -> None:
    for key in ("uid", "resourceVersion"):
        if preconditions.get(key) not in (None, current["metadata"][key]):
            why = f"the {key} in the precondition ({preconditions[key]}) does not match record"
            raise errors.conflict(target.resource.qualified_plural, target.name, why)
