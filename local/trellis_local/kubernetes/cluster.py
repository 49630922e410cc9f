"""One cluster without its network: store, resource types, verbs and controllers wired together."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trellis_local.kubernetes import custom_resources
from trellis_local.kubernetes.catalog import Catalog
from trellis_local.kubernetes.contract import ClusterSpec
from trellis_local.kubernetes.controllers.client import ControllerClient
from trellis_local.kubernetes.controllers.deployments import DeploymentController
from trellis_local.kubernetes.controllers.endpoint_slices import EndpointSliceController
from trellis_local.kubernetes.controllers.garbage import GarbageCollector
from trellis_local.kubernetes.controllers.kubelet import Kubelet
from trellis_local.kubernetes.controllers.loop import ControllerLoop
from trellis_local.kubernetes.controllers.namespaces import NamespaceController
from trellis_local.kubernetes.controllers.replica_sets import ReplicaSetController
from trellis_local.kubernetes.objects_api import ObjectsApi
from trellis_local.kubernetes.requests import Target, WriteOptions
from trellis_local.kubernetes.store import EVENT_LOG_LENGTH, Store, StoreEvent

_BOOTSTRAP = Path(__file__).parent / "builtin" / "bootstrap.yaml"


class Cluster:
    """The state and behaviour of one Kubernetes cluster."""

    def __init__(self, spec: ClusterSpec, *, event_log_length: int = EVENT_LOG_LENGTH) -> None:
        self.spec = spec
        self.store = Store(event_log_length=event_log_length)
        self.catalog = Catalog()
        self._loop = ControllerLoop()
        self.api = ObjectsApi(self.store, self._loop.drain)
        self.store.subscribe(self._serve_definitions)
        self.store.subscribe(self._loop.observe)
        client = ControllerClient(self.store, self.catalog, self.api)
        for controller in (
            NamespaceController(client),
            DeploymentController(client),
            ReplicaSetController(client),
            Kubelet(client, spec.cidr_blocks),
            EndpointSliceController(client),
            GarbageCollector(client),
        ):
            self._loop.add(controller)
        self._bootstrap()

    def _serve_definitions(self, event: StoreEvent) -> None:
        if event.type_key != custom_resources.CRD_KEY:
            return
        if event.type == "DELETED":
            spec = event.object["spec"]
            self.catalog.unregister((spec["group"], spec["names"]["plural"]))
        else:
            self.catalog.register(custom_resources.resource_type(event.object))

    def _bootstrap(self) -> None:
        options = WriteOptions(manager="kube-apiserver")
        for obj in _bootstrap_objects():
            group, _, version = obj["apiVersion"].rpartition("/")
            resource = next(r for r in self.catalog.types.values() if (r.group, r.kind) == (group, obj["kind"]))
            self.api.create(Target(resource, version), obj, options)


@lru_cache(maxsize=1)
def _bootstrap_objects() -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = yaml.safe_load(_BOOTSTRAP.read_text())
    return objects
