"""A rule that somebody keeps changing back is told as contested, with who does it; a held one is not even repaired."""

from collections.abc import Iterator
from typing import Any

import pytest
from manifests import apply, backend, delete, gateway, namespace, route
from observing import CLUSTER_B, conditions, execute, report_of

from trellis_local.walkthrough import Walkthrough, World

PLACE = "quarrel"
HOSTNAME = "quarrel.lattice-test.io"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{PLACE}/httproutes/quarrel"
ADMIN = "arn:aws:iam::111122223333:user/admin"
SPOILED = {"fixedResponse": {"statusCode": 404}}
SECONDS = 40  # real ones


class Quarrel:
    """The only rule of a service, in the hands of two who want it otherwise."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._lattice = world.aws("vpc-lattice")
        services = self._lattice.list_services()["items"]
        service = next(item["id"] for item in services if item.get("customDomainName") == HOSTNAME)
        listener = self._lattice.list_listeners(serviceIdentifier=service)["items"][0]["id"]
        where = {"serviceIdentifier": service, "listenerIdentifier": listener}
        rule = next(item["id"] for item in self._lattice.list_rules(**where)["items"] if not item["isDefault"])
        self._rule = {**where, "ruleIdentifier": rule}
        self.wanted = self.action()

    def action(self) -> dict[str, Any]:
        found: dict[str, Any] = self._lattice.get_rule(**self._rule)["action"]
        return found

    def change(self, action: dict[str, Any]) -> None:
        self._lattice.update_rule(**self._rule, action=action)

    def settle(self) -> None:
        """Wait until no run is under way."""
        states, arn = self.world.aws("stepfunctions"), self.world.status()["stateMachines"]["reconcile-cluster"]

        def idle() -> bool:
            return not states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]

        self.world.wait("the end of all runs", idle, seconds=SECONDS)

    def lose(self) -> None:
        """Change the rule and wait until it is put back."""
        self.change(SPOILED)
        self.world.wait("the rule as it was", lambda: self.action() == self.wanted, seconds=SECONDS)
        self.settle()


@pytest.fixture
def quarrel(world: World, onboarded: Walkthrough) -> Iterator[Quarrel]:
    api = world.kubernetes(CLUSTER_B)
    documents = [namespace(PLACE), gateway(PLACE), *backend(PLACE), route(f"{PLACE}/quarrel", hostname=HOSTNAME)]
    apply(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    yield Quarrel(world)
    delete(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})


def test_the_fifth_change_within_an_hour_stays_and_is_told_with_who_made_it(quarrel: Quarrel) -> None:
    for _ in range(4):
        quarrel.lose()
    quarrel.change(SPOILED)
    quarrel.settle()
    execution = execute(quarrel.world, "reconcile-cluster", {"cluster": CLUSTER_B})
    quarrel.settle()
    assert quarrel.action() == SPOILED
    report = report_of(quarrel.world, execution, CLUSTER_B)
    (line,) = (found for found in report["refused"] if found["reason"] == "Contested")
    assert report["status"] == "REPORT_ONLY"
    assert f"{ADMIN} (vpc-lattice:UpdateRule at " in line["message"]
    assert conditions(quarrel.world, CLUSTER_B, "HTTPRoute", f"{PLACE}/quarrel")["Programmed"]["reason"] == "Contested"
    quarrel.change(quarrel.wanted)
    quarrel.settle()
    assert quarrel.world.run("reconcile-cluster", {"cluster": CLUSTER_B})["status"] == "CONVERGED"


def test_a_route_in_mode_plan_is_told_of_and_stays_until_the_annotation_goes(quarrel: Quarrel) -> None:
    api = quarrel.world.kubernetes(CLUSTER_B)
    api.merge(ROUTE, {"metadata": {"annotations": {"trellis.dev/mode": "plan"}}})
    quarrel.change(SPOILED)
    quarrel.settle()
    report = report_of(quarrel.world, execute(quarrel.world, "reconcile-cluster", {"cluster": CLUSTER_B}), CLUSTER_B)
    assert quarrel.action() == SPOILED
    (change,) = report["planned"]
    assert (change["action"], change["because"]) == ("reported", f"mode plan of HTTPRoute {PLACE}/quarrel")
    assert ADMIN in {cause["actor"] for cause in change["causes"]}
    api.merge(ROUTE, {"metadata": {"annotations": {"trellis.dev/mode": None}}})
    assert quarrel.world.run("reconcile-cluster", {"cluster": CLUSTER_B})["status"] == "APPLIED"
    assert quarrel.action() == quarrel.wanted
