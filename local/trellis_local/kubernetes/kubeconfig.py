"""A kubeconfig with one context for each cluster, so that plain `kubectl --context <cluster>` works."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import yaml

from trellis_local.kubernetes.contract import RunningCluster


def write_kubeconfig(path: Path, clusters: Sequence[RunningCluster]) -> None:
    """Write the file; readable by its owner alone, since it holds the administrators' tokens."""
    names = [cluster.name for cluster in clusters]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": c.name, "cluster": _cluster(c)} for c in clusters],
        "users": [{"name": c.name, "user": {"token": c.admin_token}} for c in clusters],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "current-context": names[0] if names else "",
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def _cluster(cluster: RunningCluster) -> dict[str, str]:
    authority = base64.b64encode(cluster.ca_pem.encode()).decode()
    return {"server": cluster.endpoint, "certificate-authority-data": authority}
