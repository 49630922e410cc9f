"""Lists, selectors, paging and watches."""

from __future__ import annotations

from typing import Any

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def maps(api: Any) -> Any:
    for number in range(5):
        labels = {"parity": "even" if number % 2 == 0 else "odd"}
        api("POST", MAPS, {"metadata": {"name": f"m{number}", "labels": labels}})
    return api


def names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("labelSelector=parity=odd", ["m1", "m3"]),
        ("labelSelector=parity!=odd", ["m0", "m2", "m4"]),
        ("labelSelector=parity%20in%20(odd,other)", ["m1", "m3"]),
        ("labelSelector=parity%20notin%20(odd)", ["m0", "m2", "m4"]),
        ("labelSelector=!parity", []),
        ("fieldSelector=metadata.name=m2", ["m2"]),
        ("fieldSelector=metadata.name!=m2,metadata.namespace=default", ["m0", "m1", "m3", "m4"]),
    ],
)
def test_selectors_pick_objects(maps: Any, query: str, expected: list[str]) -> None:
    assert names(maps("GET", f"{MAPS}?{query}")[1]) == expected


@pytest.mark.parametrize("query", ["labelSelector=a%20b%20c", "fieldSelector=spec.nothing=1", "limit=x"])
def test_a_selector_that_cannot_be_read_is_a_bad_request(maps: Any, query: str) -> None:
    assert maps("GET", f"{MAPS}?{query}")[0] == 400


def test_pages_show_the_moment_of_the_first_page(maps: Any) -> None:
    _, first = maps("GET", f"{MAPS}?limit=2")
    maps("POST", MAPS, {"metadata": {"name": "late"}})
    token = first["metadata"]["continue"]
    _, second = maps("GET", f"{MAPS}?limit=9&continue={token}")
    assert names(first) + names(second) == ["m0", "m1", "m2", "m3", "m4"]
    assert first["metadata"]["remainingItemCount"] == 3
    assert "continue" not in second["metadata"]


def test_an_unknown_continue_token_is_expired(maps: Any) -> None:
    code, status = maps("GET", f"{MAPS}?continue=eyJydiI6ICIxIn0=")
    assert (code, status["reason"]) == (410, "Expired")


def test_a_list_over_all_namespaces_holds_them_all(maps: Any) -> None:
    maps("POST", "/api/v1/namespaces/kube-system/configmaps", {"metadata": {"name": "other"}})
    assert "other" in names(maps("GET", "/api/v1/configmaps")[1])


def test_a_watch_replays_what_came_after_its_version(maps: Any) -> None:
    _, listed = maps("GET", MAPS)
    maps("POST", MAPS, {"metadata": {"name": "new"}})
    maps("DELETE", f"{MAPS}/new")
    start = listed["metadata"]["resourceVersion"]
    events = maps.watch(f"{MAPS}?watch=true&resourceVersion={start}", 2)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("ADDED", "new"),
        ("DELETED", "new"),
    ]


def test_an_object_that_leaves_the_selection_is_deleted_for_the_watcher(maps: Any) -> None:
    start = maps("GET", MAPS)[1]["metadata"]["resourceVersion"]
    patch = {"metadata": {"labels": {"parity": "odd"}}}
    maps("PATCH", f"{MAPS}/m0", patch, content_type="application/merge-patch+json")
    query = f"watch=true&resourceVersion={start}&labelSelector=parity"
    (even,) = maps.watch(f"{MAPS}?{query}=even", 1)
    (odd,) = maps.watch(f"{MAPS}?{query}=odd", 1)
    assert (even["type"], odd["type"]) == ("DELETED", "ADDED")


def test_a_watch_from_a_forgotten_version_is_gone(maps: Any) -> None:
    for number in range(210):
        patch = {"data": {"n": str(number)}}
        maps("PATCH", f"{MAPS}/m0", patch, content_type="application/merge-patch+json")
    events = maps.watch(f"{MAPS}?watch=true&resourceVersion=2", 1)
    assert [(event["type"], event["object"]["code"]) for event in events] == [("ERROR", 410)]


def test_initial_events_end_with_a_bookmark(maps: Any) -> None:
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    events = maps.watch(f"{MAPS}?{query}", 6)
    assert [event["type"] for event in events] == ["ADDED"] * 5 + ["BOOKMARK"]
    assert events[5]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_ends_after_its_timeout_with_a_bookmark(maps: Any) -> None:
    start = maps("GET", MAPS)[1]["metadata"]["resourceVersion"]
    query = f"watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={start}"
    _, text = maps("GET", f"{MAPS}?{query}")
    assert text["type"] == "BOOKMARK"
