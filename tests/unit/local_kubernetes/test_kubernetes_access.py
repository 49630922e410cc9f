"""Authentication, RBAC and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from embedded_kubernetes import Api, spec

from trellis_local.kubernetes.contract import AccessRule, UserInfo

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def grant(api: Any, *, resources: list[str], verbs: list[str], group: str = "") -> None:
    rules = [{"apiGroups": [group], "resources": resources, "verbs": verbs}]
    api("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "reader"}, "rules": rules})
    body = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
        "subjects": [{"kind": "Group", "name": "readers"}],
    }
    assert api("POST", f"{RBAC}/clusterrolebindings", body)[0] == 201


def test_a_token_nobody_knows_is_unauthorized(api: Any) -> None:
    code, status = api("GET", "/api/v1/pods", token="wrong")
    assert (code, status["reason"]) == (401, "Unauthorized")


def test_a_user_without_a_binding_is_forbidden(api: Any) -> None:
    code, status = api("GET", "/api/v1/pods", token="bob")
    assert (code, status["reason"]) == (403, "Forbidden")
    assert 'User "bob" cannot list resource "pods"' in status["message"]


def test_a_bound_group_may_do_what_its_role_lists_and_no_more(api: Any) -> None:
    grant(api, resources=["pods"], verbs=["list"])
    assert api("GET", "/api/v1/pods", token="bob")[0] == 200
    assert api("GET", "/api/v1/pods", token="nobody")[0] == 403
    assert api("GET", "/api/v1/pods?watch=true", token="bob")[0] == 403
    assert api("GET", "/api/v1/services", token="bob")[0] == 403
    assert api("DELETE", "/api/v1/namespaces/default/pods", token="bob")[0] == 403


def test_a_right_to_list_objects_of_a_name_needs_a_field_selector_for_it(api: Any) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["list"]}]
    api("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "named"}, "rules": rules})
    body = {
        "metadata": {"name": "named"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "named"},
        "subjects": [{"kind": "Group", "name": "readers"}],
    }
    api("POST", f"{RBAC}/clusterrolebindings", body)
    for name in ("mine", "theirs"):
        api("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}})
    code, found = api("GET", "/api/v1/configmaps?fieldSelector=metadata.name%3Dmine", token="bob")
    assert (code, [item["metadata"]["name"] for item in found["items"]]) == (200, ["mine"])
    for query in ("", "?fieldSelector=metadata.name%3Dtheirs", "?fieldSelector=metadata.name!%3Dmine"):
        assert api("GET", f"/api/v1/configmaps{query}", token="bob")[0] == 403


def test_a_role_in_a_namespace_ends_there(api: Any) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    api("POST", f"{RBAC}/namespaces/default/roles", {"metadata": {"name": "own"}, "rules": rules})
    body = {
        "metadata": {"name": "own"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "own"},
        "subjects": [{"kind": "User", "name": "bob"}],
    }
    api("POST", f"{RBAC}/namespaces/default/rolebindings", body)
    assert api("GET", "/api/v1/namespaces/default/configmaps", token="bob")[0] == 200
    assert api("GET", "/api/v1/namespaces/kube-system/configmaps", token="bob")[0] == 403
    assert api("GET", "/api/v1/configmaps", token="bob")[0] == 403


def test_a_subresource_needs_its_own_rule(gateway_api: Any) -> None:
    grant(gateway_api, resources=["httproutes"], verbs=["get", "patch"], group="gateway.networking.k8s.io")
    path = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/none"
    assert gateway_api("GET", path, token="bob")[0] == 404
    patch = {"status": {"parents": []}}
    merge = "application/merge-patch+json"
    assert gateway_api("PATCH", f"{path}/status", patch, token="bob", content_type=merge)[0] == 403


def test_every_authenticated_user_may_discover(api: Any) -> None:
    for path in ("/version", "/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3"):
        assert api("GET", path, token="nobody")[0] == 200


def test_access_reviews_are_answered_from_the_rules(api: Any) -> None:
    grant(api, resources=["pods"], verbs=["list"])

    def may(verb: str) -> bool:
        body = {"spec": {"resourceAttributes": {"verb": verb, "resource": "pods"}}}
        return bool(api("POST", REVIEWS, body, token="bob")[1]["status"]["allowed"])

    assert may("list")
    assert not may("delete")


def test_nobody_grants_rights_they_do_not_hold(api: Any) -> None:
    grant(api, resources=["clusterroles"], verbs=["create"], group="rbac.authorization.k8s.io")
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    code, status = api("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "x"}, "rules": rules}, token="bob")
    assert (code, "not currently held" in status["message"]) == (403, True)


@pytest.mark.parametrize(("namespaces", "elsewhere"), [((), 200), (("default",), 403)])
def test_rights_of_an_access_policy_count_within_their_scope(
    launch: Callable[..., Any], namespaces: tuple[str, ...], elsewhere: int
) -> None:
    rule = AccessRule(("get", "list"), ("",), ("pods",), namespaces)
    api = Api(launch(spec(users={"eve": UserInfo("eve", (), (rule,))})))
    assert api("GET", "/api/v1/namespaces/default/pods", token="eve")[0] == 200
    assert api("GET", "/api/v1/namespaces/kube-system/pods", token="eve")[0] == elsewhere
    assert api("GET", "/api/v1/namespaces/default/services", token="eve")[0] == 403


def test_the_audit_log_names_user_verb_resource_and_code(api: Any) -> None:
    api("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})
    api("GET", "/apis/apps/v1/deployments", token="bob")
    entries = api.cluster.audit
    shown = [(e.user, e.verb, e.resource, e.namespace, e.code) for e in entries]
    assert shown == [
        ("kubernetes-admin", "create", "/configmaps", "default", 201),
        ("bob", "list", "apps/deployments", "", 403),
    ]
    assert [entry.seq for entry in entries] == [1, 2]
