"""What is tampered with: what the table of drifts adds to the walk-through's cluster B."""

import json
from typing import Any

from observing import NETWORK

HOSTNAME, SECURED = "tampered.lattice-test.io", "secured.lattice-test.io"

Document = dict[str, Any]


def route() -> Document:
    """A route of the datastore whose first rule has all that a rule can have."""
    match = {
        "path": {"type": "Exact", "value": "/exact"},
        "method": "GET",
        "headers": [{"name": "x-team", "value": "blue"}],
    }
    split = [{"name": "datastore-v1", "port": 80, "weight": 70}, {"name": "datastore-v2", "port": 80, "weight": 30}]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "tampered", "namespace": "apps"},
        "spec": {
            "parentRefs": [{"name": NETWORK, "sectionName": "http"}],
            "hostnames": [HOSTNAME],
            "rules": [
                {"matches": [match], "backendRefs": split},
                {"matches": [{"path": {"type": "Exact", "value": "/other"}}], "backendRefs": split[:1]},
            ],
        },
    }


def secured_route() -> tuple[Document, Document]:
    """A Gateway of its own with an HTTPS listener, and a route there, whose service needs a certificate."""
    listener = {
        "name": "https",
        "protocol": "HTTPS",
        "port": 443,
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": "unused"}]},
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": NETWORK, "namespace": "default"},
        "spec": {"gatewayClassName": "amazon-vpc-lattice", "listeners": [listener]},
    }
    backend = {"backendRefs": [{"name": "datastore-v1", "port": 80}]}
    secured = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "secured", "namespace": "apps"},
        "spec": {
            "parentRefs": [{"name": NETWORK, "namespace": "default"}],
            "hostnames": [SECURED],
            "rules": [backend],
        },
    }
    return gateway, secured


def auth_policy() -> Document:
    """Everybody may call the secured route."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "vpc-lattice-svcs:Invoke", "Resource": "*"}
    ref = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "secured"}
    return {
        "apiVersion": "application-networking.k8s.aws/v1alpha1",
        "kind": "IAMAuthPolicy",
        "metadata": {"name": "secured", "namespace": "apps"},
        "spec": {"targetRef": ref, "policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})},
    }


def client() -> Document:
    """A ServiceAccount whose pods call the secured route."""
    notes = {"trellis.dev/calls": SECURED}
    metadata = {"name": "tampered", "namespace": "apps", "annotations": notes}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def documents() -> tuple[Document, ...]:
    """All of it."""
    return (route(), *secured_route(), auth_policy(), client())
