"""A run tells of certificates that end: a metric at each run, an event and a message once, and a page."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import MemoryDocuments, toolbox

from trellis.errors import ServiceUnavailableError
from trellis.runs.reporting import Results, publish

NOW = datetime(2026, 11, 2, tzinfo=UTC)
PLAN, HOST = "plans/blue/1.json", "shop.example.com"


class Notices:
    def __init__(self) -> None:
        self.known: set[str] = set()

    def is_new(self, cluster: str, notice: str) -> bool:
        return notice not in self.known

    def said(self, cluster: str, notice: str) -> None:
        self.known.add(notice)


class Aws:
    """The bus, the topic and the metrics; `failed` entries are those that the bus does not take."""

    def __init__(self, *, failed: int = 0) -> None:
        self.failed = failed
        self.events: list[Any] = []
        self.messages: list[Any] = []
        self.days: list[float] = []

    def put_events(self, **call: Any) -> dict[str, Any]:
        self.events += call["Entries"]
        return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "no"}]}

    def publish(self, **call: Any) -> None:
        self.messages.append(call)

    def put_metric_data(self, **call: Any) -> None:
        self.days += [found["Value"] for found in call["MetricData"]]


class Run:
    """Runs of one cluster, one after the other, that find the same plan."""

    def __init__(self, *, days: int, failed: int = 0, **more: Any) -> None:
        ends = (NOW + timedelta(days=days)).isoformat()
        line = {"service": "shop", "hostname": HOST, "routes": ["apps/shop"], "ready": True, "message": ""}
        known = {"arn": "arn:aws:acm:::certificate/1", "name": HOST, "type": "IMPORTED", "status": "ISSUED"}
        lines = [{**line, **known, "renewal": "", "notAfter": ends, **more}]
        empty: dict[str, Any] = {"guard": "", "items": [], "refused": [], "desired": {}, "mode": "remediate"}
        plan = {"cluster": "blue", "verdict": "CONVERGED", "certificates": lines, **empty}
        self.aws = Aws(failed=failed)
        self.documents = MemoryDocuments({PLAN: plan})
        clients = SimpleNamespace(events=self.aws, sns=self.aws, cloudwatch=self.aws)
        self._tools: Any = toolbox(
            documents=self.documents, clients=clients, drift_topic="arn:topic", now=NOW.timestamp
        )
        self._tools.notices = Notices()
        self._tools.registry.set_converged("blue", PLAN)

    def publish(self) -> dict[str, Any]:
        return publish(self._tools, Results(cluster="blue", run="r-1", planKey=PLAN, verifiedKey=PLAN))


def test_what_ends_soon_is_told_of_once_and_counted_each_time() -> None:
    run = Run(days=12)
    assert [run.publish()["warned"] for _ in range(2)] == [1, 0]
    assert (len(run.aws.events), len(run.aws.messages), run.aws.days) == (1, 1, [12, 12])


def test_the_run_that_tells_leaves_a_report_with_a_page() -> None:
    run = Run(days=12)
    outline = run.publish()
    assert (outline["https"], outline["report"] in run.documents.stored) == (1, True)
    (page,) = run.documents.pages.values()
    assert (HOST in page, "12 days" in page) == (True, True)
    assert run.publish()["report"] == PLAN


def test_what_has_long_to_go_is_counted_only() -> None:
    run = Run(days=200)
    assert (run.publish()["report"], run.aws.events, run.aws.messages, run.aws.days) == (PLAN, [], [], [200])
    assert run.documents.pages == {}


def test_a_missing_certificate_is_no_news_and_has_no_days() -> None:
    run = Run(days=0, arn="", status="", notAfter=None, ready=False)
    outline = run.publish()
    assert (outline["https"], outline["warned"], run.aws.events, run.aws.days) == (1, 0, [], [])


def test_what_the_bus_does_not_take_is_said_again() -> None:
    run = Run(days=12, failed=1)
    with pytest.raises(ServiceUnavailableError):
        run.publish()
    run.aws.failed = 0
    assert run.publish()["warned"] == 1
    assert len(run.aws.messages) == 1
