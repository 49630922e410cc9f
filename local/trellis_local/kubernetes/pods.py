"""Where the pods of all clusters are: the data plane finds them by VPC and address, as a network would."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.contract import PodInfo
from trellis_local.kubernetes.controllers.endpoint_slices import SERVICES, selects
from trellis_local.kubernetes.controllers.kubelet import PODS
from trellis_local.kubernetes.objects import (
    Object,
    annotations_of,
    is_ready,
    labels_of,
    name_of,
    namespace_of,
    pod_ip,
)


class PodDirectory:
    """The running pods of every registered cluster; VPCs may use the same addresses."""

    def __init__(self) -> None:
        self._clusters: dict[str, Cluster] = {}
        self._lock = threading.Lock()

    def register(self, cluster: Cluster) -> None:
        """Know a cluster's pods from now on; by ARN, since accounts may use the same names."""
        with self._lock:
            self._clusters[cluster.spec.arn] = cluster

    def unregister(self, cluster: Cluster) -> None:
        """Forget a cluster."""
        with self._lock:
            self._clusters.pop(cluster.spec.arn, None)

    def find(self, vpc_id: str, ip: str) -> PodInfo | None:
        """The pod that has the address in that VPC."""
        for cluster in self._registered():
            if cluster.spec.vpc_id == vpc_id:
                for pod in cluster.store.list(PODS):
                    if pod_ip(pod) == ip:
                        return _pod_info(cluster, pod)
        return None

    def list(self, cluster: str | None = None) -> list[PodInfo]:
        """Running pods of the cluster of that name, or of all clusters."""
        return [info for one in self._registered() if cluster in (None, one.spec.name) for info in _pods(one)]

    def _registered(self) -> tuple[Cluster, ...]:
        with self._lock:
            return tuple(self._clusters.values())


def _pods(cluster: Cluster) -> Iterator[PodInfo]:
    for pod in cluster.store.list(PODS):
        if pod_ip(pod):
            yield _pod_info(cluster, pod)


def _pod_info(cluster: Cluster, pod: Object) -> PodInfo:
    labels = labels_of(pod)
    services = [s for s in cluster.store.list(SERVICES, namespace_of(pod)) if selects(s, labels)]
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or []]
    return PodInfo(
        cluster=cluster.spec.name,
        vpc_id=cluster.spec.vpc_id,
        namespace=namespace_of(pod),
        name=name_of(pod),
        ip=pod_ip(pod),
        labels=dict(labels),
        annotations=dict(annotations_of(pod)),
        ports=tuple(port["containerPort"] for port in ports),
        services=tuple(name_of(service) for service in services),
        ready=is_ready(pod),
    )
