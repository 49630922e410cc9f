"""The scale subresource of workloads, which `kubectl scale` uses."""

from __future__ import annotations

from typing import Any

from trellis_local.kubernetes.errors import bad_request
from trellis_local.kubernetes.json_patches import json_patch, merge_patch
from trellis_local.kubernetes.objects import Object, clone


def of(workload: Object) -> Object:
    """The Scale of a workload."""
    meta = workload["metadata"]
    kept = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    labels = (workload["spec"]["selector"].get("matchLabels") or {}).items()
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": {"replicas": workload["spec"]["replicas"]},
        "status": {
            "replicas": (workload.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels)),
        },
    }


def changed(workload: Object, sent: Any, *, media_type: str) -> Object:
    """The workload with the replicas of a replaced (no media type) or patched Scale."""
    if media_type == "application/json-patch+json":
        sent = json_patch(of(workload), sent)
    elif media_type:
        sent = merge_patch(of(workload), sent)
    replicas = ((sent or {}).get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int):
        raise bad_request("spec.replicas must be an integer")
    wanted: Object = clone(workload)
    wanted["spec"]["replicas"] = replicas
    version = (sent.get("metadata") or {}).get("resourceVersion")
    wanted["metadata"]["resourceVersion"] = version
    return wanted
