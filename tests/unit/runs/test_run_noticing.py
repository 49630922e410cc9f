"""Events about other people's calls start the runs of the clusters concerned, and only those."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import MemoryHints, MemoryInventory, toolbox

from trellis.fleet.requests import Requested
from trellis.model import NETWORKS_OF_OTHERS
from trellis.runs.noticing import notice
from trellis.runs.reading import narrowest_scope

EVENTS = Path(__file__).parents[3] / "events"


def sample(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return document


EVENT = sample("vpc-lattice/update_rule")
SERVICE = "svc-0e3c1a5b7d9f2e4a6"


class Checks:
    def __init__(self, answer: Requested) -> None:
        self.answer = answer
        self.asked: list[tuple[str, frozenset[str], str]] = []

    def request(self, cluster: str, items: frozenset[str], *, run: str) -> Requested:
        self.asked.append((cluster, items, run))
        return self.answer


class StepFunctions:
    class exceptions:  # noqa: N801 - as boto3 has it
        class ExecutionAlreadyExists(Exception):  # noqa: N818
            pass

    def __init__(self) -> None:
        self.started: dict[str, dict[str, Any]] = {}

    def start_execution(self, **request: str) -> dict[str, str]:
        if request["name"] in self.started:
            raise self.exceptions.ExecutionAlreadyExists
        self.started[request["name"]] = json.loads(request["input"])
        return {"executionArn": f"arn:{request['name']}"}


@pytest.fixture
def states() -> StepFunctions:
    return StepFunctions()


def noticed(
    states: StepFunctions,
    inventory: MemoryInventory,
    answer: Requested,
    hints: MemoryHints,
    event: dict[str, Any] = EVENT,
) -> dict[str, Any]:
    checks = Checks(answer)
    tools: Any = toolbox(
        inventory=inventory, hints=hints, clients=SimpleNamespace(stepfunctions=states), reconcile_machine="machine"
    )
    tools.checks = checks
    return notice(tools, event)


def test_a_touched_service_starts_a_run_of_its_cluster(states: StepFunctions) -> None:
    inventory, hints = MemoryInventory({"blue": {SERVICE: "apply_service/store"}}), MemoryHints()
    noticed(states, inventory, Requested(starts=True, delay=3), hints)
    assert list(states.started.values()) == [{"cluster": "blue", "lane": "event", "delaySeconds": 3}]
    assert [(hint.call, hint.items) for hint in hints.kept] == [
        ("vpc-lattice:UpdateRule", frozenset({"apply_service/store"}))
    ]


def test_an_event_that_joins_a_waiting_run_starts_none_but_is_kept(states: StepFunctions) -> None:
    inventory, hints = MemoryInventory({"blue": {SERVICE: "apply_service/store"}}), MemoryHints()
    noticed(states, inventory, Requested(starts=False), hints)
    assert (states.started, len(hints.kept)) == ({}, 1)


def test_what_nobody_owns_starts_nothing(states: StepFunctions) -> None:
    hints = MemoryHints()
    assert noticed(states, MemoryInventory(), Requested(starts=True), hints) == {"started": []}
    assert (states.started, hints.kept) == ({}, [])


def test_an_event_that_comes_twice_starts_one_run(states: StepFunctions) -> None:
    inventory = MemoryInventory({"blue": {SERVICE: "apply_service/store"}})
    noticed(states, inventory, Requested(starts=True), MemoryHints())
    assert noticed(states, inventory, Requested(starts=True), MemoryHints()) == {"started": []}
    assert len(states.started) == 1


def test_tags_that_name_another_owner_start_a_run_and_accuse_nobody(states: StepFunctions) -> None:
    inventory, hints = MemoryInventory({"blue": {SERVICE: "apply_service/store"}}), MemoryHints()
    noticed(states, inventory, Requested(starts=True), hints, sample("tag/owner_of_a_service"))
    assert [started["cluster"] for started in states.started.values()] == ["blue"]
    assert hints.kept == []


def test_tags_as_trellis_writes_them_start_nothing(states: StepFunctions) -> None:
    inventory = MemoryInventory({"blue": {SERVICE: "apply_service/store"}})
    event = sample("tag/owner_of_a_service")
    event["detail"]["tags"]["trellis:owner"] = "111122223333/blue"
    noticed(states, inventory, Requested(starts=True), MemoryHints(), event)
    assert states.started == {}


@pytest.mark.parametrize("name", ["ram/resource_sharing_state_change", "ram/delete_resource_share"])
def test_a_share_that_changes_concerns_the_clusters_in_networks_of_others(states: StepFunctions, name: str) -> None:
    inventory = MemoryInventory(
        {"blue": {NETWORKS_OF_OTHERS: "associate_vpc/blue"}, "green": {"sn-0123456789abcdef0": "associate_vpc/green"}}
    )
    noticed(states, inventory, Requested(starts=True), MemoryHints(), sample(name))
    assert [started["cluster"] for started in states.started.values()] == ["blue"]


def test_a_changed_record_starts_a_run_for_its_service_and_is_a_cause_of_names_only(states: StepFunctions) -> None:
    name = "name/datastore.lattice-test.io"
    inventory = MemoryInventory({"blue": {name: "apply_service/store sync_dns/blue"}, "green": {"name/x.io": "x/y"}})
    hints, checks = MemoryHints(), Checks(Requested(starts=True))
    clients = SimpleNamespace(stepfunctions=states)
    tools: Any = toolbox(inventory=inventory, hints=hints, clients=clients, reconcile_machine="machine", checks=checks)
    notice(tools, sample("route53/change_resource_record_sets"))
    ((cluster, items, _),) = checks.asked
    assert (cluster, narrowest_scope(items)) == ("blue", "service/store")
    assert [hint.items for hint in hints.kept] == [frozenset({"sync_dns/blue"})]


@pytest.mark.parametrize(
    ("items", "scope"),
    [
        ({"apply_service/store"}, "service/store"),
        ({"apply_service/store", "apply_service/shop", "sync_dns/blue"}, "service/shop,store"),
        ({f"apply_service/store-{number}" for number in range(21)}, "cluster"),
        ({"apply_service/store", "apply_service/shop", "associate_vpc/blue"}, "cluster"),
        ({"apply_service/store", "sync_dns/blue"}, "service/store"),
        ({"sync_dns/blue"}, "vpc"),
        ({"open_security_group/blue"}, "vpc"),
        ({"open_security_group/blue", "attach_auth_policy/network/net"}, "vpc"),
        ({"associate_vpc/blue"}, "cluster"),
        ({"open_security_group/blue", "apply_service/store"}, "cluster"),
        ({"attach_auth_policy/service/store", "apply_service/store"}, "service/store"),
        ({"attach_auth_policy/service/store", "apply_service/shop"}, "service/shop,store"),
        ({"provision_client_identity/blue"}, "cluster"),
        (set(), "cluster"),
    ],
)
def test_the_scope_is_the_narrowest_that_covers_the_events(items: set[str], scope: str) -> None:
    assert narrowest_scope(items) == scope
