"""What a run only reports on: services that an object holds, and those of which something could not be read."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import gateway_api_objects
import pytest
from gateway_api_objects import backend, gateway, gateway_class, rule, snapshot
from run_tools import CLUSTER, MemoryDocuments, toolbox

from trellis.model import FixedResponse, Listener, Mode, Service, cluster_owner
from trellis.planning.service_state import ObservedService, ObservedServices
from trellis.planning.work import KindPlan
from trellis.resources.read_memory import NoMemory
from trellis.resources.service_observation import ServiceScope
from trellis.runs import planning
from trellis.runs.request import Run

SNAPSHOT = "snapshots/blue/1.json"
RUN = Run(cluster="blue", scope="cluster", mode=Mode.REMEDIATE, lane="manual", run="r-1", snapshotKey=SNAPSHOT)
OWNER = cluster_owner(CLUSTER.account, CLUSTER.name)


def route(name: str = "store", mode: str | None = None) -> dict[str, Any]:
    found = gateway_api_objects.route(rule(to=[backend("store")]), name=name, hostnames=["store.example.org"])
    return {**found, "metadata": {**found["metadata"], "annotations": {"trellis.dev/mode": mode} if mode else {}}}


def planned(monkeypatch: pytest.MonkeyPatch, *routes: dict[str, Any], extra: bool = True) -> dict[str, Any]:
    """The stored plan with the `names` it was made for; with `extra` the service has a listener that nobody wants."""

    def observed(_: Any, scope: ServiceScope, __: Any) -> ObservedServices:
        by_hand = (Listener("by-hand", "HTTP", 8080, FixedResponse(404)),) if extra else ()
        found = [Service(want.name, want.custom_domain_name, by_hand, owner=OWNER) for want in scope.desired]
        return ObservedServices(OWNER, tuple(ObservedService(one.name, OWNER, one) for one in found))

    monkeypatch.setattr(planning, "observe_services", observed)
    monkeypatch.setattr(planning, "remembering", lambda *_: nullcontext(NoMemory()))
    names: list[Any] = []
    for module in (planning.network, planning.security_group):
        monkeypatch.setattr(module, "plan", lambda *_, **__: KindPlan())
    monkeypatch.setattr(planning, "auth_items", lambda *_, **__: ())
    monkeypatch.setattr(planning.dns, "plan", lambda _, wanted, __: names.append(wanted) or KindPlan())
    monkeypatch.setattr(planning.network, "names", lambda *_: ())
    objects = {"GatewayClass": [gateway_class()], "Gateway": [gateway()], "HTTPRoute": list(routes)}
    documents = MemoryDocuments({SNAPSHOT: snapshot("blue", objects)})
    clients = SimpleNamespace(route53=None, lattice=None, ec2=None)
    answer = planning.plan(toolbox(documents=documents, clients=clients), RUN)
    return {**documents.get(answer["planKey"]), "names": names[0]}


def parts(plan: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The kinds of what would be changed, and of what is only reported."""
    (item,) = plan["items"]
    return [found["kind"] for found in item["plan"]["changes"]], [found["kind"] for found in item["plan"]["reported"]]


def test_a_service_in_mode_plan_is_compared_and_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, route(mode="plan"))
    changes, told = parts(plan)
    assert (plan["verdict"], changes, "DeleteListener" in told) == ("REPORT_ONLY", [], True)
    assert plan["items"][0]["plan"]["reported"][0]["because"] == "mode plan of HTTPRoute apps/store"
    (known,) = plan["services"].values()
    assert (known["status"], known["reason"]) == ("PENDING", "ReportedOnly")


def test_remediate_of_an_object_does_not_lift_the_mode_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.RUN", RUN.model_copy(update={"mode": Mode.PLAN}))
    assert planned(monkeypatch, route(mode="remediate"))["verdict"] == "REPORT_ONLY"


def test_a_service_that_an_unreadable_route_may_have_a_part_in_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, route(), {**route("second"), "spec": 7})
    changes, told = parts(plan)
    assert (plan["verdict"], changes, "DeleteListener" in told) == ("REPORT_ONLY", [], True)
    (refusal,) = plan["items"][0]["plan"]["refusals"]
    assert refusal["reason"] == "Unreadable"
    assert refusal["message"].startswith("HTTPRoute apps/second cannot be read; until it can be read, nothing is taken")


def test_what_only_adds_to_a_service_is_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(monkeypatch, route(), {**route("second"), "spec": 7}, extra=False)
    changes, told = parts(plan)
    assert (plan["verdict"], "CreateListener" in changes, told) == ("APPLY", True, [])


def test_an_unreadable_route_of_another_namespace_stands_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"metadata": {"name": "second", "namespace": "shop"}, "spec": 7}
    changes, told = parts(planned(monkeypatch, route(), bad))
    assert ("DeleteListener" in changes, told) == (True, [])


@pytest.mark.parametrize(("mode", "left"), [("plan", ["store.example.org"]), (None, [])])
def test_the_name_of_a_held_service_is_held_with_it(
    monkeypatch: pytest.MonkeyPatch, mode: str | None, left: list[str]
) -> None:
    seen = planned(monkeypatch, route(mode=mode))["names"]
    assert list(seen.left) == left
