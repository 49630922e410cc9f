"""Documents in S3, under keys made of their content."""

from typing import Any

import pytest

from trellis.fleet.documents import Documents


@pytest.fixture
def documents(s3: Any) -> Documents:
    return Documents(s3, "documents")


def test_a_document_is_read_as_it_was_written(documents: Documents) -> None:
    key = documents.put("plans", "blue", {"b": [1, 2], "a": "ü"})
    assert key.startswith("plans/blue/")
    assert documents.get(key) == {"a": "ü", "b": [1, 2]}


def test_the_same_content_is_written_once(documents: Documents, s3: Any) -> None:
    calls: list[str] = []
    s3.meta.events.register("before-call.s3.PutObject", lambda **_: calls.append("put"))
    first = documents.put("plans", "blue", {"a": 1, "b": 2})
    second = documents.put("plans", "blue", {"b": 2, "a": 1})
    assert first == second
    assert calls == ["put"]


def test_a_document_that_has_expired_is_not_found(documents: Documents) -> None:
    assert documents.find("plans/blue/0.json") is None
    assert documents.find(documents.put("plans", "blue", {"a": 1})) == {"a": 1}


def test_a_page_is_html_under_its_own_key(documents: Documents, s3: Any) -> None:
    documents.put_page("reports/blue/1.html", "<p>ü</p>")
    stored = s3.get_object(Bucket="documents", Key="reports/blue/1.html")
    assert (stored["ContentType"], stored["Body"].read().decode()) == ("text/html; charset=utf-8", "<p>ü</p>")
