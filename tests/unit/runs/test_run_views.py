"""Which services a plan looks at, and what it says of the others."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from run_tools import CLUSTER, MemoryDocuments, MemoryRegistry, toolbox

from trellis.model import ClusterState, Desired, Mode, Service
from trellis.runs.request import Run
from trellis.runs.views import View, services_meant, view_of

STORE, CART, DESK = (Service(f"k8s-{name}", f"{name}.example.org") for name in ("store", "cart", "desk"))
GOOD, BAD = {"status": "PROGRAMMED", "domain": "x"}, {"status": "REFUSED", "domain": ""}


def plan(*items: tuple[str, str], **services: Any) -> dict[str, Any]:
    return {
        "desired": asdict(Desired(services=(STORE, CART, DESK))),
        "services": {f"k8s-{name}": known for name, known in services.items()},
        "items": [{"kind": kind, "name": name} for kind, name in items],
        "policies": {"service/k8s-store": GOOD, "service/k8s-old": BAD},
        "certificates": [{"service": "k8s-store", "arn": "a"}, {"service": "k8s-cart", "arn": ""}],
        "health": {"group": {"HEALTHY": 1}},
    }


def run(scope: str = "cluster", verifies: str | None = None) -> Run:
    members: dict[str, Any] = {"cluster": "blue", "mode": Mode.REMEDIATE, "run": "r", "snapshotKey": None}
    return Run(lane="event", scope=scope, verifies=verifies, **members)


def view(asked: Run, stored: dict[str, Any], *, converged: str = "", desired: tuple[Service, ...] = ()) -> View:
    registry = MemoryRegistry(CLUSTER)
    registry.set_converged("blue", converged)
    tools = toolbox(documents=MemoryDocuments({"plan": stored}))
    vars(tools)["registry"] = registry
    return view_of(tools, asked, CLUSTER, desired or (STORE, CART, DESK))


def test_a_plan_for_the_cluster_looks_at_everything_and_carries_nothing() -> None:
    found = view(run(), plan(store=GOOD), converged="plan")
    assert found.covers("whatever")
    assert found.covers_holder("service/whatever")
    assert (found.carried_services(["k8s-store"]), found.carried_health()) == ({}, {})
    assert (found.carried_policies(["service/k8s-store"]), found.carried_certificates()) == ({}, {})


@pytest.mark.parametrize("scope", ["cluster", "service/k8s-store", "vpc"])
def test_a_cluster_that_leaves_is_looked_at_as_a_whole(scope: str) -> None:
    asked, leaving = run(scope, verifies="plan"), replace(CLUSTER, state=ClusterState.LEAVING)
    assert view_of(toolbox(), asked, leaving, ()) == View()


def test_a_plan_for_a_service_looks_at_it_by_name_or_hostname() -> None:
    for scope in ("service/k8s-store", "service/store.example.org"):
        found = view(run(scope), plan(store=BAD, cart=GOOD), converged="plan")
        assert found.names == {"k8s-store"}
        assert found.carried_services(["k8s-store", "k8s-cart", "k8s-new"]) == {"k8s-cart": GOOD}
    assert services_meant(run("service/k8s-old"), (STORE,)) == {"k8s-old"}


def test_what_is_gone_of_the_services_that_are_looked_at_is_known_to_be_gone() -> None:
    assert View().items == frozenset()
    assert View(frozenset({"k8s-old"})).items == {"apply_service/k8s-old", "attach_auth_policy/service/k8s-old"}


def test_a_plan_for_the_vpc_looks_at_no_service() -> None:
    found = view(run("vpc"), plan(store=GOOD), converged="plan")
    assert found.names == frozenset()
    assert not found.covers_holder("service/k8s-store")
    assert found.covers_holder("network/net")
    assert found.carried_services(["k8s-store"]) == {"k8s-store": GOOD}
    assert found.carried_policies(["service/k8s-store"]) == {"service/k8s-store": GOOD}
    assert found.carried_certificates() == {"k8s-store": "a"}
    assert found.carried_health() == {"group": {"HEALTHY": 1}}


@pytest.mark.parametrize("converged", ["", "plans/expired.json"])
def test_where_no_older_plan_is_known_the_others_are_not_known(converged: str) -> None:
    found = view(run("service/k8s-store"), plan(cart=GOOD), converged=converged)
    assert found.names == {"k8s-store"}
    assert found.carried_services(["k8s-cart"]) == {}


def test_verifying_looks_at_what_was_not_as_it_should_be() -> None:
    stored = plan(
        ("apply_service", "k8s-old"),
        ("attach_auth_policy", "service/k8s-desk"),
        ("attach_auth_policy", "network/net"),
        ("sync_dns", "blue"),
        store=BAD,
        cart=GOOD,
        desk=GOOD,
    )
    found = view(run(verifies="plan"), stored)
    assert found.names == {"k8s-old", "k8s-desk", "k8s-store"}
    assert found.carried_services(["k8s-store", "k8s-cart", "k8s-desk"]) == {"k8s-cart": GOOD}


def test_verifying_looks_at_what_is_wanted_otherwise_by_now() -> None:
    desired = (STORE, replace(CART, certificate_arn="arn:of:a:new:one"), replace(DESK, name="k8s-new"))
    stored = plan(store=GOOD, cart=GOOD, desk=GOOD)
    assert view(run(verifies="plan"), stored, desired=desired).names == {"k8s-cart", "k8s-new", "k8s-old"}


def test_verifying_a_plan_for_a_service_keeps_to_the_service() -> None:
    stored = plan(("apply_service", "k8s-store"), store=BAD, cart=BAD)
    found = view(run("service/k8s-store", verifies="plan"), stored)
    assert found.names == {"k8s-store"}
    assert found.carried_services(["k8s-cart"]) == {"k8s-cart": BAD}
