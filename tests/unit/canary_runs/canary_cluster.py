"""The API server of a cluster with one route of two versions, behind the product's own client."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import jsonpatch
from canary_leases import KEY, VERSIONS

from trellis.canary.patch import ANNOTATIONS, EPOCH, pointer
from trellis.clusters.api import KubernetesApi

Raw = dict[str, Any]
NAMESPACE, ROUTE = KEY.namespace, KEY.name
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Written:
    """A patch of weights that was applied: the epoch that it brought, what it tested, and the weights since.

    `found` is the epoch that the route carried, None before the first.
    """

    epoch: int
    found: int | None
    tested: frozenset[str]
    before: tuple[int, int]
    weights: tuple[int, int]


class Api(KubernetesApi):
    """The product's client with another transport."""

    def __init__(self, server: "ApiServer") -> None:
        self._client: Any = server
        self._endpoint = ""
        self._token = ""


class ApiServer:
    """Objects, generations and JSON patches; `answers` are statuses of the next requests, instead of an answer."""

    def __init__(self, effect: Callable[[str], None]) -> None:
        self._effect = effect
        self._version = 1
        self.route: Raw | None = _route()
        self.others = _others()
        self.answers: list[int] = []
        self.denied = False
        self.writes: list[Written] = []
        self.watch: Callable[[Written], None] = lambda _: None

    @property
    def weights(self) -> tuple[int, int]:
        """The weights of the first rule."""
        return _weights(self.route) if self.route else (0, 0)

    @property
    def rest(self) -> str:
        """The route without what a canary may write."""
        found = copy.deepcopy(self.route or {})
        for ref in found["spec"]["rules"][0]["backendRefs"]:
            ref.pop("weight", None)
        metadata = found["metadata"]
        metadata["annotations"] = {name: value for name, value in self.annotations.items() if name not in ANNOTATIONS}
        del metadata["generation"], metadata["resourceVersion"], found["status"]
        return json.dumps(found, sort_keys=True)

    @property
    def annotations(self) -> dict[str, str]:
        """Those of the route."""
        return (self.route or {}).get("metadata", {}).get("annotations") or {}

    def apply(self, v1: int, v2: int) -> None:
        """Somebody applies the manifests with `kubectl apply`, which notes what it has applied."""
        if self.route is None:
            return
        before = self.weights
        for ref, weight in zip(self.route["spec"]["rules"][0]["backendRefs"], (v1, v2), strict=True):
            ref["weight"] = weight
        applied = {"metadata": {"namespace": NAMESPACE, "name": ROUTE}, "spec": self.route["spec"]}
        self.route["metadata"]["annotations"][_LAST_APPLIED] = json.dumps(applied)
        self._stored(self.route, spec_changed=before != (v1, v2))

    def request(self, method: str, url: str, *, body: Any = None, **_: Any) -> Any:
        """One HTTP request."""
        path = url.partition("?")[0]
        if self.denied or self.answers:
            status = 403 if self.denied else self.answers.pop(0)
            if status >= 400:
                return _answer(status, {"message": "a fault"})
        if method == "PATCH":
            return self._patched(body)
        if path.endswith(f"/httproutes/{ROUTE}"):
            answer = _answer(200 if self.route else 404, self.route or {})
            self._effect("after GET")
            return answer
        kind = path.rpartition("/")[2]
        if kind != "httproutes":
            return _answer(200, {"items": self.others.get(kind, []), "metadata": {}})
        self._effect("before LIST")
        own = [self.route] if self.route else []
        answer = _answer(200, {"items": [*own, *self.others.get(kind, [])], "metadata": {}})
        self._effect("after LIST")
        return answer

    def _patched(self, operations: list[Raw]) -> Any:
        self._effect("before PATCH")
        if self.route is None:
            return _answer(404, {})
        try:
            changed = jsonpatch.apply_patch(self.route, operations)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
            return _answer(422, {"message": str(error)})
        written = None
        if _weights(changed) != self.weights:
            tested = frozenset(op["path"].removeprefix("/metadata/") for op in operations if op["op"] == "test")
            tested = frozenset("epoch" if path == f"annotations/{pointer(EPOCH)}" else path for path in tested)
            epoch = int(changed["metadata"]["annotations"][EPOCH])
            found = int(self.annotations[EPOCH]) if EPOCH in self.annotations else None
            written = Written(epoch, found, tested, self.weights, _weights(changed))
        self._stored(changed, spec_changed=changed["spec"] != self.route["spec"])
        if written:
            self.writes.append(written)
            self.watch(written)
        self._effect("after PATCH")
        return _answer(200, self.route)

    def _stored(self, route: Raw, *, spec_changed: bool) -> None:
        self._version += 1
        self.route = route
        route["metadata"]["resourceVersion"] = str(self._version)
        route["metadata"]["generation"] += spec_changed
        for condition in route["status"]["parents"][0]["conditions"]:
            condition["observedGeneration"] = route["metadata"]["generation"]


def _answer(status: int, document: Any) -> Any:
    text = json.dumps(document).encode()
    return SimpleNamespace(status=status, read=lambda: text)


def _weights(route: Raw) -> tuple[int, int]:
    first, second = (ref["weight"] for ref in route["spec"]["rules"][0]["backendRefs"])
    return first, second


def _metadata(name: str, **more: Any) -> Raw:
    created = "2026-01-01T00:00:00Z"
    common = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "generation": 3, "creationTimestamp": created}
    return {**common, **more}


def _route() -> Raw:
    refs = [{"name": name, "port": 80, "weight": weight} for name, weight in zip(VERSIONS, (100, 0), strict=True)]
    conditions = [{"type": name, "status": "True", "observedGeneration": 3} for name in ("Accepted", "ResolvedRefs")]
    parent = {"controllerName": "trellis.dev/vpc-lattice", "parentRef": {"name": "net"}, "conditions": conditions}
    return {
        "kind": "HTTPRoute",
        "metadata": _metadata(ROUTE, resourceVersion="1", annotations={"team": "orders"}),
        "spec": {
            "parentRefs": [{"name": "net"}],
            "hostnames": ["orders.example.org"],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": refs}],
        },
        "status": {"parents": [parent]},
    }


def _others() -> dict[str, list[Raw]]:
    listeners = [{"name": "http", "protocol": "HTTP", "port": 80}, {"name": "other", "protocol": "HTTP", "port": 8080}]
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    serving = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    slices = [
        {
            "metadata": _metadata(f"{name}-abcde", labels={"kubernetes.io/service-name": name}),
            "addressType": "IPv4",
            "endpoints": [{"addresses": [f"10.0.0.{at}"], "conditions": {"ready": True}}],
            "ports": serving,
        }
        for at, name in enumerate(VERSIONS, start=1)
    ]
    return {
        "gatewayclasses": [
            {
                "kind": "GatewayClass",
                "metadata": {"name": "lattice", "generation": 1},
                "spec": {"controllerName": "trellis.dev/vpc-lattice"},
            }
        ],
        "gateways": [
            {
                "kind": "Gateway",
                "metadata": _metadata("net"),
                "spec": {"gatewayClassName": "lattice", "listeners": listeners},
            }
        ],
        "namespaces": [{"metadata": {"name": NAMESPACE, "labels": {}}}],
        "services": [
            {"metadata": _metadata(name), "spec": {"ports": ports, "ipFamilies": ["IPv4"]}} for name in VERSIONS
        ],
        "endpointslices": slices,
    }
