"""Stands for scheduler, CNI and kubelet: every pod gets an address of the VPC and is Ready at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.objects import Object, is_deleting, name_of, namespace_of, pod_ip, timestamp
from trellis_local.kubernetes.store import StoreEvent

PODS = ("", "pods")
_RESERVED_ADDRESSES = 10  # the start of a subnet belongs to the VPC router, DNS and the cluster's nodes


class AddressPool:
    """Pod addresses of one cluster, handed out in turn so that a freed one is not reused at once."""

    def __init__(self, cidr_blocks: Sequence[str]) -> None:
        self._networks = [ipaddress.IPv4Network(block) for block in cidr_blocks]
        self._next = self._walk()

    def _walk(self) -> Iterator[str]:
        for network in self._networks:
            for number in range(_RESERVED_ADDRESSES, network.num_addresses - 1):
                yield str(network[number])

    def take(self, used: set[str]) -> str | None:
        """An address not in `used`; None when all are."""
        for address in self._next:
            if address not in used:
                return address
        self._next = self._walk()
        return next((address for address in self._next if address not in used), None)


class Kubelet:
    """Runs pods: Pending becomes Running with an address; what a user writes to pods/status later stays."""

    def __init__(self, client: ControllerClient, cidr_blocks: Sequence[str]) -> None:
        self._client = client
        self._pool = AddressPool(cidr_blocks)

    def __call__(self, event: StoreEvent) -> None:
        """React to one change."""
        if event.type_key != PODS or event.type == "DELETED":
            return
        pod = self._client.get(PODS, namespace_of(event.object), name_of(event.object))
        if pod is None or is_deleting(pod) or pod_ip(pod):
            return
        used = {pod_ip(other) for other in self._client.list(PODS)}
        address = self._pool.take(used)
        if address is not None:
            self._client.update_status(PODS, pod, running_status(pod, address))


def running_status(pod: Object, address: str) -> Object:
    """The status of a pod whose containers all run."""
    now = timestamp()
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
        }
        for container in pod["spec"]["containers"]
    ]
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds],
        "containerStatuses": containers,
    }
