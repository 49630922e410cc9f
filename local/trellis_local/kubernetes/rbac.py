"""Role-based access control from the cluster's own Role and Binding objects, and the rights of EKS access policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trellis_local.kubernetes.contract import AccessRule, UserInfo
from trellis_local.kubernetes.errors import ApiError
from trellis_local.kubernetes.objects import Object, namespace_of
from trellis_local.kubernetes.store import Store

GROUP = "rbac.authorization.k8s.io"
_MASTERS = "system:masters"


@dataclass(frozen=True)
class Attributes:
    """What a request would do; `path` is set for non-resource requests alone."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """`resource` or `resource/subresource`, as rules name it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def allowed(store: Store, user: UserInfo, wanted: Attributes) -> bool:
    """Whether the user may do it."""
    if _MASTERS in user.groups:
        return True
    if any(_access_rule_allows(rule, wanted) for rule in user.rules):
        return True
    return any(_rule_allows(rule, wanted) for rule in rules_for(store, user, wanted.namespace))


def rules_for(store: Store, user: UserInfo, namespace: str) -> Iterator[dict[str, Any]]:
    """Every rule bound to the user, cluster-wide or in one namespace."""
    for binding in store.list((GROUP, "clusterrolebindings")):
        if _binds(binding, user):
            yield from _role_rules(store, binding["roleRef"], "")
    if not namespace:
        return
    for binding in store.list((GROUP, "rolebindings"), namespace):
        if _binds(binding, user):
            yield from _role_rules(store, binding["roleRef"], namespace)


def _binds(binding: Object, user: UserInfo) -> bool:
    return any(_is_subject(subject, binding, user) for subject in binding.get("subjects") or [])


def _is_subject(subject: dict[str, Any], binding: Object, user: UserInfo) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == user.username)
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    namespace = subject.get("namespace") or namespace_of(binding)
    return user.username == f"system:serviceaccount:{namespace}:{subject['name']}"


def _role_rules(store: Store, reference: dict[str, Any], namespace: str) -> list[dict[str, Any]]:
    if reference["kind"] == "ClusterRole":
        role = store.get((GROUP, "clusterroles"), ("", reference["name"]))
    else:
        role = store.get((GROUP, "roles"), (namespace, reference["name"]))
    return (role or {}).get("rules") or []


def _rule_allows(rule: dict[str, Any], wanted: Attributes) -> bool:
    if not _listed(wanted.verb, rule.get("verbs")):
        return False
    if wanted.path:
        return any(_path_matches(pattern, wanted.path) for pattern in rule.get("nonResourceURLs") or [])
    names = rule.get("resourceNames")
    return (
        _listed(wanted.group, rule.get("apiGroups"))
        and _resource_listed(wanted, rule.get("resources") or [])
        and (not names or wanted.name in names)
    )


def _listed(value: str, options: list[str] | None) -> bool:
    return options is not None and (value in options or "*" in options)


def _resource_listed(wanted: Attributes, resources: list[str] | tuple[str, ...]) -> bool:
    if "*" in resources or wanted.full_resource in resources:
        return True
    return bool(wanted.subresource) and f"*/{wanted.subresource}" in resources


def _path_matches(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return pattern == path


def _access_rule_allows(rule: AccessRule, wanted: Attributes) -> bool:
    if wanted.path or (rule.namespaces and wanted.namespace not in rule.namespaces):
        return False
    return (
        _listed(wanted.verb, list(rule.verbs))
        and _listed(wanted.group, list(rule.api_groups))
        and _resource_listed(wanted, rule.resources)
    )


def forbidden(user: UserInfo, wanted: Attributes) -> ApiError:
    """403 in Kubernetes' words."""
    if wanted.path:
        message = f'forbidden: User "{user.username}" cannot {wanted.verb} path "{wanted.path}"'
        return ApiError(403, "Forbidden", message)
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    qualified = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    named = f' "{wanted.name}"' if wanted.name else ""
    message = (
        f'{qualified}{named} is forbidden: User "{user.username}" cannot {wanted.verb} resource'
        f' "{wanted.full_resource}" in API group "{wanted.group}" {where}'
    )
    details = {"name": wanted.name, "group": wanted.group, "kind": wanted.resource}
    return ApiError(403, "Forbidden", message, details)


def check_escalation(store: Store, user: UserInfo, body: Object, *, namespace: str, bind: Attributes) -> None:
    """Raise Forbidden when a role or binding would grant what the user does not hold, `bind`/`escalate` aside."""
    if _MASTERS in user.groups or allowed(store, user, bind):
        return
    reference = body.get("roleRef")
    granted = _role_rules(store, reference, namespace) if reference else body.get("rules") or []
    for rule in granted:
        for wanted in _rule_attributes(rule, namespace):
            if not allowed(store, user, wanted):
                message = (
                    f'user "{user.username}" (groups={list(user.groups)}) is attempting to grant RBAC permissions not'
                    f" currently held: {rule}"
                )
                raise ApiError(403, "Forbidden", message)


def _rule_attributes(rule: dict[str, Any], namespace: str) -> Iterator[Attributes]:
    for verb in rule.get("verbs") or []:
        for path in rule.get("nonResourceURLs") or []:
            yield Attributes(verb, path=path)
        for group in rule.get("apiGroups") or []:
            for resource in rule.get("resources") or []:
                plural, _, subresource = resource.partition("/")
                for name in rule.get("resourceNames") or [""]:
                    yield Attributes(verb, group, plural, subresource, namespace, name)
