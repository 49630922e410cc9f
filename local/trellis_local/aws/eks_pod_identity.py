"""Associations of EKS Pod Identity: which role the pods of a service account get.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trellis_local import clock
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_clusters import EksCluster
from trellis_local.aws.eks_errors import InvalidParameterError, ResourceInUseError, ResourceNotFoundError

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class PodIdentityAssociation:
    """One association; there is at most one for a service account."""

    cluster: str
    namespace: str
    service_account: str
    role_arn: str
    arn: str
    tags: dict[str, str]
    disable_session_tags: bool
    created_at: datetime
    modified_at: datetime

    @property
    def id(self) -> str:
        """What other calls name it by."""
        return self.arn.rsplit("/", 1)[-1]

    def summary(self) -> dict[str, Any]:
        """The API's PodIdentityAssociationSummary, which has no role."""
        return {
            "clusterName": self.cluster,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
        }

    def describe(self) -> dict[str, Any]:
        """The API's PodIdentityAssociation."""
        return {
            **self.summary(),
            "roleArn": self.role_arn,
            "tags": dict(self.tags),
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "disableSessionTags": self.disable_session_tags,
        }


def create(cluster: EksCluster, request: Mapping[str, Any]) -> PodIdentityAssociation:
    """Make an association; raises the errors of CreatePodIdentityAssociation."""
    namespace, account = request["namespace"], request["serviceAccount"]
    if any((found.namespace, found.service_account) == (namespace, account) for found in cluster.associations.values()):
        raise ResourceInUseError(
            f"Association already exists for namespace {namespace} and service account {account}", cluster=cluster.name
        )
    _require_role(request["roleArn"])
    now = clock.current().now()
    identifier = "a-" + "".join(secrets.choice(_ALPHABET) for _ in range(17))
    made = PodIdentityAssociation(
        cluster=cluster.name,
        namespace=namespace,
        service_account=account,
        role_arn=request["roleArn"],
        arn=f"{cluster.arn.replace(':cluster/', ':podidentityassociation/')}/{identifier}",
        tags=dict(request.get("tags") or {}),
        disable_session_tags=bool(request.get("disableSessionTags")),
        created_at=now,
        modified_at=now,
    )
    cluster.associations[made.id] = made
    return made


def find(cluster: EksCluster, identifier: str) -> PodIdentityAssociation:
    """The association; raises ResourceNotFoundError."""
    found: PodIdentityAssociation | None = cluster.associations.get(identifier)
    if found is None:
        raise ResourceNotFoundError(f"No association found with id: {identifier}", cluster=cluster.name)
    return found


def update(found: PodIdentityAssociation, request: Mapping[str, Any]) -> None:
    """Change what the request names."""
    if request.get("roleArn"):
        _require_role(request["roleArn"])
        found.role_arn = request["roleArn"]
    if request.get("disableSessionTags") is not None:
        found.disable_session_tags = bool(request["disableSessionTags"])
    found.modified_at = clock.current().now()


def _require_role(arn: str) -> None:
    """That EKS refuses a role which does not exist is inferred: it needs iam:GetRole of whoever makes the call."""
    if moto.role_by_arn(arn) is None:
        raise InvalidParameterError(f"Role with arn: {arn}, could not be assumed because it does not exist")
