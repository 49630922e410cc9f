"""A canary on the stack: promoted under real requests, refused, rolled back, stopped in the middle."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from manifests import apply, backend, delete, gateway, namespace, route, rule
from observing import CLUSTER_B

from trellis_local.walkthrough import Walkthrough, World

PLACE = "canaries"
HOSTNAME = "canary.lattice-test.io"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{PLACE}/httproutes/orders"
SECONDS = 120  # real ones


def backends(v1: int, v2: int) -> list[dict[str, Any]]:
    return [{"name": "orders-v1", "port": 80, "weight": v1}, {"name": "orders-v2", "port": 80, "weight": v2}]


ASKED: dict[str, Any] = {
    "cluster": CLUSTER_B,
    "route": {"namespace": PLACE, "name": "orders"},
    "baseline": {"name": "orders-v1"},
    "canary": {"name": "orders-v2"},
    "strategy": {"steps": [{"percent": 50}, {"percent": 100}], "bakeSeconds": 360, "finalBakeSeconds": 360},
    "analysis": {"minRequests": 20},
}


class Shop:
    """A route with two versions, its clients, and its canaries."""

    def __init__(self, world: World, vpc_id: str) -> None:
        self.world = world
        self._states = world.aws("stepfunctions")
        self._machine = world.status()["stateMachines"]["shift-canary"]
        self._vpc_id = vpc_id

    def start(self, **changes: Any) -> str:
        answer = self._states.start_execution(stateMachineArn=self._machine, input=json.dumps({**ASKED, **changes}))
        return str(answer["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            described: dict[str, Any] = self._states.describe_execution(executionArn=execution)
            return None if described["status"] == "RUNNING" else described

        described: dict[str, Any] = self.world.wait(f"the end of {execution}", found, seconds=SECONDS)
        return described

    def weights(self) -> list[int]:
        found = self.world.kubernetes(CLUSTER_B).get(ROUTE) or {}
        return [ref["weight"] for ref in found["spec"]["rules"][0]["backendRefs"]]

    def ask(self) -> str:
        answer = self.world.get(self._vpc_id, f"http://{HOSTNAME}/orders")
        return str(answer.document.get("service", answer.status))


@pytest.fixture
def shop(world: World, onboarded: Walkthrough) -> Iterator[Shop]:
    api = world.kubernetes(CLUSTER_B)
    orders = route(f"{PLACE}/orders", rule(*backends(100, 0)), hostname=HOSTNAME)
    documents = [namespace(PLACE), gateway(PLACE), *backend(PLACE, "orders-v1"), *backend(PLACE, "orders-v2"), orders]
    apply(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    yield Shop(world, onboarded.vpcs["a"])
    delete(api, *documents)
    world.run("reconcile-cluster", {"cluster": CLUSTER_B})


@pytest.fixture
def traffic(shop: Shop) -> Iterator[Counter[str]]:
    """Requests all the time, counted by the version that answered."""
    answers: Counter[str] = Counter()
    stopped = threading.Event()

    def client() -> None:
        while not stopped.wait(0.02):
            answers[shop.ask()] += 1

    thread = threading.Thread(target=client)
    thread.start()
    yield answers
    stopped.set()
    thread.join()


def test_a_canary_is_promoted_under_real_requests(shop: Shop, traffic: Counter[str]) -> None:
    ended = shop.ended(shop.start())
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert shop.weights() == [0, 100]
