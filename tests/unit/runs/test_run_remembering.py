"""What a plan believes: which services are read in full although something is known of them."""

from dataclasses import replace
from typing import Any

import pytest
from run_tools import CLUSTER, MemoryDocuments, toolbox

from trellis.fleet.fingerprints import Memory
from trellis.model import ClusterState, Mode, Service
from trellis.planning.service_state import ObservedServices
from trellis.resources.read_memory import NoMemory
from trellis.resources.service_observation import ServiceScope
from trellis.runs import remembering
from trellis.runs.remembering import distrusted, observe
from trellis.runs.request import Lane, Run

STORE, CART = Service("k8s-store", "store.example.org"), Service("k8s-cart", "cart.example.org")
PLAN = {"items": [{"kind": "apply_service", "name": "k8s-cart"}, {"kind": "sync_dns", "name": "blue"}]}


def run(lane: Lane, scope: str = "cluster", verifies: str | None = None) -> Run:
    members: dict[str, Any] = {"cluster": "blue", "mode": Mode.REMEDIATE, "run": "r", "snapshotKey": None}
    return Run(lane=lane, scope=scope, verifies=verifies, **members)


def full(asked: Run) -> Any:
    return distrusted(toolbox(documents=MemoryDocuments({"plan": PLAN})), asked, (STORE, CART))


@pytest.mark.parametrize("lane", ["manual", "onboard", "canary"])
def test_who_wants_to_know_for_sure_reads_everything(lane: Lane) -> None:
    assert full(run(lane)) is None
    assert full(run(lane, verifies="plan")) is None


@pytest.mark.parametrize("lane", ["schedule", "event"])
def test_the_schedule_and_events_believe_what_is_known(lane: Lane) -> None:
    assert full(run(lane)) == set()


@pytest.mark.parametrize("scope", ["service/k8s-store", "service/store.example.org"])
def test_a_service_that_an_event_names_is_read_in_full(scope: str) -> None:
    assert "k8s-store" in full(run("event", scope))
    assert "k8s-cart" not in full(run("event", scope))


def test_what_has_been_worked_on_is_verified_in_full() -> None:
    assert full(run("schedule", verifies="plan")) == {"k8s-cart"}


class Remembered:
    """Fingerprints that note what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of(self, cluster: str, *, distrusted: Any) -> Memory:
        self.asked.append("of")
        return Memory({}, set(), set(), 0.0, 10.0)

    def keep(self, cluster: str, memory: Memory) -> None:
        self.asked.append("keep")

    def forget(self, cluster: str) -> None:
        self.asked.append("forget")


@pytest.mark.parametrize(
    ("state", "asked", "memory"),
    [(ClusterState.ACTIVE, ["of", "keep"], Memory), (ClusterState.LEAVING, ["forget"], NoMemory)],
)
def test_a_cluster_that_leaves_is_read_in_full_and_forgotten(
    monkeypatch: pytest.MonkeyPatch, state: ClusterState, asked: list[str], memory: type
) -> None:
    used: list[Any] = []

    def observed(clients: Any, scope: Any, reading: Any) -> ObservedServices:
        used.append(reading.memory)
        return ObservedServices(scope.owner)

    monkeypatch.setattr(remembering, "observe_services", observed)
    tools: Any = toolbox()
    tools.fingerprints = Remembered()
    observe(tools, run("schedule"), replace(CLUSTER, state=state), ServiceScope("owner"))
    assert tools.fingerprints.asked == asked
    assert isinstance(used[0], memory)
