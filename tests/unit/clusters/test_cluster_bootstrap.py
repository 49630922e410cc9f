"""What Trellis installs in a cluster, against the embedded Kubernetes API."""

from collections.abc import Iterator

import pytest

from trellis.clusters import bootstrap
from trellis.clusters.api import KubernetesApi
from trellis.clusters.snapshot import read_snapshot
from trellis.errors import AccessDeniedError, ClusterUnreadableError, RouteMovedError
from trellis_local.kubernetes import KubernetesLauncher
from trellis_local.kubernetes.contract import ClusterSpec, UserInfo
from trellis_local.kubernetes.launcher import RunningApi

CLASS = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/amazon-vpc-lattice"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io"
ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/orders"
USERS = {
    "reader": UserInfo("reader", ("trellis:readers",)),
    "writer": UserInfo("writer", ("trellis:signing-proxies", "trellis:status-writers")),
    "shifter": UserInfo("shifter", ("trellis:canary-shifters",)),
}


@pytest.fixture
def cluster() -> Iterator[RunningApi]:
    arn = "arn:aws:eks:us-west-2:111122223333:cluster/blue"
    spec = ClusterSpec("blue", arn, "111122223333", "us-west-2", "vpc-1", ("10.0.0.0/16",), USERS.get)
    running = KubernetesLauncher().launch(spec)
    yield running
    running.stop()


def connected(cluster: RunningApi, token: str = "") -> KubernetesApi:
    return KubernetesApi(endpoint=cluster.endpoint, ca_pem=cluster.ca_pem.encode(), token=token or cluster.admin_token)


@pytest.fixture
def admin(cluster: RunningApi) -> KubernetesApi:
    return connected(cluster)


def test_after_installing_the_reader_can_read_a_snapshot(cluster: RunningApi, admin: KubernetesApi) -> None:
    reader = connected(cluster, "reader")
    with pytest.raises(AccessDeniedError):
        read_snapshot(reader, "blue")
    bootstrap.install(admin)
    objects = read_snapshot(reader, "blue")["objects"]
    assert [found["metadata"]["name"] for found in objects["GatewayClass"]] == ["amazon-vpc-lattice"]


def test_the_status_writer_changes_nothing_but_status_and_annotations(
    cluster: RunningApi, admin: KubernetesApi
) -> None:
    bootstrap.install(admin)
    writer = connected(cluster, "writer")
    writer.merge(f"{CLASS}/status", {"status": {"conditions": []}})
    with pytest.raises(AccessDeniedError):
        writer.delete(CLASS)
    with pytest.raises(AccessDeniedError):
        writer.merge(CLASS, {"spec": {"description": "mine"}})
    for path in ("/apis/apps/v1/deployments", "/apis/rbac.authorization.k8s.io/v1/rolebindings"):
        with pytest.raises(AccessDeniedError):
            list(writer.list(path))


def test_the_shifter_patches_routes_and_nothing_else(cluster: RunningApi, admin: KubernetesApi) -> None:
    bootstrap.install(admin)
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "orders"}}
    admin.apply(ROUTE, {**route, "spec": {"hostnames": ["a.example.com"]}}, manager="somebody")
    shifter = connected(cluster, "shifter")
    found = shifter.patch(
        ROUTE, [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}], manager="canary"
    )
    assert found["metadata"]["annotations"] == {"a": "b"}
    assert "canary" in {entry["manager"] for entry in found["metadata"]["managedFields"]}
    with pytest.raises(AccessDeniedError):
        shifter.patch(CLASS, [{"op": "remove", "path": "/spec/description"}], manager="canary")
    with pytest.raises(AccessDeniedError):
        shifter.patch(f"{ROUTE}/status", [{"op": "remove", "path": "/status"}], manager="canary")


def test_a_patch_whose_test_fails_changes_nothing(cluster: RunningApi, admin: KubernetesApi) -> None:
    bootstrap.install(admin)
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "orders"}}
    admin.apply(ROUTE, {**route, "spec": {"hostnames": ["a.example.com"]}}, manager="somebody")
    before = admin.get(ROUTE)
    replace = {"op": "replace", "path": "/spec/hostnames/0", "value": "b.example.com"}
    with pytest.raises(RouteMovedError, match="422"):
        admin.patch(ROUTE, [replace, {"op": "test", "path": "/metadata/generation", "value": 7}], manager="canary")
    assert admin.get(ROUTE) == before


def test_installing_again_changes_no_object(cluster: RunningApi, admin: KubernetesApi) -> None:
    bootstrap.install(admin)
    before = admin.get(CLASS), admin.get(CRD)
    bootstrap.install(admin)
    assert (admin.get(CLASS), admin.get(CRD)) == before


def test_a_class_of_another_controller_stays(admin: KubernetesApi) -> None:
    bootstrap.install(admin)
    admin.delete(CLASS)
    theirs = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "amazon-vpc-lattice"},
        "spec": {"controllerName": "example.com/another"},
    }
    admin.apply(CLASS, theirs, manager="somebody")
    bootstrap.install(admin)
    bootstrap.remove(admin)
    assert (admin.get(CLASS) or {})["spec"] == theirs["spec"]


def test_removing_takes_rights_and_class_but_no_definition(cluster: RunningApi, admin: KubernetesApi) -> None:
    bootstrap.install(admin)
    bootstrap.remove(admin)
    bootstrap.remove(admin)
    assert admin.get(CLASS) is None
    assert admin.get(CRD) is not None
    with pytest.raises(AccessDeniedError):
        read_snapshot(connected(cluster, "reader"), "blue")


def test_a_definition_that_is_gone_makes_the_cluster_unreadable(admin: KubernetesApi) -> None:
    bootstrap.install(admin)
    admin.delete(CRD)
    with pytest.raises(ClusterUnreadableError, match="httproutes"):
        read_snapshot(admin, "blue")
