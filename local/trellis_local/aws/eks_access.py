"""Access entries: the API's rules about them, and which Kubernetes user a principal becomes.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trellis_local import clock
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_clusters import AccessEntry, EksCluster, PolicyAssociation
from trellis_local.aws.eks_errors import (
    InvalidParameterError,
    InvalidRequestError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from trellis_local.aws.eks_policies import CLUSTER_ADMIN, CLUSTER_ADMIN_GROUP, POLICIES, access_rules
from trellis_local.aws.identity import Principal, admin
from trellis_local.kubernetes.contract import AccessRule, UserInfo

_RESERVED_USERNAMES = ("system:", "eks:", "aws:", "amazon:", "iam:")
_TYPES = ("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")
_SESSION = "{{SessionName}}"


def require_api_mode(cluster: EksCluster) -> None:
    """Raise InvalidRequestError unless the cluster's authentication mode has access entries."""
    if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
        raise InvalidRequestError(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
            cluster=cluster.name,
        )


def create_entry(cluster: EksCluster, request: Mapping[str, Any]) -> AccessEntry:
    """Add an access entry; raises the errors of CreateAccessEntry."""
    principal_arn = request["principalArn"]
    _require_principal(principal_arn)
    if principal_arn in cluster.entries:
        raise ResourceInUseError(
            "The specified access entry resource is already in use on this cluster.", cluster=cluster.name
        )
    kind = request.get("type") or "STANDARD"
    _check_type(kind, request)
    groups = _checked_groups(request.get("kubernetesGroups") or ())
    username = _checked_username(request.get("username")) or default_username(principal_arn)
    return _add(
        cluster, principal_arn, username=username, groups=groups, kind=kind, tags=dict(request.get("tags") or {})
    )


def bootstrap_creator(cluster: EksCluster, creator_arn: str) -> None:
    """Give the creator the entry and the policy that bootstrapClusterCreatorAdminPermissions promises."""
    entry = _add(cluster, creator_arn, username=default_username(creator_arn), groups=(), kind="STANDARD", tags={})
    associate(entry, {"policyArn": CLUSTER_ADMIN, "accessScope": {"type": "cluster"}})


def _add(
    cluster: EksCluster, principal_arn: str, *, username: str, groups: tuple[str, ...], kind: str, tags: dict[str, str]
) -> AccessEntry:
    now = clock.current().now()
    region = cluster.arn.split(":")[3]
    account, path = principal_arn.split(":", 5)[4:]
    owner = f"{path.split('/')[0]}/{account}/{path.rsplit('/', 1)[-1]}"
    arn = f"arn:aws:eks:{region}:{moto.ACCOUNT}:access-entry/{cluster.name}/{owner}/{uuid.uuid4()}"
    entry = AccessEntry(cluster.name, principal_arn, arn, username, groups, kind, tags, now, now)
    cluster.entries[principal_arn] = entry
    return entry


def entry_of(cluster: EksCluster, principal_arn: str) -> AccessEntry:
    """The entry of a principal; raises ResourceNotFoundError."""
    try:
        return cluster.entries[principal_arn]
    except KeyError:
        raise ResourceNotFoundError(
            f"The specified principalArn could not be found: {principal_arn}", cluster=cluster.name
        ) from None


def update_entry(entry: AccessEntry, request: Mapping[str, Any]) -> None:
    """Replace groups and username, those that are given."""
    if request.get("kubernetesGroups") is not None:
        entry.kubernetes_groups = _checked_groups(request["kubernetesGroups"])
    if request.get("username"):
        entry.username = _checked_username(request["username"])
    entry.modified_at = clock.current().now()


def associate(entry: AccessEntry, request: Mapping[str, Any]) -> PolicyAssociation:
    """Associate an access policy, or change the scope of one that is associated."""
    policy_arn, scope = request["policyArn"], request["accessScope"]
    if policy_arn not in POLICIES:
        raise InvalidParameterError(f"The policyArn parameter format is not valid or unknown: {policy_arn}")
    namespaces = tuple(scope.get("namespaces") or ())
    if (scope["type"] == "namespace") != bool(namespaces):
        raise InvalidParameterError("Namespaces are needed for the scope namespace, and only for it.")
    now = clock.current().now()
    before = entry.policies.get(policy_arn)
    since: datetime = before.associated_at if before else now
    entry.policies[policy_arn] = PolicyAssociation(policy_arn, namespaces, since, now)
    return entry.policies[policy_arn]


def disassociate(entry: AccessEntry, policy_arn: str) -> None:
    """Take an access policy away; raises ResourceNotFoundError."""
    if entry.policies.pop(policy_arn, None) is None:
        raise ResourceNotFoundError(f"No associated access policy found: {policy_arn}", cluster=entry.cluster)


def kubernetes_user(cluster: EksCluster, principal: Principal) -> UserInfo | None:
    """The user that a principal is in the cluster, or None when nothing lets it in."""
    principal_arn = principal.role_arn or principal.arn
    session = principal.session_name or ""
    if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
        # Without access entries only the creator gets in, invisibly; the aws-auth ConfigMap is not emulated.
        if principal_arn != cluster.creator_arn:
            return None
        return UserInfo(default_username(principal_arn).replace(_SESSION, session), (CLUSTER_ADMIN_GROUP,))
    entry = cluster.entries.get(principal_arn)
    if entry is None:
        return None
    groups = list(entry.kubernetes_groups)
    rules: list[AccessRule] = []
    for policy in entry.policies.values():
        if policy.policy_arn == CLUSTER_ADMIN and not policy.namespaces:
            groups.append(CLUSTER_ADMIN_GROUP)
        else:
            rules.extend(access_rules(policy.policy_arn, policy.namespaces))
    return UserInfo(entry.username.replace(_SESSION, session), tuple(groups), tuple(rules))


def default_username(principal_arn: str) -> str:
    """For a role the session's ARN, for a user its ARN."""
    account, path = principal_arn.split(":", 5)[4:]
    if path.startswith("role/"):
        return f"arn:aws:sts::{account}:assumed-role/{path.rsplit('/', 1)[-1]}/{_SESSION}"
    return principal_arn


def _require_principal(arn: str) -> None:
    parts = arn.split(":", 5)
    known = len(parts) == 6 and parts[2] == "iam" and parts[5].split("/")[0] in ("role", "user")
    if known and parts[4] == moto.ACCOUNT:
        name = parts[5].rsplit("/", 1)[-1]
        role = parts[5].startswith("role/")
        known = bool(moto.role_by_arn(arn) if role else moto.user_by_name(name) or arn == admin().arn)
    if not known:
        raise InvalidParameterError("The specified principalArn is invalid: invalid principal.")


def _check_type(kind: str, request: Mapping[str, Any]) -> None:
    if kind not in _TYPES:
        raise InvalidParameterError(f"The type {kind} is not one of {', '.join(_TYPES)}")
    if kind != "STANDARD" and (request.get("kubernetesGroups") or request.get("username")):
        raise InvalidParameterError(f"The type {kind} cannot have kubernetesGroups or a username.")


def _checked_groups(groups: Sequence[str]) -> tuple[str, ...]:
    for group in groups:
        if group.startswith("system:"):
            raise InvalidParameterError(f"The kubernetes group name {group} is invalid, it cannot start with system:")
    return tuple(dict.fromkeys(groups))


def _checked_username(username: str | None) -> str:
    if username and username.startswith(_RESERVED_USERNAMES):
        raise InvalidParameterError(f"The username {username} must not start with {', '.join(_RESERVED_USERNAMES)}")
    return username or ""
