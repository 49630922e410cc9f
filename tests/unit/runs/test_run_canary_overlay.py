"""A run and a canary meet at one service: the run plans with the canary's weights, or leaves the service alone."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from run_tools import CLUSTER, MemoryCanaries, MemoryDocuments, toolbox

from trellis.canary.overlay import mark
from trellis.canary.request_parts import Backend
from trellis.canary.rules import Pair
from trellis.canary.state import CanaryKey, Lease, Phase, Progress
from trellis.model import Mode
from trellis.resources import services
from trellis.runs.applying import apply_service
from trellis.runs.request import Batch, BatchRun
from trellis.runs.toolbox import Toolbox

SERVICE = "orders-1a2b3c4d"
RULE = "PathPrefix:/"


def lease(v1: int, v2: int, *, phase: Phase = Phase.BAKING) -> Lease:
    weights = {RULE: {"v1:80": v1, "v2:80": v2}}
    progress = Progress(
        canary="first",
        request="canaries/blue/1.json",
        route_uid="uid-1",
        pair=Pair("shop", Backend(name="v1"), Backend(name="v2")),
        started_at=0.0,
        deadline_at=9.0,
        baseline=weights,
        expected=weights,
        generation=1,
    )
    return Lease(CanaryKey(CLUSTER.name, "shop", "orders"), "arn:first", 1, 1, phase, (SERVICE,), progress)


def applied(planned: Lease | None, now: Lease | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """What becomes of a service that was planned beside one lease and is applied beside another."""
    documents = MemoryDocuments()
    plan: dict[str, Any] = {"desired": {"services": [], "names": []}, "items": []}
    if planned:
        plan["canaries"] = {SERVICE: mark(planned)}
    key = documents.put("plans", CLUSTER.name, plan)
    tools = toolbox(documents=documents, canaries=MemoryCanaries([now] if now else []))

    @contextmanager
    def held(*_: str) -> Any:
        yield 1

    cast(Any, tools).leases = SimpleNamespace(held=held)
    done = services.ServiceOutcome(SERVICE, services.ServiceStatus.PROGRAMMED)
    monkeypatch.setattr(services, "reconcile_services", lambda _, tasks, __: (done,) * len(tasks))
    batch = Batch(kind=services.KIND, phase="prune", names=(SERVICE,))
    run = BatchRun(
        cluster=CLUSTER.name,
        scope="cluster",
        mode=Mode.REMEDIATE,
        lane="schedule",
        run="run-1",
        snapshotKey="s",
        planKey=key,
        batch=batch,
    )
    key = apply_service(cast(Toolbox, tools), run)["outcomesKey"]
    return str(documents.get(key)["outcomes"][0]["status"])


def test_a_plan_that_knows_the_canarys_weights_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    assert applied(lease(50, 50), lease(50, 50, phase=Phase.PAUSED), monkeypatch) == "PROGRAMMED"
    assert applied(None, None, monkeypatch) == "PROGRAMMED"


@pytest.mark.parametrize(
    ("planned", "now"),
    [
        pytest.param(None, lease(50, 50), id="begun since"),
        pytest.param(lease(50, 50), lease(0, 100), id="shifted since"),
        pytest.param(lease(50, 50), None, id="ended since"),
    ],
)
def test_a_plan_that_is_older_than_the_canarys_last_write_changes_nothing(
    planned: Lease | None, now: Lease | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert applied(planned, now, monkeypatch) == "REFUSED"
