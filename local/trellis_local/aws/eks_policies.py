"""The access policies of EKS that people associate with access entries, as Kubernetes rights.

Shortened to the kinds that the embedded API has; source:
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trellis_local.kubernetes.contract import AccessRule

PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
CLUSTER_ADMIN = PREFIX + "AmazonEKSClusterAdminPolicy"
CLUSTER_ADMIN_GROUP = "system:masters"

_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_ALL = ("*",)


@dataclass(frozen=True)
class Right:
    """Verbs on resources of API groups."""

    verbs: tuple[str, ...]
    api_groups: tuple[str, ...]
    resources: tuple[str, ...]


_VIEW = (
    Right(
        _READ,
        ("",),
        (
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "persistentvolumeclaims",
            "pods",
            "pods/log",
            "pods/status",
            "replicationcontrollers",
            "resourcequotas",
            "serviceaccounts",
            "services",
            "services/status",
        ),
    ),
    Right(_READ, ("apps",), ("daemonsets", "deployments", "deployments/scale", "replicasets", "statefulsets")),
    Right(_READ, ("discovery.k8s.io",), ("endpointslices",)),
    Right(_READ, ("autoscaling",), ("horizontalpodautoscalers",)),
    Right(_READ, ("batch",), ("cronjobs", "jobs")),
    Right(_READ, ("networking.k8s.io",), ("ingresses", "networkpolicies")),
    Right(_READ, ("policy",), ("poddisruptionbudgets",)),
)
_EDIT = (
    *_VIEW,
    Right((*_READ, *_WRITE), ("",), ("configmaps", "persistentvolumeclaims", "pods", "secrets", "services")),
    Right(_WRITE, ("",), ("endpoints", "replicationcontrollers", "serviceaccounts")),
    Right(_WRITE, ("apps",), ("daemonsets", "deployments", "deployments/scale", "replicasets", "statefulsets")),
    Right(_WRITE, ("autoscaling",), ("horizontalpodautoscalers",)),
    Right(_WRITE, ("batch",), ("cronjobs", "jobs")),
    Right(_WRITE, ("networking.k8s.io",), ("ingresses", "networkpolicies")),
    Right(_WRITE, ("policy",), ("poddisruptionbudgets",)),
)
_ADMIN = (
    *_EDIT,
    Right((*_READ, *_WRITE), ("rbac.authorization.k8s.io",), ("rolebindings", "roles")),
    Right(("create",), ("authorization.k8s.io",), ("localsubjectaccessreviews",)),
)

POLICIES: Mapping[str, tuple[Right, ...]] = {
    CLUSTER_ADMIN: (Right(_ALL, _ALL, _ALL),),
    PREFIX + "AmazonEKSAdminViewPolicy": (Right(_READ, _ALL, _ALL),),
    PREFIX + "AmazonEKSAdminPolicy": _ADMIN,
    PREFIX + "AmazonEKSEditPolicy": _EDIT,
    PREFIX + "AmazonEKSViewPolicy": _VIEW,
    PREFIX + "AmazonEKSSecretReaderPolicy": (Right(_READ, ("",), ("secrets",)),),
}


def access_rules(policy_arn: str, namespaces: tuple[str, ...]) -> tuple[AccessRule, ...]:
    """The rights of a policy, in these namespaces or, when there are none, in the whole cluster."""
    return tuple(
        AccessRule(right.verbs, right.api_groups, right.resources, namespaces) for right in POLICIES[policy_arn]
    )
