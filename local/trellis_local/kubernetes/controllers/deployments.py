"""Deployment -> ReplicaSets: one for each pod template, the current one scaled up and the others down.

A change of nothing but the template's `local.trellis.dev/` annotations makes no new ReplicaSet: those annotations steer
how the local stack plays the pods, and changing them must not restart what they steer.
"""

from __future__ import annotations

import hashlib
import json

from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.controllers.replica_sets import REPLICA_SETS, local_annotations
from trellis_local.kubernetes.objects import (
    LOCAL_ANNOTATION_PREFIX,
    Object,
    clone,
    controller_of,
    is_deleting,
    name_of,
    namespace_of,
    owner_reference,
    timestamp,
)
from trellis_local.kubernetes.store import StoreEvent

DEPLOYMENTS = ("apps", "deployments")
_HASH_LABEL = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"


class DeploymentController:
    """Rolls deployments out and reports their status."""

    def __init__(self, client: ControllerClient) -> None:
        self._client = client

    def __call__(self, event: StoreEvent) -> None:
        """React to one change."""
        if event.type_key == DEPLOYMENTS:
            self._reconcile(self._client.get(DEPLOYMENTS, namespace_of(event.object), name_of(event.object)))
        if event.type_key == REPLICA_SETS and (owner := controller_of(event.object)):
            siblings = self._client.list(DEPLOYMENTS, namespace_of(event.object))
            self._reconcile(next((one for one in siblings if one["metadata"]["uid"] == owner), None))

    def _reconcile(self, deployment: Object | None) -> None:
        if deployment is None or is_deleting(deployment):
            return
        owned = self._replica_sets(deployment)
        current = next((one for one in owned if _hash_of(one) == template_hash(deployment)), None)
        if not deployment["spec"].get("paused"):
            if current is None:
                self._client.create(REPLICA_SETS, _new_replica_set(deployment, revision=len(owned) + 1))
            else:
                self._follow(deployment, current)
            for other in owned:
                if other is not current:
                    self._scale(other, 0)
        self._report(deployment)

    def _replica_sets(self, deployment: Object) -> list[Object]:
        uid = deployment["metadata"]["uid"]
        return [r for r in self._client.list(REPLICA_SETS, namespace_of(deployment)) if controller_of(r) == uid]

    def _follow(self, deployment: Object, replica_set: Object) -> None:
        changed: Object = clone(replica_set)
        changed["spec"]["replicas"] = deployment["spec"]["replicas"]
        meta = changed["spec"]["template"].setdefault("metadata", {})
        kept = {k: v for k, v in (meta.get("annotations") or {}).items() if not k.startswith(LOCAL_ANNOTATION_PREFIX)}
        annotations = kept | local_annotations(deployment["spec"]["template"])
        if annotations:
            meta["annotations"] = annotations
        else:
            meta.pop("annotations", None)
        self._client.update(REPLICA_SETS, changed)

    def _scale(self, replica_set: Object, replicas: int) -> None:
        if replica_set["spec"]["replicas"] != replicas:
            changed: Object = clone(replica_set)
            changed["spec"]["replicas"] = replicas
            self._client.update(REPLICA_SETS, changed)

    def _report(self, deployment: Object) -> None:
        deployment = self._client.get(DEPLOYMENTS, namespace_of(deployment), name_of(deployment)) or deployment
        owned = self._replica_sets(deployment)
        totals = {key: sum((one.get("status") or {}).get(key, 0) for one in owned) for key in _COUNTS}
        wanted = template_hash(deployment)
        updated = sum((r.get("status") or {}).get("replicas", 0) for r in owned if _hash_of(r) == wanted)
        desired = deployment["spec"]["replicas"]
        status = {key: count for key, count in totals.items() if count}
        status |= {"updatedReplicas": updated} if updated else {}
        if desired > totals["availableReplicas"]:
            status["unavailableReplicas"] = desired - totals["availableReplicas"]
        status["observedGeneration"] = deployment["metadata"]["generation"]
        status["conditions"] = _conditions(
            deployment,
            available=totals["availableReplicas"] >= desired,
            complete=updated == totals["replicas"] == totals["availableReplicas"] == desired,
        )
        self._client.update_status(DEPLOYMENTS, deployment, status)


_COUNTS = ("replicas", "readyReplicas", "availableReplicas")


def template_hash(deployment: Object) -> str:
    """Identity of the pod template, its `local.trellis.dev/` annotations left out."""
    template: Object = clone(deployment["spec"]["template"])
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if not key.startswith(LOCAL_ANNOTATION_PREFIX)}
    template.setdefault("metadata", {})["annotations"] = kept
    text = json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _hash_of(replica_set: Object) -> str:
    return str(replica_set["metadata"].get("labels", {}).get(_HASH_LABEL, ""))


def _new_replica_set(deployment: Object, *, revision: int) -> Object:
    wanted = template_hash(deployment)
    template: Object = clone(deployment["spec"]["template"])
    labels = (template.setdefault("metadata", {}).get("labels") or {}) | {_HASH_LABEL: wanted}
    template["metadata"]["labels"] = labels
    selector: Object = clone(deployment["spec"]["selector"])
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {_HASH_LABEL: wanted}
    meta = {
        "name": f"{name_of(deployment)}-{wanted}",
        "namespace": namespace_of(deployment),
        "labels": labels,
        "annotations": {_REVISION: str(revision)},
        "ownerReferences": [owner_reference(deployment)],
    }
    spec = {"replicas": deployment["spec"]["replicas"], "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec}


def _conditions(deployment: Object, *, available: bool, complete: bool) -> list[Object]:
    states = [
        ("Available", available, "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable"),
        ("Progressing", True, "NewReplicaSetAvailable" if complete else "ReplicaSetUpdated"),
    ]
    before = {c["type"]: c for c in (deployment.get("status") or {}).get("conditions") or []}
    return [_condition(before.get(kind), kind, holds=holds, reason=reason) for kind, holds, reason in states]


def _condition(before: Object | None, kind: str, *, holds: bool, reason: str) -> Object:
    status = "True" if holds else "False"
    if before is not None and before["status"] == status and before["reason"] == reason:
        return before
    now = timestamp()
    changed = before is None or before["status"] != status
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "lastUpdateTime": now,
        "lastTransitionTime": now if changed or before is None else before["lastTransitionTime"],
    }
