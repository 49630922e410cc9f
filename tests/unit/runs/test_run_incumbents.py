"""Who is served under a hostname keeps it; VPC Lattice is asked for that only where namespaces contend for one."""

from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import CLUSTER, MemoryDocuments, toolbox

from trellis.canary.state import CanaryKey
from trellis.clusters.snapshot import COLLECTIONS
from trellis.gateway_api import parse_snapshot
from trellis.gateway_api.names import service_name
from trellis.model import Mode
from trellis.planning.plan import APPLY, WorkItem
from trellis.planning.work import KindPlan
from trellis.runs import canary_view, intending, planning
from trellis.runs.request import Run

HOSTNAME = "shop.example.com"
SNAPSHOT = "snapshots/blue/1.json"
RUN = Run(cluster="blue", scope="cluster", mode=Mode.REMEDIATE, lane="manual", run="r-1", snapshotKey=SNAPSHOT)
VICTIM = service_name(CLUSTER, namespace="apps", hostname=HOSTNAME, route="victim")


class Lattice:
    """The lists of VPC Lattice with services of these names; it counts how often it is asked."""

    def __init__(self, *names: str, status: str = "ACTIVE") -> None:
        self.asked = 0
        arn = f"arn:aws:vpc-lattice:us-west-2:{CLUSTER.account}:service/svc-0"
        self._items = [{"name": name, "arn": arn, "status": status} for name in names]

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_services"
        self.asked += 1
        return SimpleNamespace(paginate=lambda: [{"items": self._items}])


def route(namespace: str, name: str, created: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": f"{created}T00:00:00Z"},
        "spec": {
            "parentRefs": [{"name": "net", "namespace": "apps"}],
            "hostnames": [HOSTNAME],
            "rules": [{"backendRefs": [{"name": "store", "port": 80}]}],
        },
    }


def objects(*routes: dict[str, Any]) -> dict[str, Any]:
    controller = {"controllerName": "trellis.dev/vpc-lattice"}
    everyone = {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}
    given = {
        "GatewayClass": [{"metadata": {"name": "lattice"}, "spec": controller}],
        "Gateway": [
            {
                "metadata": {"name": "net", "namespace": "apps", "creationTimestamp": "2026-01-01T00:00:00Z"},
                "spec": {"gatewayClassName": "lattice", "listeners": [everyone]},
            }
        ],
        "HTTPRoute": list(routes),
    }
    return {"cluster": "blue", "objects": {**{kind: [] for kind in COLLECTIONS}, **given}}


def planned(monkeypatch: pytest.MonkeyPatch, lattice: Lattice, *routes: dict[str, Any]) -> dict[str, Any]:
    """The stored plan."""
    dns = WorkItem("sync_dns", APPLY, "blue", KindPlan())
    monkeypatch.setattr(planning, "_compare", lambda *_: planning.Compared((dns,), {}, ()))
    documents = MemoryDocuments({SNAPSHOT: objects(*routes)})
    clients = SimpleNamespace(route53=None, lattice=lattice, ec2=None)
    return documents.get(planning.plan(toolbox(CLUSTER, documents, clients=clients), RUN)["planKey"])


ROUTES = (route("apps", "victim", "2026-02-01"), route("mallory", "old", "2025-01-01"))


def test_a_namespace_that_is_served_keeps_its_hostname_from_an_older_route(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, Lattice(VICTIM), *ROUTES)
    assert [found["name"] for found in plan["desired"]["services"]] == [VICTIM]
    assert plan["incumbents"] == [VICTIM]
    assert "HostnameConflict" in {line["reason"] for line in plan["refused"] if "mallory/old" in line["resource"]}


@pytest.mark.parametrize("lattice", [Lattice(), Lattice("other"), Lattice(VICTIM, status="DELETE_IN_PROGRESS")])
def test_between_newcomers_the_older_route_decides(monkeypatch: pytest.MonkeyPatch, lattice: Lattice) -> None:
    plan = planned(monkeypatch, lattice, *ROUTES)
    (service,) = plan["desired"]["services"]
    assert (service["stands_for"], "incumbents" in plan) == ("HTTPRoute mallory/old", False)


def test_nothing_is_asked_where_nobody_contends(monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = Lattice(VICTIM)
    assert "incumbents" not in planned(monkeypatch, lattice, ROUTES[0])
    assert lattice.asked == 0


class Api:
    """The cluster's objects, by where they are listed."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._objects = {COLLECTIONS[kind]: found for kind, found in document["objects"].items()}

    def list(self, path: str) -> list[dict[str, Any]]:
        return self._objects[path]

    def get(self, path: str) -> dict[str, Any]:
        return {"path": path}


@pytest.mark.parametrize(("namespace", "name"), [("apps", "victim"), ("mallory", "old")])
def test_a_canary_sees_the_service_of_its_own_namespace_whoever_else_claims_it(namespace: str, name: str) -> None:
    """Whether that service exists is what the canary looks for in VPC Lattice."""
    api: Any = Api(objects(*ROUTES))
    found = canary_view.view(toolbox(CLUSTER), api, CanaryKey("blue", namespace, name))
    assert [service.stands_for for service in found.services] == [f"HTTPRoute {namespace}/{name}"]


def test_the_status_is_told_by_the_same_incumbents_as_the_plan() -> None:
    snapshot = parse_snapshot(objects(*ROUTES))
    intent = intending.intent_of(toolbox(CLUSTER), snapshot, CLUSTER, [VICTIM])
    accepted = {found.namespace: found.parents[0].accepted for found in intent.routes}
    assert accepted == {"apps": True, "mallory": False}
