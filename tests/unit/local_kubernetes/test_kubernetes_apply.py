"""Server-side apply: field ownership, conflicts and removal."""

from __future__ import annotations

from typing import Any

DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/web"


def apply(api: Any, body: dict[str, Any], *, manager: str, force: bool = False, path: str = DEPLOYMENT) -> Any:
    query = f"fieldManager={manager}&force={str(force).lower()}"
    return api("PATCH", f"{path}?{query}", body, content_type="application/apply-patch+yaml")


def deployment(**spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "web:1", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    base = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": base | spec}


def partial(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_apply_creates_and_records_its_manager(api: Any) -> None:
    code, created = apply(api, deployment(replicas=1), manager="team")
    assert code == 201
    owners = [(m["manager"], m["operation"]) for m in created["metadata"]["managedFields"]]
    assert owners == [("team", "Apply")]


def test_applying_the_same_again_changes_nothing(api: Any) -> None:
    apply(api, deployment(), manager="team")
    _, before = api("GET", DEPLOYMENT)
    code, after = apply(api, deployment(), manager="team")
    assert (code, after) == (200, before)


def test_another_value_for_a_foreign_field_is_a_conflict(api: Any) -> None:
    apply(api, deployment(replicas=1), manager="team")
    code, status = apply(api, partial(replicas=2), manager="scaler")
    assert (code, status["reason"]) == (409, "Conflict")
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "team"', "field": ".spec.replicas"}
    assert status["details"]["causes"] == [cause]


def test_force_takes_the_field_over(api: Any) -> None:
    apply(api, deployment(replicas=1), manager="team")
    code, changed = apply(api, partial(replicas=2), manager="scaler", force=True)
    assert (code, changed["spec"]["replicas"]) == (200, 2)
    assert apply(api, deployment(replicas=1), manager="team")[0] == 409


def test_the_same_value_is_owned_together_and_kept_until_both_let_go(api: Any) -> None:
    apply(api, deployment(minReadySeconds=3), manager="team")
    apply(api, partial(minReadySeconds=3), manager="other")
    _, kept = apply(api, deployment(), manager="team")
    _, gone = apply(api, partial(), manager="other")
    assert kept["spec"]["minReadySeconds"] == 3
    assert "minReadySeconds" not in gone["spec"]


def test_list_members_are_merged_by_their_keys(api: Any) -> None:
    apply(api, deployment(), manager="team")
    sidecar = partial(template={"spec": {"containers": [{"name": "proxy", "image": "proxy:1"}]}})
    _, merged = apply(api, sidecar, manager="mesh")
    containers = merged["spec"]["template"]["spec"]["containers"]
    assert [c["name"] for c in containers] == ["web", "proxy"]
    _, removed = apply(api, partial(), manager="mesh")
    assert [c["name"] for c in removed["spec"]["template"]["spec"]["containers"]] == ["web"]


def test_an_update_takes_fields_from_an_applier(api: Any) -> None:
    apply(api, deployment(replicas=1), manager="team")
    merge = "application/merge-patch+json"
    api("PATCH", f"{DEPLOYMENT}?fieldManager=hand", {"spec": {"replicas": 4}}, content_type=merge)
    code, status = apply(api, deployment(replicas=1), manager="team")
    assert (code, status["details"]["causes"][0]["message"]) == (409, 'conflict with "hand" using apps/v1')


def test_apply_without_a_field_manager_is_a_bad_request(api: Any) -> None:
    assert api("PATCH", DEPLOYMENT, deployment(), content_type="application/apply-patch+yaml")[0] == 400


def test_status_is_applied_through_its_subresource_alone(gateway_api: Any) -> None:
    path = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/lattice"
    head = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "lattice"}}
    spec = {"spec": {"controllerName": "example.com/controller"}}
    gateway_api("POST", "/apis/gateway.networking.k8s.io/v1/gatewayclasses", head | spec)
    condition = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""}
    condition["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    status = head | {"status": {"conditions": [condition]}}
    _, applied = apply(gateway_api, status, manager="trellis", path=f"{path}/status", force=True)
    assert [c["status"] for c in applied["status"]["conditions"]] == ["True"]
    assert applied["metadata"]["generation"] == 1
    assert {m.get("subresource") for m in applied["metadata"]["managedFields"]} == {None, "status"}
