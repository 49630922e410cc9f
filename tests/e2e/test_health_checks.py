"""A TargetGroupPolicy decides how VPC Lattice checks the pods of its Service."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from manifests import apply, delete, path_of
from observing import CLUSTER_B, document, execute, report_of, service_of

from trellis_local.walkthrough import Walkthrough, World

HOSTNAME = "datastore.lattice-test.io"


def policy(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "application-networking.k8s.aws/v1alpha1",
        "kind": "TargetGroupPolicy",
        "metadata": {"name": "checks", "namespace": "apps"},
        "spec": {"targetRef": {"group": "", "kind": "Service", "name": "datastore-v1"}, **spec},
    }


class Checked:
    """Cluster B, where Services may have policies."""

    def __init__(self, world: World) -> None:
        self.world, self.api = world, world.kubernetes(CLUSTER_B)
        self.lattice = world.aws("vpc-lattice")

    def reconcile(self) -> dict[str, Any]:
        execution = execute(self.world, "reconcile-cluster", {"cluster": CLUSTER_B})
        assert execution["status"] == "SUCCEEDED", execution.get("cause")
        return execution

    def checks(self) -> dict[str, dict[str, Any]]:
        """The health check of each target group of the walk-through's service, by Service."""
        service = service_of(self.world, HOSTNAME)
        assert service is not None
        found = {}
        for group in self.lattice.list_target_groups()["items"]:
            if service["arn"] in group["serviceArns"]:
                tags = self.lattice.list_tags_for_resource(resourceArn=group["arn"])["tags"]
                config = self.lattice.get_target_group(targetGroupIdentifier=group["id"])["config"]
                found[tags["trellis:for"].split()[1]] = config["healthCheck"]
        return found

    def accepted(self) -> tuple[str, str]:
        found = self.api.get(path_of(policy()))
        assert found is not None
        (condition,) = (item for item in found["status"]["conditions"] if item["type"] == "Accepted")
        return condition["status"], condition["reason"]


@pytest.fixture
def checked(world: World, onboarded: Walkthrough) -> Iterator[Checked]:
    found = Checked(world)
    yield found
    found.api.delete(path_of(policy()))
    found.reconcile()


def test_a_policy_changes_the_check_of_its_service_in_place_and_ends_with_it(checked: Checked) -> None:
    checked.reconcile()
    before = checked.checks()
    assert before["apps/datastore-v1"]["path"] == "/"
    apply(checked.api, policy(healthCheck={"path": "/popular", "intervalSeconds": 5, "statusMatch": "200-299"}))
    execution = checked.reconcile()
    asked = {"path": "/popular", "healthCheckIntervalSeconds": 5, "matcher": {"httpCode": "200-299"}}
    found = checked.checks()
    assert found["apps/datastore-v1"] == {**before["apps/datastore-v1"], "protocolVersion": "HTTP1", **asked}
    assert found["apps/datastore-v2"] == before["apps/datastore-v2"]
    assert checked.accepted() == ("True", "Accepted")
    assert report_of(checked.world, execution, CLUSTER_B)["drifts"] == [], "what somebody asks for is no drift"
    delete(checked.api, policy())
    checked.reconcile()
    assert checked.checks()["apps/datastore-v1"]["path"] == "/"
    assert json.loads(checked.reconcile()["output"])["status"] == "CONVERGED"


def test_what_is_not_supported_is_told_and_changes_nothing(checked: Checked) -> None:
    before = checked.checks()
    apply(checked.api, policy(protocol="HTTPS", healthCheck={"path": "/popular"}))
    execution = checked.reconcile()
    assert checked.checks() == before
    assert checked.accepted() == ("False", "Invalid")
    told = document(checked.world, json.loads(execution["output"])["report"])["refused"]
    assert [line["message"] for line in told if line["resource"] == "TargetGroupPolicy apps/checks"] == [
        "spec.protocol: HTTPS is not supported, pods are asked by HTTP/1.1; the health checks stay as they are"
    ]


@pytest.mark.usefixtures("unnoticed")
def test_what_somebody_changes_is_told_by_its_field(checked: Checked) -> None:
    service = service_of(checked.world, HOSTNAME)
    assert service is not None
    group = next(
        item for item in checked.lattice.list_target_groups()["items"] if service["arn"] in item["serviceArns"]
    )
    checked.lattice.update_target_group(targetGroupIdentifier=group["id"], healthCheck={"path": "/elsewhere"})
    report = report_of(checked.world, checked.reconcile(), CLUSTER_B)
    (line,) = report["drifts"]
    assert line["resource"] == f"health check of target group {group['name']}"
    assert (line["field"], line["expected"], line["found"]) == ("path", "/", "/elsewhere")
