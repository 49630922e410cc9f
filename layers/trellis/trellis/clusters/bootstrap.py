"""What Trellis installs in a cluster once: the CRDs of what Trellis reads, ClusterRoles and the GatewayClass.

One of the ClusterRoles is bound nowhere: namespaces give it to Trellis if they want what it is for.

A CRD or GatewayClass that is there already stays as it is: platform teams install their own version of the Gateway API,
and a class of another controller means that this controller works here.
"""

from hashlib import sha256
from importlib.resources import files
from typing import Any

import yaml

from trellis.clusters.access import CANARY_SHIFTERS, READERS, STATUS_WRITERS
from trellis.clusters.api import KubernetesApi
from trellis.clusters.workloads import SIGNING_PROXY
from trellis.gateway_api import CONTROLLER

GATEWAY_CLASS = "amazon-vpc-lattice"

_MANAGER = "trellis"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_RBAC_GROUP = "rbac.authorization.k8s.io"
_RBAC = f"/apis/{_RBAC_GROUP}/v1"
_CLASSES = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"
_READ = ["get", "list", "watch"]
_POLICY_GROUP = "application-networking.k8s.aws"
_POLICIES = ["iamauthpolicies", "targetgrouppolicies"]
_ROUTES = ["gatewayclasses", "gateways", "httproutes"]

_ROLES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "trellis-reader": (
        READERS,
        [
            {
                "apiGroups": ["gateway.networking.k8s.io"],
                "resources": [*_ROUTES, "referencegrants"],
                "verbs": _READ,
            },
            {"apiGroups": [_POLICY_GROUP], "resources": _POLICIES, "verbs": _READ},
            {"apiGroups": [""], "resources": ["namespaces", "services", "serviceaccounts"], "verbs": _READ},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
        ],
    ),
    "trellis-status-writer": (
        STATUS_WRITERS,
        [
            {"apiGroups": ["gateway.networking.k8s.io"], "resources": _ROUTES, "verbs": ["get", "list"]},
            {
                "apiGroups": ["gateway.networking.k8s.io"],
                "resources": [f"{route}/status" for route in _ROUTES],
                "verbs": ["patch"],
            },
            {"apiGroups": [_POLICY_GROUP], "resources": _POLICIES, "verbs": ["get", "list"]},
            {
                "apiGroups": [_POLICY_GROUP],
                "resources": [f"{policy}/status" for policy in _POLICIES],
                "verbs": ["patch"],
            },
            # For the annotation with the domain name that VPC Lattice assigned.
            {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes"], "verbs": ["patch"]},
            # Which namespaces let their Deployments be annotated for the SigV4 proxy.
            {
                "apiGroups": [_RBAC_GROUP],
                "resources": ["rolebindings"],
                "resourceNames": [SIGNING_PROXY],
                "verbs": ["list"],
            },
        ],
    ),
    "trellis-canary-shifter": (
        CANARY_SHIFTERS,
        [{"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes"], "verbs": ["get", "patch"]}],
    ),
}

_UNBOUND: dict[str, list[dict[str, Any]]] = {
    SIGNING_PROXY: [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch"]}],
}


def version() -> str:
    """A fingerprint of everything that `install` would install; it changes when an upgrade brings something new."""
    return sha256(repr((_crds(), _ROLES, _UNBOUND, GATEWAY_CLASS, CONTROLLER)).encode()).hexdigest()[:16]


def install(api: KubernetesApi) -> None:
    """Install what is missing; running it again changes nothing."""
    for crd in _crds():
        path = f"{_CRDS}/{crd['metadata']['name']}"
        if api.get(path) is None:
            api.apply(path, crd, manager=_MANAGER)
    for name, (group, rules) in _ROLES.items():
        for kind, document in _role(name, group, rules).items():
            api.apply(f"{_RBAC}/{kind}/{name}", document, manager=_MANAGER)
    for name, rules in _UNBOUND.items():
        api.apply(f"{_RBAC}/clusterroles/{name}", _cluster_role(name, rules), manager=_MANAGER)
    if api.get(f"{_CLASSES}/{GATEWAY_CLASS}") is None:
        api.apply(f"{_CLASSES}/{GATEWAY_CLASS}", _gateway_class(), manager=_MANAGER)


def remove(api: KubernetesApi) -> None:
    """Remove roles and GatewayClass. The CRDs stay: deleting one deletes every object of its kind."""
    found = api.get(f"{_CLASSES}/{GATEWAY_CLASS}")
    if found is not None and found["spec"]["controllerName"] == CONTROLLER:
        api.delete(f"{_CLASSES}/{GATEWAY_CLASS}")
    for name in _ROLES:
        api.delete(f"{_RBAC}/clusterrolebindings/{name}")
    for name in (*_ROLES, *_UNBOUND):
        api.delete(f"{_RBAC}/clusterroles/{name}")


def _crds() -> list[dict[str, Any]]:
    folder = files("trellis.clusters") / "crds"
    documents = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return [document for file in documents for document in yaml.safe_load_all(file.read_text("utf-8"))]


def _role(name: str, group: str, rules: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        "clusterroles": _cluster_role(name, rules),
        "clusterrolebindings": {
            "apiVersion": f"{_RBAC_GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": _RBAC_GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": _RBAC_GROUP, "kind": "Group", "name": group}],
        },
    }


def _cluster_role(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": f"{_RBAC_GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _gateway_class() -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": GATEWAY_CLASS},
        "spec": {"controllerName": CONTROLLER, "description": "Amazon VPC Lattice, kept by Trellis"},
    }
