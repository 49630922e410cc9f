"""What a plan keeps because something could not be read, and what stops it."""

from dataclasses import replace
from typing import Any

import pytest
from gateway_api_objects import snapshot
from run_tools import CLUSTER, MemoryDocuments, toolbox

from trellis.gateway_api.intent_model import Intent
from trellis.gateway_api.snapshot import Malformed
from trellis.model import Cluster, ClusterState, Mode
from trellis.planning.plan import APPLY, PRUNE, WorkItem
from trellis.planning.work import KindPlan, described
from trellis.runs import planning
from trellis.runs.request import Run

SNAPSHOT = "snapshots/blue/1.json"
BROKEN = {"metadata": {"name": "broken", "namespace": "apps"}, "spec": 7}
RUN = Run(cluster="blue", scope="cluster", mode=Mode.REMEDIATE, lane="manual", run="r-1", snapshotKey=SNAPSHOT)


def planned(
    monkeypatch: pytest.MonkeyPatch,
    objects: dict[str, Any] | None = None,
    *,
    cluster: Cluster = CLUSTER,
    deletions: int = 1,
    limit: int = 25,
) -> dict[str, Any]:
    """The stored plan for a snapshot of these objects, when the service `old` is not wanted any more."""
    changes = tuple(described("DeleteRule", f"rule {number}", deletes=True) for number in range(deletions))
    old = WorkItem("apply_service", PRUNE, "old", KindPlan(changes, owned=100))
    dns = WorkItem("sync_dns", APPLY, cluster.name, KindPlan())

    def compare(*_: Any) -> planning.Compared:
        return planning.Compared((old, dns), {}, (), {"k8s-a": {"HEALTHY": 1}})

    monkeypatch.setattr(planning, "_compare", compare)
    documents = MemoryDocuments({SNAPSHOT: snapshot("blue", objects or {})})
    answer = planning.plan(toolbox(cluster, documents, max_deletions=limit), RUN)
    return documents.get(answer["planKey"])


def test_a_service_that_nobody_wants_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch)
    assert [item["name"] for item in plan["items"]] == ["old"]
    assert (plan["keep"], plan["verdict"]) == (False, "APPLY")


@pytest.mark.parametrize("kind", ["GatewayClass", "Gateway", "HTTPRoute"])
def test_an_object_that_could_not_be_read_keeps_what_it_may_be_the_reason_for(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    plan = planned(monkeypatch, {kind: [BROKEN]})
    assert plan["items"] == []
    assert (plan["keep"], plan["verdict"]) == (True, "CONVERGED")
    (line,) = (line for line in plan["refused"] if line["reason"] == "Malformed")
    assert line["resource"] == f"{kind} apps/broken"
    assert line["message"].startswith("spec: ")
    assert "no service and no name is deleted" in line["message"]


def test_a_broken_endpoint_slice_of_somebody_does_not_keep_others_services(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, {"EndpointSlice": [{**BROKEN, "addressType": 7}]})
    assert [item["name"] for item in plan["items"]] == ["old"]
    assert [line["reason"] for line in plan["refused"]] == ["Malformed"]


def test_a_cluster_that_leaves_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = replace(CLUSTER, state=ClusterState.LEAVING)
    plan = planned(monkeypatch, {"HTTPRoute": [BROKEN]}, cluster=leaving, deletions=60)
    assert [item["name"] for item in plan["items"]] == ["old"]
    assert (plan["keep"], plan["verdict"]) == (False, "APPLY")


def test_more_deletions_than_allowed_stop_the_run_with_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, deletions=12, limit=11)
    assert plan["verdict"] == "STOPPED_BY_GUARD"
    assert plan["guard"] == "12 deletions planned, 11 allowed in one run"


def test_report_lines_are_the_conditions_that_are_not_fulfilled() -> None:
    intent = Intent("blue", malformed=(Malformed("Service", "apps", "store", "spec.ports[0].port: too large"),))
    assert list(planning.refused(intent)) == [
        {"resource": "Service apps/store", "reason": "Malformed", "message": "spec.ports[0].port: too large"}
    ]


def test_health_is_in_a_plan_that_is_shown_and_in_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    assert planned(monkeypatch)["health"] == {"k8s-a": {"HEALTHY": 1}}
    assert "health" not in planned(monkeypatch, {"HTTPRoute": [BROKEN]})


def test_a_plan_says_what_its_changes_follow_from(monkeypatch: pytest.MonkeyPatch) -> None:
    basis = planned(monkeypatch)["basis"]
    assert basis == {
        "network": "net",
        "vpc": "vpc-1",
        "group": "sg-1",
        "sources": [],
        "state": "ACTIVE",
        "members": [["blue", "vpc-1", "ACTIVE"]],
        "ttl": 60,
    }
