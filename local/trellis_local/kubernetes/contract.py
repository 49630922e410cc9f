"""Data shapes the other parts of the local stack share with the embedded Kubernetes API.

They live apart from the server so that the EKS emulation, the data plane and the health checks can be typed
against them without importing an HTTP server. Nothing here has behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class AccessRule:
    """Rights granted outside RBAC, as an EKS access policy grants them; no `namespaces` means the whole cluster."""

    verbs: tuple[str, ...]
    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserInfo:
    """An authenticated Kubernetes user; `rules` are checked besides the cluster's own RBAC objects."""

    username: str
    groups: tuple[str, ...] = ()
    rules: tuple[AccessRule, ...] = ()


@dataclass(frozen=True)
class ClusterSpec:
    """What one EKS cluster looks like from the Kubernetes side.

    `authenticate` turns a bearer token into a user, or None when the token is not accepted; `sign` makes a token of the
    claims about a service account.
    """

    name: str
    arn: str
    account: str
    region: str
    vpc_id: str
    cidr_blocks: tuple[str, ...]
    authenticate: Callable[[str], UserInfo | None]
    sign: Callable[[Mapping[str, Any]], str] | None = None


@dataclass(frozen=True)
class AuditEntry:
    """One API request, as a Kubernetes audit log would name it; `resource` is `group/resource[/subresource]`."""

    seq: int
    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int


@dataclass(frozen=True)
class PodInfo:
    """A running pod as the network sees it; `services` are the Services of its namespace that select it."""

    cluster: str
    vpc_id: str
    namespace: str
    name: str
    ip: str
    labels: dict[str, str]
    annotations: dict[str, str]
    ports: tuple[int, ...]
    services: tuple[str, ...]
    ready: bool


class RunningCluster(Protocol):
    """A Kubernetes API that answers on `endpoint` until `stop()`, while it is `reachable`."""

    reachable: bool

    @property
    def name(self) -> str: ...

    @property
    def endpoint(self) -> str: ...

    @property
    def ca_pem(self) -> str: ...

    @property
    def admin_token(self) -> str: ...

    @property
    def audit(self) -> Sequence[AuditEntry]: ...

    def stop(self) -> None: ...


class ClusterLauncher(Protocol):
    """Starts the Kubernetes API of one cluster."""

    def launch(self, spec: ClusterSpec) -> RunningCluster: ...
