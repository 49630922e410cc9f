"""Checks that events ask for: many events, few runs, and none of the events is lost."""

from typing import Any

import pytest
from fleet_clock import NOW, Clock

from trellis.fleet.requests import CheckRequests

STORE, NAMES = "apply_service/store", "sync_dns/blue"


@pytest.fixture
def checks(dynamodb: Any, clock: Clock) -> CheckRequests:
    return CheckRequests(dynamodb, "fleet", spacing=5, clock=clock)


def test_the_first_event_starts_a_run_at_once(checks: CheckRequests) -> None:
    requested = checks.request("blue", {STORE}, run="one")
    assert (requested.starts, requested.delay) == (True, 0)


def test_an_event_before_the_run_reads_joins_it(checks: CheckRequests) -> None:
    checks.request("blue", {STORE}, run="one")
    assert not checks.request("blue", {NAMES}, run="two").starts
    assert checks.take("blue") == {STORE, NAMES}


def test_an_event_after_the_run_has_begun_starts_another_some_seconds_later(checks: CheckRequests) -> None:
    checks.request("blue", {STORE}, run="one")
    checks.take("blue")
    requested = checks.request("blue", {NAMES}, run="two")
    assert (requested.starts, requested.delay) == (True, 5)
    assert checks.take("blue") == {NAMES}


def test_a_run_that_never_began_is_replaced_in_the_end(checks: CheckRequests, clock: Clock) -> None:
    checks.request("blue", {STORE}, run="one")
    clock.now += 70
    assert checks.request("blue", {NAMES}, run="two").starts
    assert checks.take("blue") == {STORE, NAMES}


def test_the_same_event_again_starts_the_same_run_again(checks: CheckRequests) -> None:
    assert checks.request("blue", {STORE}, run="one").starts
    assert checks.request("blue", {STORE}, run="one").starts


def test_five_hundred_events_in_ten_seconds_are_three_runs(checks: CheckRequests, clock: Clock) -> None:
    begins: list[float] = []
    runs = 0
    for number in range(500):
        clock.now = NOW + number * 10 / 500
        while begins and begins[0] <= clock.now:
            begins.pop(0)
            checks.take("blue")
        requested = checks.request("blue", {STORE}, run=f"run-{number}")
        if requested.starts:
            runs += 1
            begins.append(clock.now + requested.delay + 0.5)
    assert runs <= 3


def test_nothing_is_taken_where_nothing_was_asked_for(checks: CheckRequests, dynamodb: Any) -> None:
    assert checks.take_if_any("blue") == set()
    assert dynamodb.scan(TableName="fleet")["Items"] == []
    checks.request("blue", {STORE}, run="one")
    assert (checks.take_if_any("blue"), checks.take_if_any("blue")) == ({STORE}, set())


def test_clusters_do_not_wait_for_each_other(checks: CheckRequests) -> None:
    assert checks.request("blue", {STORE}, run="one").starts
    assert checks.request("green", {STORE}, run="two").starts
