"""A drifted run is told of by one event, one message and metrics; the next runs compare with the last converged one."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import CLUSTER, MemoryDocuments, MemoryHints, noted, toolbox

from trellis.errors import ServiceUnavailableError
from trellis.fleet.hints import Hint
from trellis.runs.fleet_page import CheckResults, ClusterOutcome, publish_fleet_page
from trellis.runs.reporting import Failure, Results, publish
from trellis.runs.toolbox import Toolbox

BASIS = {"network": "net", "vpc": "vpc-1", "state": "ACTIVE"}
LOST = {
    "kind": "AssociateVpc",
    "resource": "VPC vpc-1 in net",
    "expected": "net",
    "found": None,
    "deletes": False,
}
ITEM = {"kind": "associate_vpc", "name": "blue", "phase": "apply", "plan": {"changes": [LOST], "refusals": []}}
CONVERGED = {"verdict": "CONVERGED", "guard": "", "basis": BASIS, "items": [], "refused": []}
PLANS = {"converged": CONVERGED, "lost": {**CONVERGED, "verdict": "APPLY", "items": [ITEM]}}
ENDED = "2026-11-02T09:15:09.250000+00:00"


@dataclass
class Clients:
    """What is said to AWS, by service."""

    said: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"events": [], "sns": [], "cloudwatch": []})
    failed: int = 0

    @property
    def events(self) -> Any:
        def put_events(**request: Any) -> dict[str, Any]:
            self.said["events"].append(request)
            return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "InternalException"}]}

        return SimpleNamespace(put_events=put_events)

    @property
    def sns(self) -> Any:
        return SimpleNamespace(publish=lambda **request: self.said["sns"].append(request))

    @property
    def cloudwatch(self) -> Any:
        return SimpleNamespace(put_metric_data=lambda **request: self.said["cloudwatch"].append(request))

    @property
    def times(self) -> list[int]:
        """How often each service was spoken to."""
        return [len(said) for said in self.said.values()]


def world(*, topic: str = "arn:topic", clients: Clients | None = None) -> Toolbox:
    """A cluster whose last run has converged."""
    documents = MemoryDocuments(dict(PLANS))
    tools = toolbox(CLUSTER, documents, clients=clients or Clients(), drift_topic=topic)
    tools.registry.set_converged("blue", "converged")
    return tools


def run(tools: Toolbox, plan: str = "lost", **more: Any) -> dict[str, Any]:
    """The end of a run."""
    given = {"cluster": "blue", "run": "r-1", "mode": "remediate", "planKey": plan, "verifiedKey": "converged"}
    return publish(tools, Results.model_validate({**given, "ended": ENDED, **more}))


def test_a_drifted_run_says_so_once_to_each() -> None:
    clients = Clients()
    tools = world(clients=clients)
    outline = run(tools)
    assert (outline["drifts"], clients.times) == (1, [1, 1, 1])
    (page_key,) = tools.documents.pages  # type: ignore[attr-defined]
    assert page_key == outline["report"].replace(".json", ".html")


def test_a_converged_run_says_nothing_and_writes_nothing() -> None:
    clients = Clients()
    tools = world(clients=clients)
    outline = run(tools, "converged")
    assert (outline["report"], outline["drifts"], clients.times) == ("converged", 0, [0, 0, 0])
    assert list(tools.documents.stored) == list(PLANS)  # type: ignore[attr-defined]


def test_before_the_first_converged_run_nobody_is_told() -> None:
    clients = Clients()
    tools = world(clients=clients)
    tools.registry.set_converged("blue", "")
    assert (run(tools)["drifts"], clients.times) == (0, [0, 0, 0])


def test_the_plan_that_verified_a_run_is_what_the_next_ones_compare_with() -> None:
    tools = world()
    tools.registry.set_converged("blue", "")
    run(tools)
    assert tools.registry.converged("blue") == "converged"


@pytest.mark.parametrize(
    "more", [{"scope": "service/store"}, {"verifiedKey": None}, {"failure": Failure(state="WriteStatus", error="E")}]
)
def test_a_run_that_has_not_seen_all_converge_is_not_compared_with(more: dict[str, Any]) -> None:
    tools = world()
    tools.registry.set_converged("blue", "before")
    run(tools, **more)
    assert tools.registry.converged("blue") == "before"


def test_an_expired_plan_is_no_ground_to_call_anything_drift() -> None:
    tools = world()
    tools.registry.set_converged("blue", "plans/expired.json")
    assert run(tools)["drifts"] == 0


def test_a_run_that_failed_after_its_repair_still_tells_of_it() -> None:
    clients = Clients()
    tools = world(clients=clients)
    outcome = {"kind": "associate_vpc", "name": "blue", "status": "DONE", "done": [LOST], "refusals": []}
    failure = {"state": "Verify", "error": "ThrottledError", "cause": "slow down"}
    outline = run(tools, verifiedKey=None, batches=noted(tools.documents, outcome), failure=failure)
    report = tools.documents.get(outline["report"])
    assert (report["status"], [line["action"] for line in report["drifts"]]) == ("FAILED", ["repaired"])
    assert {"resource": "Verify", "reason": "ThrottledError", "message": "slow down"} in report["refused"]
    assert clients.times == [1, 1, 1]


def test_without_a_topic_there_is_no_message() -> None:
    clients = Clients()
    run(world(topic="", clients=clients))
    assert clients.times == [1, 0, 1]


def test_an_event_that_was_not_taken_is_tried_again() -> None:
    with pytest.raises(ServiceUnavailableError, match="InternalException"):
        run(world(clients=Clients(failed=1)))


def test_the_metrics_count_by_cluster_at_the_time_of_the_run() -> None:
    clients = Clients()
    run(world(clients=clients))
    (request,) = clients.said["cloudwatch"]
    numbers = {metric["MetricName"]: metric["Value"] for metric in request["MetricData"]}
    assert numbers == {"DriftsFound": 1, "DriftsRepaired": 1, "DriftsRefused": 0}
    assert {metric["Dimensions"][0]["Value"] for metric in request["MetricData"]} == {"blue"}
    assert {metric["Timestamp"].isoformat() for metric in request["MetricData"]} == {ENDED}


def test_the_page_of_a_check_has_drifted_clusters_and_names_the_others() -> None:
    tools = world()
    tools.documents.stored["reports/blue/1.json"] = tools.documents.get(run(tools)["report"])  # type: ignore[attr-defined]
    outcomes = [
        ClusterOutcome.model_construct(cluster="blue", status="APPLIED", report="reports/blue/1.json", error=""),
        ClusterOutcome(cluster="red", status="FAILED", error="States.Timeout"),
        ClusterOutcome(cluster="green", status="CONVERGED", report=f"plans/green/{'0' * 32}.json"),
    ]
    key = publish_fleet_page(tools, CheckResults(check="c-1", outcomes=tuple(outcomes)))["page"]
    page = tools.documents.pages[key]  # type: ignore[attr-defined]
    assert key == "reports/@fleet/c-1.html"
    assert all(text in page for text in ("VPC vpc-1 in net", "States.Timeout", "green", "1 / 3"))


def test_a_check_without_drift_has_no_page() -> None:
    tools = world()
    outcomes = (ClusterOutcome(cluster="red", status="FAILED", error="States.Timeout"),)
    assert publish_fleet_page(tools, CheckResults(check="c-1", outcomes=outcomes)) == {"page": None}
    assert tools.documents.pages == {}  # type: ignore[attr-defined]


@pytest.mark.parametrize("reason", ["OutdatedReading", "CanaryShifted"])
@pytest.mark.parametrize(("done", "told"), [([], 0), ([LOST], 1)])
def test_what_a_run_came_too_late_for_is_told_if_it_had_begun_to_repair_it(
    reason: str, done: list[dict[str, Any]], told: int
) -> None:
    clients, hints = Clients(), MemoryHints()
    tools = world(clients=clients)
    vars(tools)["hints"] = hints
    hints.add(
        "blue", Hint("1", "DeleteIt", "eve", "2026-11-02T09:15:00Z", frozenset({"associate_vpc/blue"}), frozenset())
    )
    refusal = {"resource": "it", "reason": reason, "message": "another one"}
    outcome = {"kind": "associate_vpc", "name": "blue", "status": "REFUSED", "done": done, "refusals": [refusal]}
    outline = run(tools, batches=noted(tools.documents, outcome))
    assert (outline["drifts"], clients.times[0]) == (told, told)
    assert [hint.repaired_by for hint in hints.kept] == ["r-1" if told else ""]
