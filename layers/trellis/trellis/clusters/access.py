"""Who of Trellis may do what in a cluster: EKS access entries for the roles of its functions.

Those that stay read, write status or shift the weights of a canary; their rights come from the ClusterRoles that
bootstrap installs.
The bootstrap role is an administrator for the minute in which it installs them, and has no entry otherwise.

EKS knows access entries in two of its three authentication modes only; clusters made through its API start in the
third.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trellis.errors import ClusterUpdatingError

if TYPE_CHECKING:
    from mypy_boto3_eks import EKSClient

READERS, STATUS_WRITERS = "trellis:readers", "trellis:status-writers"
CANARY_SHIFTERS = "trellis:canary-shifters"
SIGNING_PROXIES = "trellis:signing-proxies"
"""Has no right but those that namespaces give it; see `workloads`."""
_ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True)
class Roles:
    """ARNs of the roles that sign in to clusters."""

    readers: tuple[str, ...]
    status_writer: str
    shifters: tuple[str, ...]
    bootstrap: str

    def lasting(self) -> dict[str, list[str]]:
        """The Kubernetes groups of each role whose entry stays."""
        readers = {role: [READERS] for role in self.readers}
        shifters = {role: [CANARY_SHIFTERS, READERS] for role in self.shifters}
        return {**readers, self.status_writer: [SIGNING_PROXIES, STATUS_WRITERS], **shifters}


def enable_entries(eks: "EKSClient", cluster: str) -> None:
    """Let the cluster know access entries beside its `aws-auth` ConfigMap, which stays in force.

    Raises ClusterUpdatingError until EKS has finished. The step cannot be undone; it takes no right from anybody.
    """
    found = eks.describe_cluster(name=cluster)["cluster"]
    if found.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP") == "CONFIG_MAP":
        if found["status"] == "ACTIVE":
            eks.update_cluster_config(name=cluster, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
        raise ClusterUpdatingError(f"cluster {cluster} changes its authentication mode to API_AND_CONFIG_MAP")


def grant(eks: "EKSClient", cluster: str, roles: Roles) -> None:
    """Create the entries of the lasting roles; entries that exist are brought back to their groups alone."""
    for role, groups in roles.lasting().items():
        if not _create(eks, cluster, role, groups):
            _narrow(eks, cluster, role)


def elevate(eks: "EKSClient", cluster: str, roles: Roles) -> None:
    """Make the bootstrap role an administrator of the cluster."""
    _create(eks, cluster, roles.bootstrap, [])
    eks.associate_access_policy(
        clusterName=cluster,
        principalArn=roles.bootstrap,
        policyArn=_ADMINISTRATOR,
        accessScope={"type": "cluster"},
    )


def lower(eks: "EKSClient", cluster: str, roles: Roles) -> None:
    """Take the bootstrap role's entry away, and its rights with it."""
    _delete(eks, cluster, roles.bootstrap)


def revoke(eks: "EKSClient", cluster: str, roles: Roles) -> None:
    """Remove all entries of Trellis; also when some or the cluster itself are gone."""
    for role in (roles.bootstrap, *roles.lasting()):
        _delete(eks, cluster, role)


def _create(eks: "EKSClient", cluster: str, role: str, groups: list[str]) -> bool:
    """False when there was an entry, whose groups are right now."""
    try:
        eks.create_access_entry(clusterName=cluster, principalArn=role, kubernetesGroups=groups, type="STANDARD")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
        _correct(eks, cluster, role, groups)
        return False
    return True


def _correct(eks: "EKSClient", cluster: str, role: str, groups: list[str]) -> None:
    entry = eks.describe_access_entry(clusterName=cluster, principalArn=role)["accessEntry"]
    if sorted(entry.get("kubernetesGroups", [])) != groups:
        eks.update_access_entry(clusterName=cluster, principalArn=role, kubernetesGroups=groups)


def _narrow(eks: "EKSClient", cluster: str, role: str) -> None:
    """Take away the access policies that somebody has given to the role beside its groups."""
    pages = eks.get_paginator("list_associated_access_policies").paginate(clusterName=cluster, principalArn=role)
    for found in [found for page in pages for found in page["associatedAccessPolicies"]]:
        eks.disassociate_access_policy(clusterName=cluster, principalArn=role, policyArn=found["policyArn"])


def _delete(eks: "EKSClient", cluster: str, role: str) -> None:
    try:
        eks.delete_access_entry(clusterName=cluster, principalArn=role)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
