"""A run and a canary meet at one service: the run plans with the canary's weights, or leaves the service alone."""

import pytest
from canary_leases import SERVICE, lease
from run_tools import CLUSTER, MemoryCanaries, MemoryDocuments, batch_run, toolbox

from trellis.canary.overlay import marks
from trellis.canary.state import Lease, Phase
from trellis.resources import services
from trellis.runs.applying import apply_service


def applied(read: Lease | None, now: Lease | None, monkeypatch: pytest.MonkeyPatch) -> str:
    """What becomes of a service whose cluster was read beside one lease, and that is applied beside another."""
    documents = MemoryDocuments()
    plan = {"desired": {"services": [], "names": []}, "items": [], "canaries": marks([read] if read else [])}
    key = documents.put("plans", CLUSTER.name, plan)
    tools = toolbox(documents=documents, canaries=MemoryCanaries([now] if now else []))
    done = services.ServiceOutcome(SERVICE, services.ServiceStatus.PROGRAMMED)
    monkeypatch.setattr(services, "reconcile_services", lambda _, tasks, __: (done,) * len(tasks))
    key = apply_service(tools, batch_run(key, SERVICE, phase="prune"))["outcomesKey"]
    return str(documents.get(key)["outcomes"][0]["status"])


def test_a_run_that_knows_the_canarys_weights_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    assert applied(lease(50, 50), lease(50, 50, phase=Phase.PAUSED, revision=7), monkeypatch) == "PROGRAMMED"
    assert applied(None, None, monkeypatch) == "PROGRAMMED"


@pytest.mark.parametrize(
    ("read", "now"),
    [
        pytest.param(None, lease(50, 50), id="begun since"),
        pytest.param(lease(50, 50), lease(0, 100), id="shifted since"),
        pytest.param(lease(50, 50), lease(50, 50, phase=Phase.RELEASED), id="ended since"),
        pytest.param(None, lease(50, 50, phase=Phase.RELEASED), id="begun and ended since"),
        pytest.param(lease(phase=Phase.RELEASED), lease(phase=Phase.RELEASED, epoch=3), id="another one since"),
    ],
)
def test_a_run_that_has_read_before_the_canarys_last_write_changes_nothing(
    read: Lease | None, now: Lease | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert applied(read, now, monkeypatch) == "REFUSED"


def test_a_canary_keeps_a_run_from_its_own_service_only(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = MemoryDocuments()
    plan = {"desired": {"services": [], "names": []}, "items": [], "canaries": {}}
    tools = toolbox(documents=documents, canaries=MemoryCanaries([lease()]))
    asked: list[str] = []
    monkeypatch.setattr(
        services, "reconcile_services", lambda _, tasks, __: asked.extend(task.name for task in tasks) or ()
    )
    key = documents.put("plans", CLUSTER.name, plan)
    noted = documents.get(apply_service(tools, batch_run(key, SERVICE, "other", phase="prune"))["outcomesKey"])
    assert asked == ["other"]
    assert [refusal["reason"] for outcome in noted["outcomes"] for refusal in outcome["refusals"]] == ["CanaryShifted"]
