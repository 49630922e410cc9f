"""The embedded Kubernetes API without its socket, because a forked process would not have the server's threads."""

import json
from collections.abc import Mapping
from typing import Any

from flow_calls import Calls

from trellis_local.kubernetes.cluster import Cluster
from trellis_local.kubernetes.contract import AuditEntry, ClusterSpec
from trellis_local.kubernetes.handler import RequestHandler
from trellis_local.kubernetes.http_messages import HttpRequest

ADMIN_TOKEN = "the-platform-team"


class InProcessCluster:
    """One cluster; satisfies `RunningCluster`."""

    admin_token = ADMIN_TOKEN
    ca_pem = "no connection, so no certificate"
    reachable = True

    def __init__(self, spec: ClusterSpec) -> None:
        self.name = spec.name
        self.endpoint = f"https://{spec.name.lower()}.in-process"
        self.cluster = Cluster(spec)
        self.handler = RequestHandler(self.cluster, admin_token=ADMIN_TOKEN)

    @property
    def audit(self) -> tuple[AuditEntry, ...]:
        """Every request so far."""
        return tuple(self.handler.audit)

    def stop(self) -> None:
        """End it."""
        self.cluster.store.close()


class InProcessLauncher:
    """Satisfies `ClusterLauncher`."""

    def __init__(self) -> None:
        self.clusters: dict[str, InProcessCluster] = {}

    def launch(self, spec: ClusterSpec) -> InProcessCluster:
        """Make a cluster."""
        made = InProcessCluster(spec)
        self.clusters[made.endpoint] = made
        return made


class _Answer:
    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self._body = json.dumps(body).encode()

    def read(self) -> bytes:
        return self._body


def rest_client(launcher: InProcessLauncher, calls: Calls) -> type:
    """A class in the place of the `kubernetes` package's HTTP client: the same requests, handed over directly."""

    class InProcessRestClient:
        def __init__(self, configuration: object) -> None:
            del configuration

        def request(
            self, method: str, url: str, *, headers: Mapping[str, str], body: Any, _request_timeout: object
        ) -> _Answer:
            calls.before()
            endpoint, slash, path = url.removeprefix("https://").partition("/")
            running = launcher.clusters[f"https://{endpoint}"]
            content = b"" if body is None else json.dumps(body).encode()
            answer = running.handler.handle(HttpRequest(method, slash + path, dict(headers), content))
            entry = running.audit[-1]
            calls.after_kubernetes(entry.verb, entry.resource)
            return _Answer(answer.code, answer.body)

    return InProcessRestClient
