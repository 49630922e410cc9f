"""What an EKS cluster is made of, and how it ages on the virtual clock. It knows no request and no moto."""

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trellis_local import clock
from trellis_local.aws.eks_account_tokens import AccountTokens
from trellis_local.kubernetes.contract import RunningCluster

GONE = "GONE"


@dataclass(frozen=True)
class StateTimes:
    """Virtual seconds in a state; the defaults are shorter than the ten minutes of AWS, to spare people the wait."""

    creating: float = 20.0
    deleting: float = 10.0
    updating: float = 5.0


@dataclass
class PolicyAssociation:
    """An access policy of an access entry; no namespaces means the scope `cluster`."""

    policy_arn: str
    namespaces: tuple[str, ...]
    associated_at: datetime
    modified_at: datetime

    def describe(self) -> dict[str, Any]:
        """The API's AssociatedAccessPolicy."""
        scope = {"type": "namespace" if self.namespaces else "cluster", "namespaces": list(self.namespaces)}
        return {
            "policyArn": self.policy_arn,
            "accessScope": scope,
            "associatedAt": self.associated_at,
            "modifiedAt": self.modified_at,
        }


@dataclass
class AccessEntry:
    """Who may authenticate to a cluster, and as whom."""

    cluster: str
    principal_arn: str
    arn: str
    username: str
    kubernetes_groups: tuple[str, ...]
    type: str
    tags: dict[str, str]
    created_at: datetime
    modified_at: datetime
    policies: dict[str, PolicyAssociation] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """The API's AccessEntry."""
        return {
            "clusterName": self.cluster,
            "principalArn": self.principal_arn,
            "kubernetesGroups": list(self.kubernetes_groups),
            "accessEntryArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "tags": dict(self.tags),
            "username": self.username,
            "type": self.type,
        }


@dataclass
class Update:
    """A change of a cluster's configuration, which is InProgress for a while."""

    id: str
    type: str
    params: tuple[tuple[str, str], ...]
    created: float
    done: float

    def describe(self) -> dict[str, Any]:
        """The API's Update."""
        finished = clock.current().time() >= self.done
        return {
            "id": self.id,
            "status": "Successful" if finished else "InProgress",
            "type": self.type,
            "params": [{"type": name, "value": value} for name, value in self.params],
            "createdAt": datetime.fromtimestamp(self.created, UTC),
            "errors": [],
        }


@dataclass
class EksCluster:
    """One cluster; `resources_vpc_config` is in the API's form, with what EKS adds to it."""

    name: str
    arn: str
    role_arn: str
    version: str
    tags: dict[str, str]
    resources_vpc_config: dict[str, Any]
    access_config: dict[str, Any]
    network_config: dict[str, Any]
    logging: dict[str, Any]
    created: float
    times: StateTimes
    issuer: str
    creator_arn: str | None
    request_token: str | None = None
    entries: dict[str, AccessEntry] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    associations: dict[str, Any] = field(default_factory=dict)
    deleted: float | None = None
    running: RunningCluster | None = None
    failure: str | None = None
    launched: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.tokens = AccountTokens(self.issuer)

    @property
    def status(self) -> str:
        """CREATING until its time is over and its Kubernetes API answers; then ACTIVE, FAILED, UPDATING or DELETING."""
        now = clock.current().time()
        if self.deleted is not None:
            return "DELETING" if now < self.deleted + self.times.deleting else GONE
        if self.failure is not None:
            return "FAILED"
        if now < self.created + self.times.creating or self.running is None:
            return "CREATING"
        return "UPDATING" if any(now < update.done for update in self.updates.values()) else "ACTIVE"

    def describe(self) -> Mapping[str, Any]:
        """The API's Cluster; the endpoint and its authority are there once it is no longer CREATING."""
        status = self.status
        document: dict[str, Any] = {
            "name": self.name,
            "arn": self.arn,
            "createdAt": datetime.fromtimestamp(self.created, UTC),
            "version": self.version,
            "roleArn": self.role_arn,
            "resourcesVpcConfig": self.resources_vpc_config,
            "kubernetesNetworkConfig": self.network_config,
            "logging": self.logging,
            "status": status,
            "certificateAuthority": {},
            "platformVersion": "eks.1",
            "tags": dict(self.tags),
            "accessConfig": self.access_config,
            "health": {"issues": self._issues()},
            "deletionProtection": False,
        }
        if status != "CREATING" and self.running is not None:
            authority = base64.b64encode(self.running.ca_pem.encode()).decode()
            document["endpoint"] = self.running.endpoint
            document["certificateAuthority"] = {"data": authority}
            document["identity"] = {"oidc": {"issuer": self.issuer}}
        return document

    def _issues(self) -> list[dict[str, Any]]:
        return [{"code": "InternalFailure", "message": self.failure}] if self.failure else []
