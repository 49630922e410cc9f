"""Raw Kubernetes objects for tests, as an API server returns them."""

import json
from collections.abc import Mapping
from typing import Any

from trellis.gateway_api import Intent, build_desired, build_intent, parse_snapshot
from trellis.model import Cluster, Desired

CLUSTER = Cluster(
    name="EKS-CLUSTER-B",
    account="111122223333",
    region="us-west-2",
    vpc_id="vpc-0123456789abcdef0",
    security_group_id="sg-0123456789abcdef0",
    service_network="eks-lattice-network",
)
KINDS = (
    "GatewayClass",
    "Gateway",
    "HTTPRoute",
    "ReferenceGrant",
    "Namespace",
    "Service",
    "EndpointSlice",
    "ServiceAccount",
    "IAMAuthPolicy",
    "TargetGroupPolicy",
)
NETWORK = "eks-lattice-network"

Raw = dict[str, Any]


def metadata(name: str, namespace: str = "apps", **more: Any) -> Raw:
    return {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{namespace}-{name}",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **more,
    }


def gateway_class(controller: str = "trellis.dev/vpc-lattice", name: str = "amazon-vpc-lattice") -> Raw:
    return {
        "kind": "GatewayClass",
        "metadata": {"name": name, "generation": 1},
        "spec": {"controllerName": controller},
    }


def listener(name: str = "http", port: int = 80, **more: Any) -> Raw:
    return {"name": name, "protocol": "HTTP", "port": port, **more}


def gateway(*listeners: Raw, name: str = NETWORK, namespace: str = "apps", **spec: Any) -> Raw:
    wanted = {"gatewayClassName": "amazon-vpc-lattice", "listeners": list(listeners or [listener()]), **spec}
    return {"kind": "Gateway", "metadata": metadata(name, namespace), "spec": wanted}


def backend(name: str, port: Any = 80, **more: Any) -> Raw:
    return {"name": name, "port": port, **more}


def path(value: str, kind: str = "PathPrefix") -> Raw:
    return {"path": {"type": kind, "value": value}}


def rule(*matches: Raw, to: list[Raw] | None = None, **more: Any) -> Raw:
    refs = [backend("datastore-v1")] if to is None else to
    return {"matches": list(matches), "backendRefs": refs, **more}


def route(
    *rules: Raw, name: str = "datastore", namespace: str = "apps", created: str = "2026-02-01", **spec: Any
) -> Raw:
    return {
        "kind": "HTTPRoute",
        "metadata": metadata(name, namespace, creationTimestamp=f"{created}T00:00:00Z"),
        "spec": {
            "parentRefs": [{"name": NETWORK, "namespace": "apps"}],
            "hostnames": ["datastore.lattice-test.io"],
            "rules": list(rules or [rule(path("/"))]),
            **spec,
        },
    }


def service(name: str, namespace: str = "apps", port: int = 80, **spec: Any) -> Raw:
    ports = [{"name": "http", "port": port, "targetPort": 8080, "protocol": "TCP"}]
    return {"metadata": metadata(name, namespace), "spec": {"ports": ports, "ipFamilies": ["IPv4"], **spec}}


def endpoint_slice(name: str, *addresses: str, namespace: str = "apps", of: str = "", **more: Any) -> Raw:
    labels = {"kubernetes.io/service-name": of or name}
    return {
        "metadata": metadata(f"{name}-abcde", namespace, labels=labels),
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        **more,
    }


def grant(from_namespace: str, namespace: str, service_name: str | None = None) -> Raw:
    to = {"group": "", "kind": "Service"} | ({"name": service_name} if service_name else {})
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": from_namespace}
    return {"metadata": metadata("grant", namespace), "spec": {"from": [source], "to": [to]}}


def auth_policy(
    target: str = "HTTPRoute/datastore",
    *,
    name: str = "who",
    namespace: str = "apps",
    created: str = "2026-02-01",
    **spec: Any,
) -> Raw:
    """An IAMAuthPolicy that lets everybody in; `target` is kind/name."""
    kind, _, target_name = target.partition("/")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": "*"}
    return {
        "metadata": metadata(name, namespace, creationTimestamp=f"{created}T00:00:00Z"),
        "spec": {
            "targetRef": {"group": "gateway.networking.k8s.io", "kind": kind, "name": target_name},
            "policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            **spec,
        },
    }


def group_policy(
    service: str = "datastore-v1",
    *,
    name: str = "checks",
    namespace: str = "apps",
    created: str = "2026-02-01",
    **spec: Any,
) -> Raw:
    """A TargetGroupPolicy for a Service of its namespace."""
    return {
        "metadata": metadata(name, namespace, creationTimestamp=f"{created}T00:00:00Z"),
        "spec": {"targetRef": {"group": "", "kind": "Service", "name": service}, **spec},
    }


def namespace(name: str, **labels: str) -> Raw:
    return {"metadata": {"name": name, "labels": labels}}


def document(**objects: list[Any]) -> Raw:
    """A snapshot document with the walk-through's class, Gateway and Services where nothing else is given."""
    usual: dict[str, list[Any]] = {
        "GatewayClass": [gateway_class()],
        "Gateway": [gateway()],
        "Namespace": [namespace("apps"), namespace("shop", team="shop")],
        "Service": [service("datastore-v1"), service("datastore-v2")],
        "EndpointSlice": [
            endpoint_slice("datastore-v1", "192.168.48.11", "192.168.48.10"),
            endpoint_slice("datastore-v2", "192.168.49.10"),
        ],
    }
    return snapshot(CLUSTER.name, {**usual, **objects})


def snapshot(cluster: str, objects: Mapping[str, list[Any]]) -> Raw:
    """A snapshot document of a cluster with these objects and no others."""
    return {"cluster": cluster, "objects": {kind: objects.get(kind, []) for kind in KINDS}}


def everyone() -> Raw:
    """A Gateway that takes routes of all namespaces."""
    return gateway(listener(allowedRoutes={"namespaces": {"from": "All"}}))


def intent_of(*policy_sources: str, **objects: list[Any]) -> Intent:
    return build_intent(parse_snapshot(document(**objects)), CLUSTER, policy_sources=policy_sources)


def desired_of(**objects: list[Any]) -> Desired:
    return build_desired(intent_of(**objects), CLUSTER)


def condition_of(intent: Intent, kind: str, name: str = "datastore", parent: int = 0) -> tuple[str, str, str]:
    """Status, reason and message of a condition of a route's parent; empty if there is none."""
    conditions = next(found for found in intent.routes if found.name == name).parents[parent].conditions
    return next(((c.status, c.reason, c.message) for c in conditions if c.type == kind), ("", "", ""))


def served(desired: Desired, index: int = 0, port: int = 80) -> list[tuple[str, str]]:
    """The rules of a service's listener in the order of their priority, as kind and value of the path."""
    found = next(found for found in desired.services[index].listeners if found.port == port)
    return [(rule.match.path.kind, rule.match.path.value) for rule in found.rules]


def service_account(name: str, calls: str, namespace: str = "apps", identity: str = "") -> Raw:
    notes = {"trellis.dev/calls": calls} | ({"trellis.dev/identity": identity} if identity else {})
    return {"metadata": metadata(name, namespace, annotations=notes)}
