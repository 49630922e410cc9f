"""The inventory: whose resource is it, also when it is gone."""

from typing import Any

import pytest
from fleet_clock import Clock

from trellis.fleet.inventory import Inventory

SERVICE, GROUP, VPC = "svc-0e3c1a5b7d9f2e4a6", "tg-01234567890abcdef", "vpc-0123456789abcdef0"
DAY = 24 * 3600


@pytest.fixture
def inventory(dynamodb: Any, clock: Clock) -> Inventory:
    return Inventory(dynamodb, "fleet", clock=clock)


def test_a_resource_leads_to_its_cluster_and_work_item(inventory: Inventory) -> None:
    inventory.note("blue", {SERVICE: "apply_service/store", GROUP: "apply_service/store"})
    assert inventory.owners([GROUP]) == {"blue": {"apply_service/store"}}


def test_a_resource_that_several_work_items_share_leads_to_all_of_them(inventory: Inventory) -> None:
    inventory.note("blue", {"tls:*.example.com": "apply_service/shop apply_service/store"})
    assert inventory.owners(["tls:*.example.com"]) == {"blue": {"apply_service/store", "apply_service/shop"}}


def test_a_resource_of_nobody_leads_nowhere(inventory: Inventory) -> None:
    inventory.note("blue", {SERVICE: "apply_service/store"})
    assert inventory.owners([GROUP, "sg-12345678"]) == {}


def test_what_a_cluster_has_is_known_until_it_has_disappeared(inventory: Inventory) -> None:
    inventory.note("blue", {SERVICE: "apply_service/store", GROUP: "apply_service/store"})
    assert set(inventory.of("blue")) == {SERVICE, GROUP}
    inventory.note("blue", {GROUP: "apply_service/store"})
    assert (set(inventory.of("blue")), set(inventory.of("green"))) == ({GROUP}, set())


def test_what_clusters_share_leads_to_all_of_them(inventory: Inventory) -> None:
    inventory.note("blue", {VPC: "associate_vpc/blue"})
    inventory.note("green", {VPC: "associate_vpc/green"})
    assert inventory.owners([VPC]) == {"blue": {"associate_vpc/blue"}, "green": {"associate_vpc/green"}}


def test_what_has_disappeared_is_remembered_for_a_day(inventory: Inventory, clock: Clock) -> None:
    inventory.note("blue", {SERVICE: "apply_service/store"})
    inventory.note("blue", {})
    assert inventory.owners([SERVICE]) == {"blue": {"apply_service/store"}}
    clock.now += DAY
    assert inventory.owners([SERVICE]) == {}


def test_who_looks_at_one_item_changes_nothing_of_the_others(inventory: Inventory) -> None:
    inventory.note("blue", {SERVICE: "apply_service/store", VPC: "associate_vpc/blue"})
    inventory.note("blue", {GROUP: "apply_service/store"}, looked_at={"apply_service/store"})
    assert inventory.owners([VPC]) == {"blue": {"associate_vpc/blue"}}
    inventory.note("blue", {GROUP: "apply_service/store", VPC: "associate_vpc/blue"})
    assert inventory.owners([GROUP, VPC]) == {"blue": {"apply_service/store", "associate_vpc/blue"}}


def test_what_comes_back_is_remembered_for_good(inventory: Inventory, clock: Clock) -> None:
    for owned in ({SERVICE: "apply_service/store"}, {}, {SERVICE: "apply_service/store"}):
        inventory.note("blue", owned)
    clock.now += 2 * DAY
    assert inventory.owners([SERVICE]) == {"blue": {"apply_service/store"}}


def test_noting_the_same_again_writes_nothing(inventory: Inventory, dynamodb: Any) -> None:
    inventory.note("blue", {SERVICE: "apply_service/store"})
    writes: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb.PutItem", lambda **_: writes.append("PutItem"))
    inventory.note("blue", {SERVICE: "apply_service/store"})
    assert writes == []


def test_what_several_items_share_is_looked_at_when_all_of_them_are(inventory: Inventory) -> None:
    shared = "apply_service/shop apply_service/store"
    inventory.note("blue", {"old": shared, SERVICE: "apply_service/store"})
    inventory.note("blue", {"new": shared}, looked_at={"apply_service/store"})
    assert set(inventory.of("blue")) == {"old", "new"}
    inventory.note("blue", {"new": shared}, looked_at={"apply_service/store", "apply_service/shop"})
    assert set(inventory.of("blue")) == {"new"}
