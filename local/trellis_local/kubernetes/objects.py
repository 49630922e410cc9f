"""Kubernetes objects as plain JSON, and the few questions every part of the server asks about them.

Stored objects are never changed in place: writers work on a clone, so that readers need no lock.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from trellis_local import clock

Object = dict[str, Any]

_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
ANNOTATIONS_LIMIT = 256 * 1024  # bytes of keys and values together, as Kubernetes counts them
LOCAL_ANNOTATION_PREFIX = "local.trellis.dev/"


def clone(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def metadata(obj: Object) -> Object:
    """The object's metadata."""
    found: Object = obj["metadata"]
    return found


def name_of(obj: Object) -> str:
    """metadata.name."""
    return str(obj["metadata"]["name"])


def namespace_of(obj: Object) -> str:
    """metadata.namespace, empty for cluster-scoped objects."""
    return str(obj["metadata"].get("namespace") or "")


def labels_of(obj: Object) -> dict[str, str]:
    """metadata.labels, empty when there are none."""
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    """metadata.annotations, empty when there are none."""
    return obj["metadata"].get("annotations") or {}


def is_deleting(obj: Object) -> bool:
    """Whether deletion was asked for and finalizers hold the object."""
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Object) -> str:
    """UID of the managing owner, empty when there is none."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def owner_reference(owner: Object) -> Object:
    """The controller reference that children of `owner` carry."""
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name_of(owner)}
    return reference | {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}


def pod_ip(pod: Object) -> str:
    """The pod's address, empty while it has none."""
    return str((pod.get("status") or {}).get("podIP") or "")


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition is True."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def timestamp() -> str:
    """The stack's time as Kubernetes prints it, to the second."""
    return clock.current().now().strftime("%Y-%m-%dT%H:%M:%SZ")


def new_uid() -> str:
    """A fresh UID."""
    return str(uuid.uuid4())


def random_suffix(length: int = 5) -> str:
    """The random end of a generated name, from the alphabet Kubernetes uses."""
    return "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(length))
