"""Whatever a client sends is answered with a verdict, never with an internal error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from embedded_kubernetes import spec

from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.handler import RequestHandler
from trellis_local.kubernetes.http_messages import HttpRequest

JUNK = [None, -1, "", [None], {"a": None}]
CONTAINER = {"name": "c", "image": "i", "ports": [{"name": "h", "containerPort": 80}]}
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [CONTAINER]}}
SCHEMA = {"type": "object", "properties": {"spec": {"type": "array", "items": {"type": "string", "pattern": "a"}}}}
VERSION = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
PORT = {"name": "h", "port": 80, "targetPort": "h"}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/namespaces/default/services": {"spec": {"selector": {"app": "a"}, "ports": [PORT]}},
    "/apis/apps/v1/namespaces/default/deployments": {
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}
    },
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices": {
        "addressType": "IPv4",
        "ports": [{"name": "a", "port": 1}],
        "endpoints": [{"addresses": ["10.0.0.1"]}],
    },
    "/apis/rbac.authorization.k8s.io/v1/clusterroles": {
        "rules": [{"apiGroups": [""], "resources": ["x"], "verbs": ["*"]}]
    },
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
        "spec": {"group": "b", "names": {"plural": "a", "kind": "A"}, "scope": "Cluster", "versions": [VERSION]}
    },
}


def spoiled(value: Any) -> Iterator[Any]:
    """Copies of a JSON value with one part replaced by something that does not belong there."""
    yield from copy.deepcopy(JUNK)
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(parts):
        for other in spoiled(part):
            changed = copy.deepcopy(value)
            changed[key] = other
            yield changed


@pytest.mark.parametrize("path", BODIES)
def test_a_malformed_object_is_refused_or_stored_but_never_an_error(path: str) -> None:
    handler = RequestHandler(Cluster(spec()), admin_token="admin")
    headers = {"Authorization": "Bearer admin", "Content-Type": "application/json"}
    for body in spoiled({"metadata": {"name": "a.b" if "definitions" in path else "a"}} | BODIES[path]):
        created = handler.handle(HttpRequest("POST", path, headers, json.dumps(body).encode()))
        assert created.code in (201, 400, 422), (body, created.body)
        if created.code == 201:
            url = f"{path}/{created.body['metadata']['name']}"
            assert handler.handle(HttpRequest("DELETE", url, headers, b"")).code == 200
