"""What a plan believes: which services are read in full although something is known of them."""

from dataclasses import replace
from typing import Any

import pytest
from run_tools import CLUSTER, MemoryDocuments, toolbox

from trellis.fleet.fingerprints import Memory
from trellis.model import ClusterState, Mode, Service
from trellis.resources.read_memory import NoMemory
from trellis.runs.reading import holders_named
from trellis.runs.remembering import distrusted, remembering
from trellis.runs.request import Lane, Run
from trellis.runs.views import View

STORE, CART = Service("k8s-store", "store.example.org"), Service("k8s-cart", "cart.example.org")
WORKED_ON = [
    ("apply_service", "k8s-cart"),
    ("attach_auth_policy", "service/k8s-desk"),
    ("attach_auth_policy", "network/net"),
    ("sync_dns", "blue"),
]
PLAN = {"items": [{"kind": kind, "name": name} for kind, name in WORKED_ON]}


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
    assert full(run("schedule", verifies="plan")) == {"k8s-cart", "k8s-desk", "network/net"}


class Remembered:
    """Fingerprints that note what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of(self, cluster: str, *, distrusted: Any) -> Memory:
        self.asked.append("of")
        return Memory({}, set(), set(), 0.0, 10.0)

    def keep(self, cluster: str, memory: Memory, *, covers: Any) -> None:
        self.asked.append("keep")

    def forget(self, cluster: str) -> None:
        self.asked.append("forget")


@pytest.mark.parametrize(
    ("state", "asked", "memory"),
    [(ClusterState.ACTIVE, ["of", "keep"], Memory), (ClusterState.LEAVING, ["forget"], NoMemory)],
)
def test_a_cluster_that_leaves_is_read_in_full_and_forgotten(
    state: ClusterState, asked: list[str], memory: type
) -> None:
    tools: Any = toolbox()
    tools.fingerprints = Remembered()
    with remembering(tools, run("schedule"), replace(CLUSTER, state=state), (), View()) as found:
        assert isinstance(found, memory)
    assert tools.fingerprints.asked == asked


def test_what_a_run_that_failed_has_read_is_not_kept() -> None:
    tools: Any = toolbox()
    tools.fingerprints = Remembered()
    with pytest.raises(ConnectionError), remembering(tools, run("schedule"), CLUSTER, (), View()):
        raise ConnectionError
    assert tools.fingerprints.asked == ["of"]


def test_the_holders_whose_auth_events_have_named_are_read_in_full() -> None:
    named = run("event").model_copy(update={"named": ("service/k8s-cart", "network/net")})
    assert full(named) == {"k8s-cart", "network/net"}
    assert full(run("event").model_copy(update={"named": None})) is None


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ({"attach_auth_policy/service/store", "attach_auth_policy/network/net", "apply_service/cart"}, 2),
        ({f"attach_auth_policy/service/s{number}" for number in range(201)}, None),
        ({"apply_service/cart"}, 0),
        (set(), None),
    ],
)
def test_the_input_of_a_run_has_what_events_have_named(items: set[str], named: int | None) -> None:
    found = holders_named(items)
    assert (len(found) if found is not None else None) == named
    assert set(found or ()) <= {item.partition("/")[2] for item in items}
