"""Canaries whose execution is gone are taken over, once, and by an execution that rolls back."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from canary_leases import lease
from run_tools import CLUSTER, MemoryDocuments, MemoryRegistry

from trellis.canary.request import parse_request
from trellis.canary.state import Lease, Phase
from trellis.config import Settings
from trellis.errors import InvalidEventError, LeaseLostError
from trellis.runs.canary_reaping import SWEEP, reap
from trellis.runs.toolbox import Toolbox

MACHINE = "arn:aws:states:us-west-2:111122223333:stateMachine:shift-canary"
EXECUTION = MACHINE.replace("stateMachine", "execution") + ":orders-1"
NOW = 10_000.0


class NotThereError(Exception):
    pass


class StepFunctions:
    exceptions = SimpleNamespace(ExecutionDoesNotExist=NotThereError)

    def __init__(self, **statuses: str) -> None:
        self.statuses = {f"{EXECUTION.rpartition(':')[0]}:{name}": status for name, status in statuses.items()}
        self.started: list[dict[str, Any]] = []

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803
        if executionArn not in self.statuses:
            raise NotThereError
        return {"status": self.statuses[executionArn]}

    def start_execution(self, **request: Any) -> None:
        self.started.append({**request, "input": json.loads(request["input"])})


class Leases:
    """Leases in memory; only the newest epoch may write."""

    def __init__(self, *leases: Lease) -> None:
        self.kept = {str(lease.key): lease for lease in leases}

    def all(self) -> tuple[Lease, ...]:
        return tuple(lease for lease in self.kept.values() if lease.phase is not Phase.RELEASED)

    def take_over(self, lease: Lease, *, execution: str, reason: str) -> Lease:
        if self.kept[str(lease.key)] != lease:
            raise LeaseLostError
        progress = replace(lease.progress, reason=lease.progress.reason or reason)
        taken = replace(lease, execution=execution, epoch=lease.epoch + 1, phase=Phase.ROLLING_BACK, progress=progress)
        self.kept[str(lease.key)] = taken
        return taken

    def hold(self, lease: Lease, reason: str) -> None:
        self.kept[str(lease.key)] = replace(lease, progress=replace(lease.progress, held=True, reason=reason))

    def release(self, lease: Lease) -> None:
        self.kept[str(lease.key)] = replace(lease, phase=Phase.RELEASED)


class World:
    def __init__(self, *, on_stop: str = "rollback", phase: Phase = Phase.BAKING, **statuses: str) -> None:
        asked = {"namespace": "shop", "name": "orders"}, {"name": "orders-v1"}, {"name": "orders-v2"}
        safety = {"onStop": on_stop}
        document = dict(zip(("route", "baseline", "canary"), asked, strict=True), cluster="blue", safety=safety)
        documents = MemoryDocuments()
        key = documents.put("canaries", "blue", {"request": parse_request(document).document()})
        self.states = StepFunctions(**statuses)
        self.told: list[str] = []
        times = {"started_at": NOW - 600, "deadline_at": NOW + 600, "heartbeat_at": NOW - 30}
        self.leases = Leases(lease(request=key, execution=EXECUTION, epoch=4, phase=phase, **times))
        clients = SimpleNamespace(
            stepfunctions=self.states,
            events=SimpleNamespace(put_events=self._put_events),
            cloudwatch=SimpleNamespace(put_metric_data=lambda **_: None),
        )
        self.tools = cast(
            Toolbox,
            SimpleNamespace(
                clients=clients,
                canaries=self.leases,
                documents=documents,
                registry=MemoryRegistry(CLUSTER),
                now=lambda: NOW,
                settings=Settings(table="fleet", bucket="documents", canary_machine=MACHINE),
            ),
        )

    @property
    def lease(self) -> Lease:
        (found,) = self.leases.kept.values()
        return found

    def end(self, status: str = "ABORTED", execution: str = EXECUTION) -> dict[str, Any]:
        return reap(self.tools, {"detail": {"executionArn": execution, "status": status}})

    def sweep(self) -> list[dict[str, Any]]:
        swept: list[dict[str, Any]] = reap(self.tools, SWEEP)["swept"]
        return swept

    def _put_events(self, Entries: list[dict[str, str]]) -> dict[str, int]:  # noqa: N803
        self.told += [entry["DetailType"] for entry in Entries]
        return {"FailedEntryCount": 0}


def test_an_event_about_its_end_starts_an_execution_that_rolls_back_in_the_next_epoch() -> None:
    world = World()
    world.end()
    (started,) = world.states.started
    assert started["input"]["recover"] | {"epoch": 5, "execution": world.lease.execution} == started["input"]["recover"]
    assert world.lease.execution.endswith(f":{started['name']}")
    assert world.lease.progress.reason.startswith("STOPPED")
    assert world.told == ["Canary.LeaseReaped"]


def test_the_same_event_twice_starts_nothing_more() -> None:
    world = World()
    world.end()
    assert world.end() == {"swept": []}
    assert len(world.states.started) == 1


@pytest.mark.parametrize("phase", [Phase.RELEASED, Phase.PROMOTED_PENDING_GIT, Phase.ROLLBACK_FAILED])
def test_the_end_of_a_canary_that_has_come_to_its_end_starts_nothing(phase: Phase) -> None:
    world = World(phase=phase)
    assert world.end("FAILED") == {"swept": []}


def test_the_end_of_another_execution_starts_nothing() -> None:
    assert World().end(execution=f"{EXECUTION}-x") == {"swept": []}


def test_the_sweep_finds_what_no_event_told_of() -> None:
    for statuses in ({"orders-1": "ABORTED"}, {}):
        world = World(**statuses)
        assert [line["did"] for line in world.sweep()] == ["recovered"]


def test_the_sweep_leaves_alone_what_runs() -> None:
    world = World(**{"orders-1": "RUNNING"})
    assert world.sweep() == []
    assert world.lease.execution == EXECUTION


def test_a_running_execution_that_says_nothing_is_told_of_and_then_taken_over() -> None:
    world = World(**{"orders-1": "RUNNING"})
    silent = {"late": 400.0, "dead": 4000.0}
    did = []
    for seconds in silent.values():
        found = world.lease
        heartbeat = replace(found.progress, heartbeat_at=NOW - seconds)
        world.leases.kept[str(found.key)] = replace(found, progress=heartbeat)
        did += [line["did"] for line in world.sweep()]
    assert did == ["told", "recovered"]


def test_the_sweep_tries_a_failed_rollback_again() -> None:
    world = World(phase=Phase.ROLLBACK_FAILED)
    assert [line["did"] for line in world.sweep()] == ["recovered"]


def test_weights_that_are_to_be_held_are_held_and_told_of_once() -> None:
    world = World(on_stop="hold")
    world.end()
    assert world.lease.progress.held
    assert world.sweep() == []
    assert (world.states.started, world.told) == ([], ["Canary.Held"])


def test_a_canary_of_a_cluster_that_has_left_is_released() -> None:
    world = World()
    cast(Any, world.tools).registry = MemoryRegistry()
    world.sweep()
    assert world.lease.phase is Phase.RELEASED


@pytest.mark.parametrize("event", [{}, {"action": "other"}, {"detail": {}}, {"detail": None}])
def test_anything_else_is_no_event(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError):
        reap(World().tools, event)
