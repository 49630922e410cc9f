"""What single built-in kinds add to the general rules: completion before storing, and checks a schema cannot state."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from trellis_local.kubernetes import custom_resources
from trellis_local.kubernetes.errors import Cause
from trellis_local.kubernetes.objects import Object, name_of
from trellis_local.kubernetes.selectors import matches_selector
from trellis_local.kubernetes.store import Store, TypeKey

SERVICE_CIDR = ipaddress.IPv4Network("10.100.0.0/16")
_SERVICES: TypeKey = ("", "services")
_FIRST_NODE_PORT = 30000
_PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True)
class Strategy:
    """`complete` changes the new object in place; `causes` says why it is refused. Both get the old object or None."""

    complete: Callable[[Store, Object, Object | None], None]
    causes: Callable[[Object, Object | None], list[Cause]]


def _nothing(store: Store, new: Object, old: Object | None) -> None:
    del store, new, old


def _complete_namespace(store: Store, new: Object, old: Object | None) -> None:
    del store
    new.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    new["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(new)
    if old is None:
        new["status"] = {"phase": "Active"}


def _namespace_causes(new: Object, old: Object | None) -> list[Cause]:
    del old
    if len(name_of(new)) > 63 or "." in name_of(new):
        message = f'Invalid value: "{name_of(new)}": must be a DNS-1123 label'
        return [Cause("metadata.name", "FieldValueInvalid", message)]
    return []


def _complete_service(store: Store, new: Object, old: Object | None) -> None:
    spec = new.setdefault("spec", {})
    if old is not None and spec.get("type") != "ExternalName":
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if key in old["spec"]:
                spec.setdefault(key, old["spec"][key])
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["type"] != "ExternalName":
        if not spec.get("clusterIP"):
            spec["clusterIP"] = _free_cluster_ip(store)
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
    _complete_ports(store, spec)
    if old is None:
        new["status"] = {"loadBalancer": {}}


def _complete_ports(store: Store, spec: dict[str, Any]) -> None:
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        if spec.get("clusterIP") != "None" or "targetPort" not in port:
            port.setdefault("targetPort", port["port"])
        if spec["type"] in ("NodePort", "LoadBalancer"):
            port.setdefault("nodePort", _free_node_port(store, spec))
        elif spec["type"] == "ClusterIP":
            port.pop("nodePort", None)


def _free_cluster_ip(store: Store) -> str:
    taken = {service["spec"].get("clusterIP") for service in store.list(_SERVICES)}
    usable = islice(SERVICE_CIDR.hosts(), 10, None)  # .1 is the API server, .10 the cluster's DNS
    return next(str(address) for address in usable if str(address) not in taken)


def _free_node_port(store: Store, spec: dict[str, Any]) -> int:
    services = [service["spec"] for service in store.list(_SERVICES)] + [spec]
    taken = {port.get("nodePort") for service in services for port in service.get("ports") or []}
    return next(number for number in range(_FIRST_NODE_PORT, 32768) if number not in taken)


def _service_causes(new: Object, old: Object | None) -> list[Cause]:
    causes = []
    spec = new["spec"]
    if not _DNS_1035.fullmatch(name_of(new)) or len(name_of(new)) > 63:
        message = f'Invalid value: "{name_of(new)}": a DNS-1035 label must start with a letter and be lower case'
        causes.append(Cause("metadata.name", "FieldValueInvalid", message))
    if not spec.get("ports") and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(Cause("spec.ports", "FieldValueRequired", "Required value"))
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        causes.append(Cause("spec.externalName", "FieldValueRequired", "Required value"))
    if old is not None and "clusterIP" in old["spec"] and spec.get("clusterIP", "") != old["spec"]["clusterIP"]:
        shown = f'Invalid value: "{spec.get("clusterIP", "")}": field is immutable'
        if spec["type"] != "ExternalName":
            causes.append(Cause("spec.clusterIPs[0]", "FieldValueInvalid", shown))
    return causes + _port_causes(spec.get("ports") or [])


def _port_causes(ports: list[dict[str, Any]]) -> list[Cause]:
    causes = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name, target = port.get("name", ""), port.get("targetPort")
        for field, value in (("port", port["port"]), ("targetPort", target)):
            if isinstance(value, int) and not 1 <= value <= 65535:
                message = f"Invalid value: {value}: must be between 1 and 65535, inclusive"
                causes.append(Cause(f"{path}.{field}", "FieldValueInvalid", message))
        if isinstance(target, str) and not (_PORT_NAME.fullmatch(target) and len(target) <= 15):
            message = f'Invalid value: "{target}": must be a port name of at most 15 characters'
            causes.append(Cause(f"{path}.targetPort", "FieldValueInvalid", message))
        if not name and len(ports) > 1:
            causes.append(Cause(f"{path}.name", "FieldValueRequired", "Required value"))
        if name and not _PORT_NAME.fullmatch(name):
            message = f'Invalid value: "{name}": must be a DNS-1123 label'
            causes.append(Cause(f"{path}.name", "FieldValueInvalid", message))
        if name and name in names:
            causes.append(Cause(f"{path}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"'))
        names.add(name)
    return causes


def _complete_workload(store: Store, new: Object, old: Object | None) -> None:
    del store
    spec = new["spec"]
    template = spec.setdefault("template", {"spec": {"containers": []}})
    complete_pod_spec(template["spec"])
    if old is None and "status" not in new:
        new["status"] = {}
    if new["kind"] == "Deployment" and spec["strategy"].get("type") == "RollingUpdate":
        spec["strategy"].setdefault("rollingUpdate", {"maxSurge": "25%", "maxUnavailable": "25%"})


def _workload_causes(new: Object, old: Object | None) -> list[Cause]:
    spec = new["spec"]
    causes = _container_causes(spec["template"]["spec"], "spec.template.spec")
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not matches_selector(spec["selector"], labels):
        message = f"Invalid value: {labels}: `selector` does not match template `labels`"
        causes.append(Cause("spec.template.metadata.labels", "FieldValueInvalid", message))
    if not spec["selector"].get("matchLabels") and not spec["selector"].get("matchExpressions"):
        causes.append(Cause("spec.selector", "FieldValueInvalid", "Invalid value: empty selector is invalid"))
    if old is not None and spec["selector"] != old["spec"]["selector"]:
        causes.append(Cause("spec.selector", "FieldValueInvalid", "Invalid value: field is immutable"))
    return causes


def complete_pod_spec(spec: dict[str, Any]) -> None:
    """Defaults of a pod's spec."""
    defaults = {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler"}
    for key, value in defaults.items():
        spec.setdefault(key, value)
    spec.setdefault("terminationGracePeriodSeconds", 30)
    for container in spec.get("containers") or []:
        for port in container.get("ports") or []:
            port.setdefault("protocol", "TCP")


def _complete_pod(store: Store, new: Object, old: Object | None) -> None:
    del store
    complete_pod_spec(new["spec"])
    new["spec"].setdefault("serviceAccountName", "default")
    if old is None:
        new["status"] = {"phase": "Pending"}


def _pod_causes(new: Object, old: Object | None) -> list[Cause]:
    causes = _container_causes(new["spec"], "spec")
    if old is not None and _fixed_pod_spec(new) != _fixed_pod_spec(old):
        message = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
        causes.append(Cause("spec", "FieldValueForbidden", message))
    return causes


def _fixed_pod_spec(pod: Object) -> dict[str, Any]:
    spec: dict[str, Any] = pod["spec"]
    containers = [{k: v for k, v in c.items() if k != "image"} for c in spec["containers"]]
    return {k: v for k, v in spec.items() if k != "tolerations"} | {"containers": containers}


def _container_causes(spec: dict[str, Any], path: str) -> list[Cause]:
    if not spec.get("containers"):
        return [Cause(f"{path}.containers", "FieldValueRequired", "Required value")]
    missing = [index for index, container in enumerate(spec["containers"]) if not container.get("image")]
    return [Cause(f"{path}.containers[{index}].image", "FieldValueRequired", "Required value") for index in missing]


def _complete_definition(store: Store, new: Object, old: Object | None) -> None:
    del store, old
    custom_resources.complete_names(new)
    new["status"] = custom_resources.established_status(new)


def _definition_causes(new: Object, old: Object | None) -> list[Cause]:
    del old
    return custom_resources.definition_causes(new)


def _complete_binding(store: Store, new: Object, old: Object | None) -> None:
    del store, old
    for subject in new.get("subjects") or []:
        if subject["kind"] != "ServiceAccount":
            subject.setdefault("apiGroup", "rbac.authorization.k8s.io")


def _binding_causes(new: Object, old: Object | None) -> list[Cause]:
    if old is not None and new["roleRef"] != old["roleRef"]:
        return [Cause("roleRef", "FieldValueInvalid", "Invalid value: cannot change roleRef")]
    return []


def _no_causes(new: Object, old: Object | None) -> list[Cause]:
    del new, old
    return []


def _endpoint_slice_causes(new: Object, old: Object | None) -> list[Cause]:
    if old is not None and new["addressType"] != old["addressType"]:
        return [Cause("addressType", "FieldValueInvalid", "Invalid value: field is immutable")]
    if new["addressType"] != "IPv4":
        return []
    causes = []
    for index, endpoint in enumerate(new.get("endpoints") or []):
        for position, address in enumerate(endpoint["addresses"]):
            if not re.fullmatch(r"\d+(\.\d+){3}", address):
                path = f"endpoints[{index}].addresses[{position}]"
                causes.append(Cause(path, "FieldValueInvalid", f'Invalid value: "{address}": must be an IPv4 address'))
    return causes


def _complete_secret(store: Store, new: Object, old: Object | None) -> None:
    del store, old
    for key, value in (new.pop("stringData", None) or {}).items():
        new.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


_DEFAULT = Strategy(_nothing, _no_causes)
_STRATEGIES: dict[TypeKey, Strategy] = {
    ("", "namespaces"): Strategy(_complete_namespace, _namespace_causes),
    _SERVICES: Strategy(_complete_service, _service_causes),
    ("", "secrets"): Strategy(_complete_secret, _no_causes),
    ("", "pods"): Strategy(_complete_pod, _pod_causes),
    ("apps", "deployments"): Strategy(_complete_workload, _workload_causes),
    ("apps", "replicasets"): Strategy(_complete_workload, _workload_causes),
    ("discovery.k8s.io", "endpointslices"): Strategy(_nothing, _endpoint_slice_causes),
    ("rbac.authorization.k8s.io", "rolebindings"): Strategy(_complete_binding, _binding_causes),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): Strategy(_complete_binding, _binding_causes),
    custom_resources.CRD_KEY: Strategy(_complete_definition, _definition_causes),
}


def strategy_of(type_key: TypeKey) -> Strategy:
    """The strategy of a type; one that adds nothing for most."""
    return _STRATEGIES.get(type_key, _DEFAULT)
