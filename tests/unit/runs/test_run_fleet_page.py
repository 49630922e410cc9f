"""The page of a drift check: when it is written, and what it takes from where."""

from datetime import UTC, datetime, timedelta
from typing import Any

from run_tools import MemoryDocuments, toolbox

from trellis.runs.fleet_page import CheckResults, publish_fleet_page

NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = [f"plans/{name}/{'0' * 32}.json" for name in ("blue", "red")]


def plan(hostname: str, days: int) -> dict[str, Any]:
    ends = {"status": "ISSUED", "type": "IMPORTED", "renewal": "", "notAfter": (NOW + timedelta(days=days)).isoformat()}
    known = {"hostname": hostname, "routes": ["apps/store"], "arn": "arn:aws:acm:::certificate/1", "name": hostname}
    return {"certificates": [{**known, **ends, "ready": True, "message": ""}]}


def published(**blue: Any) -> MemoryDocuments:
    """Two clusters without drift; the second has a certificate of which was told before."""
    documents = MemoryDocuments({KEYS[0]: plan("a.example.com", 20), KEYS[1]: plan("b.example.com", 200)})
    outcomes = [
        {"cluster": "blue", "status": "CONVERGED", "report": f"s3://bucket/{KEYS[0]}", "https": 1, **blue},
        {"cluster": "red", "status": "CONVERGED", "report": f"s3://bucket/{KEYS[1]}", "https": 1, "warned": 0},
    ]
    results = CheckResults.model_validate({"check": "c-1", "outcomes": outcomes})
    found = publish_fleet_page(toolbox(documents=documents, now=NOW.timestamp), results)
    assert found == {"page": next(iter(documents.pages), None)}
    return documents


def test_nothing_is_written_where_nothing_is_new() -> None:
    assert published().pages == {}


def test_a_certificate_that_was_told_of_brings_a_page_with_those_of_all_clusters() -> None:
    (page,) = published(warned=1).pages.values()
    for told in ("a.example.com", "20 days", "b.example.com", "200 days"):
        assert told in page


def test_plans_are_not_read_for_clusters_without_https() -> None:
    (page,) = published(warned=1, https=0).pages.values()
    assert ("a.example.com" in page, "b.example.com" in page) == (False, True)
