"""Another Gateway API controller is a client like any other: its conversation reaches its goal, then it rests.

The AWS Gateway API Controller itself is not run here; `gateway_api_controller` re-enacts what it asks and expects.
"""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from gateway_api_controller import Controller, NotYet, Route

PASSES = 30
ROUTE = Route(
    "datastore-apps",
    backends={"v1": ["10.1.0.10", "10.1.0.11"], "v2": ["10.1.0.20"]},
    rules=[("/popular", {"v1": 1}), ("/summary", {"v1": 90, "v2": 10})],
)


@pytest.fixture
def controller(client: Any, network_id: str, vpc_id: str) -> Controller:
    tagging = boto3.client("resourcegroupstaggingapi", "us-west-2")
    return Controller(client, tagging, vpc_id=vpc_id, network="platform")


@pytest.fixture
def until_done(stepped: Any) -> Callable[..., int]:
    """Call a step again every ten seconds, as the controller does; returns how often it had to wait."""

    def run(step: Callable[[Route], None], route: Route) -> int:
        for waited in range(PASSES):
            try:
                step(route)
            except NotYet:
                stepped.advance(10)
                continue
            return waited
        raise AssertionError("the controller still waits")

    return run


def writes_of(client: Any) -> list[str]:
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        if not model.name.startswith(("Get", "List")):
            calls.append(model.name)

    client.meta.events.register("before-call.vpc-lattice", note)
    return calls


def rules_of(client: Any) -> list[tuple[str, list[int]]]:
    service_id = client.list_services()["items"][0]["id"]
    listener_id = client.list_listeners(serviceIdentifier=service_id)["items"][0]["id"]
    parent = {"serviceIdentifier": service_id, "listenerIdentifier": listener_id}
    found = [client.get_rule(**parent, ruleIdentifier=item["id"]) for item in client.list_rules(**parent)["items"]]
    return [
        (
            rule["match"]["httpMatch"]["pathMatch"]["match"]["prefix"],
            [group["weight"] for group in rule["action"]["forward"]["targetGroups"]],
        )
        for rule in found
        if not rule["isDefault"]
    ]


def test_a_route_becomes_a_service_after_some_waiting(client, controller, until_done):
    assert until_done(controller.reconcile, ROUTE) > 0
    assert rules_of(client) == [("/popular", [1]), ("/summary", [90, 10])]


def test_the_next_pass_finds_everything_as_it_wants_it(client, controller, until_done):
    until_done(controller.reconcile, ROUTE)
    writes = writes_of(client)
    controller.reconcile(ROUTE)
    assert set(writes) == {"RegisterTargets"}  # which the controller calls in every pass


def test_rules_in_another_order_swap_their_priorities_in_one_batch(client, controller, until_done):
    until_done(controller.reconcile, ROUTE)
    writes = writes_of(client)
    until_done(controller.reconcile, Route(ROUTE.name, ROUTE.backends, list(reversed(ROUTE.rules))))
    assert writes.count("BatchUpdateRule") == 1
    assert rules_of(client) == [("/summary", [90, 10]), ("/popular", [1])]


def test_new_weights_are_an_update_in_place(client, controller, until_done):
    until_done(controller.reconcile, ROUTE)
    writes = writes_of(client)
    shifted = Route(ROUTE.name, ROUTE.backends, [ROUTE.rules[0], ("/summary", {"v1": 50, "v2": 50})])
    until_done(controller.reconcile, shifted)
    assert writes.count("UpdateRule") == 1
    assert rules_of(client)[1] == ("/summary", [50, 50])


def test_a_pod_that_leaves_is_deregistered(client, controller, until_done):
    until_done(controller.reconcile, ROUTE)
    fewer = Route(ROUTE.name, {**ROUTE.backends, "v1": ["10.1.0.10"]}, ROUTE.rules)
    until_done(controller.reconcile, fewer)
    group = next(item for item in client.list_target_groups()["items"] if "-v1-" in item["name"])
    statuses = {
        target["id"]: target["status"] for target in client.list_targets(targetGroupIdentifier=group["id"])["items"]
    }
    assert statuses["10.1.0.11"] == "DRAINING"
    assert statuses["10.1.0.10"] != "DRAINING"


def test_a_deleted_route_leaves_nothing(client, controller, until_done):
    until_done(controller.reconcile, ROUTE)
    until_done(controller.delete, ROUTE)
    until_done(lambda route: _gone(client), ROUTE)


def test_the_refusal_to_associate_a_new_service_says_that_it_is_being_created(client, network_id, make_service):
    service_id = make_service("datastore-apps", is_new=True)
    with pytest.raises(ClientError, match="CREATE_IN_PROGRESS") as raised:
        client.create_service_network_service_association(
            serviceIdentifier=service_id, serviceNetworkIdentifier=network_id
        )
    assert raised.value.response["Error"]["Code"] == "ConflictException"


def _gone(client: Any) -> None:
    if client.list_services()["items"] or client.list_target_groups()["items"]:
        raise NotYet
