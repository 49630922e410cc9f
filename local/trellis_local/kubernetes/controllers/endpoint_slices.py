"""Service with a selector -> EndpointSlices of the pods it selects.

Pods that resolve the Service's target ports to the same numbers share slices of at most 100 endpoints, as upstream.
"""

from __future__ import annotations

import json
from typing import Any

from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.controllers.kubelet import PODS
from trellis_local.kubernetes.objects import (
    Object,
    clone,
    is_deleting,
    is_ready,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    pod_ip,
    random_suffix,
)
from trellis_local.kubernetes.store import StoreEvent

SERVICES = ("", "services")
ENDPOINT_SLICES = ("discovery.k8s.io", "endpointslices")
SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLER = "endpointslice-controller.k8s.io"
_MAX_ENDPOINTS = 100


class EndpointSliceController:
    """Keeps the slices of every Service in step with its pods."""

    def __init__(self, client: ControllerClient) -> None:
        self._client = client

    def __call__(self, event: StoreEvent) -> None:
        """React to one change."""
        namespace = namespace_of(event.object)
        if event.type_key == SERVICES:
            self._reconcile(namespace, name_of(event.object))
        elif event.type_key == PODS:
            states = [labels_of(event.object)] + ([labels_of(event.previous)] if event.previous else [])
            for service in self._client.list(SERVICES, namespace):
                if any(selects(service, labels) for labels in states):
                    self._reconcile(namespace, name_of(service))
        elif event.type_key == ENDPOINT_SLICES and labels_of(event.object).get(_MANAGED_BY) == _CONTROLLER:
            self._reconcile(namespace, labels_of(event.object).get(SERVICE_NAME, ""))

    def _reconcile(self, namespace: str, name: str) -> None:
        service = self._client.get(SERVICES, namespace, name)
        if service is None or is_deleting(service) or not service["spec"].get("selector"):
            return
        wanted = _wanted_slices(service, self._client.list(PODS, namespace))
        present = [s for s in self._client.list(ENDPOINT_SLICES, namespace) if _belongs(s, name)]
        unused = {name_of(one): one for one in present}
        for content in wanted:
            same_ports = (one for one in unused.values() if one.get("ports") == content["ports"])
            reused = next(same_ports, None) or next(iter(unused.values()), None)
            if reused is None:
                self._client.create(ENDPOINT_SLICES, _new_slice(service, content))
            else:
                del unused[name_of(reused)]
                self._client.update(ENDPOINT_SLICES, _changed_slice(reused, service, content))
        for one in unused.values():
            self._client.delete(ENDPOINT_SLICES, one)


def selects(service: Object, labels: dict[str, str]) -> bool:
    """Whether a Service's selector picks pods with these labels; an empty selector picks none."""
    selector = service["spec"].get("selector") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _belongs(endpoint_slice: Object, service: str) -> bool:
    labels = labels_of(endpoint_slice)
    return labels.get(SERVICE_NAME) == service and labels.get(_MANAGED_BY) == _CONTROLLER


def _wanted_slices(service: Object, pods: list[Object]) -> list[dict[str, Any]]:
    by_ports: dict[str, list[Object]] = {}
    for pod in pods:
        if selects(service, labels_of(pod)) and pod_ip(pod):
            ports = json.dumps(_resolved_ports(service, pod))
            by_ports.setdefault(ports, []).append(_endpoint(service, pod))
    slices = []
    for ports, endpoints in sorted(by_ports.items()):
        for start in range(0, len(endpoints), _MAX_ENDPOINTS):
            slices.append({"ports": json.loads(ports) or None, "endpoints": endpoints[start : start + _MAX_ENDPOINTS]})
    return slices or [{"ports": None, "endpoints": None}]  # upstream keeps one empty slice, with null for both lists


def _resolved_ports(service: Object, pod: Object) -> list[dict[str, Any]]:
    resolved = []
    for port in service["spec"].get("ports") or []:
        number = _target_number(port, pod)
        if number is not None:
            entry = {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}
            resolved.append(entry | ({"appProtocol": port["appProtocol"]} if "appProtocol" in port else {}))
    return resolved


def _target_number(port: dict[str, Any], pod: Object) -> int | None:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for declared in container.get("ports") or []:
            if declared.get("name") == target and declared.get("protocol", "TCP") == port["protocol"]:
                return int(declared["containerPort"])
    return None


def _endpoint(service: Object, pod: Object) -> dict[str, Any]:
    ready, terminating = is_ready(pod), is_deleting(pod)
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    conditions = {
        "ready": published or (ready and not terminating),
        "serving": ready or published,
        "terminating": terminating,
    }
    reference = {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": pod["metadata"]["uid"]}
    return {"addresses": [pod_ip(pod)], "conditions": conditions, "targetRef": reference}


def _slice_labels(service: Object) -> dict[str, str]:
    return labels_of(service) | {SERVICE_NAME: name_of(service), _MANAGED_BY: _CONTROLLER}


def _new_slice(service: Object, content: dict[str, Any]) -> Object:
    meta = {
        "name": f"{name_of(service)}-{random_suffix()}",
        "generateName": f"{name_of(service)}-",
        "namespace": namespace_of(service),
        "labels": _slice_labels(service),
        "ownerReferences": [owner_reference(service)],
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": meta,
        "addressType": "IPv4",
        **content,
    }


def _changed_slice(endpoint_slice: Object, service: Object, content: dict[str, Any]) -> Object:
    changed: Object = clone(endpoint_slice) | content
    changed["metadata"]["labels"] = _slice_labels(service)
    return changed
