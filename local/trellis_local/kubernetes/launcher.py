"""Starts and stops the Kubernetes APIs of emulated EKS clusters."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.contract import AuditEntry, ClusterSpec
from trellis_local.kubernetes.handler import RequestHandler
from trellis_local.kubernetes.pods import PodDirectory
from trellis_local.kubernetes.server import HttpsServer
from trellis_local.kubernetes.store import EVENT_LOG_LENGTH
from trellis_local.kubernetes.tls import create_identity


class RunningApi:
    """One started cluster; satisfies `RunningCluster`."""

    def __init__(self, spec: ClusterSpec, pods: PodDirectory, *, event_log_length: int) -> None:
        self.name = spec.name
        self.cluster = Cluster(spec, event_log_length=event_log_length)
        self.admin_token = secrets.token_urlsafe(24)
        self._handler = RequestHandler(self.cluster, admin_token=self.admin_token)
        identity = create_identity(spec.name)
        self.ca_pem = identity.ca_pem
        self._server = HttpsServer(self._handler, identity.context)
        self._pods = pods
        self._stopped = False
        self._server.start()
        pods.register(self.cluster)

    @property
    def endpoint(self) -> str:
        """The API's https URL."""
        return f"https://127.0.0.1:{self._server.port}"

    @property
    def reachable(self) -> bool:
        """Whether the API answers at all; its objects and pods live on meanwhile."""
        return self._server.reachable

    @reachable.setter
    def reachable(self, reachable: bool) -> None:
        self._server.reachable = reachable

    @property
    def audit(self) -> Sequence[AuditEntry]:
        """Every resource request so far, oldest first."""
        return tuple(self._handler.audit)

    def stop(self) -> None:
        """End all watches, connections and threads; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._pods.unregister(self.cluster)
        self.cluster.store.close()
        self._server.stop()


class KubernetesLauncher:
    """Launches clusters and lists their pods in one directory."""

    def __init__(self, pods: PodDirectory | None = None, *, event_log_length: int = EVENT_LOG_LENGTH) -> None:
        self.pods = pods if pods is not None else PodDirectory()
        self._event_log_length = event_log_length

    def launch(self, spec: ClusterSpec) -> RunningApi:
        """Start the API of one cluster."""
        return RunningApi(spec, self.pods, event_log_length=self._event_log_length)
