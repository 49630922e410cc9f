"""ReplicaSet -> Pods: keeps as many pods as asked for."""

from __future__ import annotations

from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.controllers.kubelet import PODS
from trellis_local.kubernetes.objects import (
    LOCAL_ANNOTATION_PREFIX,
    Object,
    annotations_of,
    clone,
    controller_of,
    is_deleting,
    is_ready,
    name_of,
    namespace_of,
    owner_reference,
    random_suffix,
)
from trellis_local.kubernetes.store import StoreEvent

REPLICA_SETS = ("apps", "replicasets")


class ReplicaSetController:
    """Creates and deletes pods, newest first when there are too many, and reports the count."""

    def __init__(self, client: ControllerClient) -> None:
        self._client = client

    def __call__(self, event: StoreEvent) -> None:
        """React to one change."""
        if event.type_key == REPLICA_SETS:
            self._reconcile(self._client.get(REPLICA_SETS, namespace_of(event.object), name_of(event.object)))
        if event.type_key == PODS and (owner := controller_of(event.object)):
            siblings = self._client.list(REPLICA_SETS, namespace_of(event.object))
            self._reconcile(next((one for one in siblings if one["metadata"]["uid"] == owner), None))

    def _reconcile(self, replica_set: Object | None) -> None:
        if replica_set is None or is_deleting(replica_set):
            return
        pods = pods_of(self._client, replica_set)
        missing = replica_set["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            self._client.create(PODS, _new_pod(replica_set))
        for pod in pods[missing:] if missing < 0 else []:
            self._client.delete(PODS, pod)
        for pod in pods_of(self._client, replica_set):
            self._copy_local_annotations(replica_set, pod)
        self._report(replica_set)

    def _copy_local_annotations(self, replica_set: Object, pod: Object) -> None:
        wanted = local_annotations(replica_set["spec"]["template"])
        present = {k: v for k, v in annotations_of(pod).items() if k.startswith(LOCAL_ANNOTATION_PREFIX)}
        if wanted == present:
            return
        changed: Object = clone(pod)
        others = {k: v for k, v in annotations_of(pod).items() if not k.startswith(LOCAL_ANNOTATION_PREFIX)}
        changed["metadata"]["annotations"] = others | wanted
        self._client.update(PODS, changed)

    def _report(self, replica_set: Object) -> None:
        current = self._client.get(REPLICA_SETS, namespace_of(replica_set), name_of(replica_set))
        if current is None:
            return
        pods = pods_of(self._client, current)
        ready = sum(1 for pod in pods if is_ready(pod))
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": current["metadata"]["generation"],
        }
        self._client.update_status(REPLICA_SETS, current, status)


def pods_of(client: ControllerClient, owner: Object) -> list[Object]:
    """Pods that the owner controls and nobody deletes, oldest first."""
    uid = owner["metadata"]["uid"]
    pods = [p for p in client.list(PODS, namespace_of(owner)) if controller_of(p) == uid and not is_deleting(p)]
    return sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])


def local_annotations(template: Object) -> dict[str, str]:
    """Annotations of a pod template that steer the local stack; they follow the template without a new pod."""
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return {key: value for key, value in annotations.items() if key.startswith(LOCAL_ANNOTATION_PREFIX)}


def _new_pod(replica_set: Object) -> Object:
    template = clone(replica_set["spec"]["template"])
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if k in ("labels", "annotations")}
    meta["name"] = f"{name_of(replica_set)}-{random_suffix()}"
    meta |= {"namespace": namespace_of(replica_set), "ownerReferences": [owner_reference(replica_set)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}
