"""A cluster that cannot be read: reported, nothing of it deleted, and no harm to the others."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from extra_cluster import ExtraCluster, extra_cluster
from manifests import apply, backend, gateway, namespace, route
from observing import CLUSTER_A, CLUSTER_B, execute, owned, report_of
from typer.testing import CliRunner

from trellis_cli.main import app
from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

NAME = "unreachable"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io"


@pytest.fixture(scope="module")
def cluster(onboarded: Walkthrough, world: World) -> Iterator[ExtraCluster]:
    """A cluster with a route that has a service and a name; the tests make it worse and worse."""
    with extra_cluster(world, NAME) as made:
        assert made.join() == "SUCCEEDED"
        documents = (namespace("apps"), gateway("apps"), *backend("apps"))
        apply(world.kubernetes(NAME), *documents, route("apps/store", hostname="unreachable.lattice-test.io"))
        world.run("reconcile-cluster", {"cluster": NAME})
        yield made


def test_a_missing_crd_is_not_taken_for_a_cluster_without_routes(cluster: ExtraCluster, world: World) -> None:
    before = owned(world, NAME)
    assert len(before) > 4
    world.kubernetes(NAME).delete(CRD)
    failed = execute(world, "reconcile-cluster", {"cluster": NAME})
    assert_unreadable(world, failed, "is its CRD installed?")
    assert owned(world, NAME) == before


def test_an_api_that_does_not_answer_fails_the_run_and_deletes_nothing(
    cluster: ExtraCluster, stack: Stack, world: World
) -> None:
    before = owned(world, NAME)
    stack.clusters[NAME].stop()
    failed = execute(world, "reconcile-cluster", {"cluster": NAME})
    assert_unreadable(world, failed, "GET /apis/gateway.networking.k8s.io")
    assert owned(world, NAME) == before


def test_the_other_clusters_are_checked_all_the_same(cluster: ExtraCluster, stack: Stack, world: World) -> None:
    stack.clusters[NAME].stop()
    before = owned(world, NAME)
    checked = execute(world, "check-drift", {})
    assert checked["status"] == "SUCCEEDED", checked.get("cause")
    found = {child["cluster"]: child["status"] for child in json.loads(checked["output"])}
    assert found == {CLUSTER_A: "CONVERGED", CLUSTER_B: "CONVERGED", NAME: "FAILED"}
    (where,) = (child["report"] for child in json.loads(checked["output"]) if child["cluster"] == NAME)
    bucket, _, key = where.removeprefix("s3://").partition("/")
    report = json.loads(world.aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    assert report["refused"][0]["reason"] == "ClusterUnreadableError"
    assert owned(world, NAME) == before


def test_an_operator_who_asks_for_it_gets_the_reason_and_the_status_of_an_error(
    cluster: ExtraCluster, stack: Stack, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.clusters[NAME].stop()
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name, value in {**dict.fromkeys(keys, "test"), "AWS_ENDPOINT_URL": world.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    result = CliRunner().invoke(app, ["check", "--cluster", NAME])
    assert result.exit_code == 1
    assert f"{NAME}: FAILED, 0 differences, 1 refused" in result.output
    assert "  ! ReadCluster: ClusterUnreadableError: " in result.output


def test_a_cluster_that_cannot_be_read_can_still_leave(cluster: ExtraCluster, stack: Stack, world: World) -> None:
    stack.clusters[NAME].stop()
    assert cluster.leave() == "SUCCEEDED"
    assert owned(world, NAME) == []
    associations = world.aws("vpc-lattice").list_service_network_vpc_associations(vpcIdentifier=cluster.vpc_id)
    assert associations["items"] == []
    assert not [arn for arn in entries(world) if ":role/trellis/" in arn]


def entries(world: World) -> list[str]:
    found: list[str] = world.aws("eks").list_access_entries(clusterName=NAME)["accessEntries"]
    return found


def assert_unreadable(world: World, execution: Mapping[str, Any], cause: str) -> None:
    assert execution["status"] == "FAILED"
    report = report_of(world, execution, NAME)
    assert report["status"] == "FAILED"
    (line,) = report["refused"]
    assert (line["resource"], line["reason"]) == ("ReadCluster", "ClusterUnreadableError")
    assert cause in line["message"]
