"""Fingerprints: what an earlier run has read, for as long as it must still be true."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fleet_clock import Clock

from trellis.fleet import fingerprints as module
from trellis.fleet.fingerprints import Fingerprints, Rhythm

RULE = "rule-0123456789abcdef0"
ACTION = {"action": {"fixedResponse": {"statusCode": 404}}}
HOUR = 3600.0
AUTH, POLICY = "svc-0123456789abcdef0/auth", {"authType": "AWS_IAM", "policy": "{}"}


@pytest.fixture
def fingerprints(dynamodb: Any, clock: Clock) -> Fingerprints:
    return Fingerprints(dynamodb, "fleet", clock=clock, rhythm=Rhythm(settled_after=10, full_read_every=6 * HOUR))


@pytest.fixture
def writes(dynamodb: Any) -> list[str]:
    made: list[str] = []
    dynamodb.meta.events.register(
        "before-call.dynamodb", lambda model, **_: made.append(model.name) if model.name != "Query" else None
    )
    return made


def at(seconds_ago: float, clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.now - seconds_ago, UTC)


def remember(fingerprints: Fingerprints, updated: datetime, *services: str) -> None:
    memory = fingerprints.of("blue")
    for service in services or ("store",):
        memory.note(service, RULE, updated, ACTION)
    fingerprints.keep("blue", memory)


def test_what_has_not_changed_is_recalled(fingerprints: Fingerprints, clock: Clock) -> None:
    remember(fingerprints, at(60, clock))
    assert fingerprints.of("blue").recall("store", RULE, at(60, clock)) == ACTION


def test_another_time_of_change_makes_it_unknown(fingerprints: Fingerprints, clock: Clock) -> None:
    remember(fingerprints, at(60, clock))
    assert fingerprints.of("blue").recall("store", RULE, at(30, clock)) is None
    assert fingerprints.of("blue").recall("store", RULE, at(90, clock)) is None, "a list that lags behind"


def test_what_changed_a_moment_ago_is_not_kept(fingerprints: Fingerprints, clock: Clock, writes: list[str]) -> None:
    remember(fingerprints, at(9, clock))
    remember(fingerprints, at(-5, clock))
    assert writes == []
    remember(fingerprints, at(10, clock))
    assert writes == ["BatchWriteItem"]


def test_recalling_everything_writes_nothing(fingerprints: Fingerprints, clock: Clock, writes: list[str]) -> None:
    updated = at(60, clock)
    remember(fingerprints, updated)
    writes.clear()
    memory = fingerprints.of("blue")
    memory.recall("store", RULE, updated)
    fingerprints.keep("blue", memory)
    remember(fingerprints, updated)
    assert writes == []


def test_what_has_gone_is_forgotten(fingerprints: Fingerprints, clock: Clock) -> None:
    remember(fingerprints, at(60, clock), "store", "cart")
    remember(fingerprints, at(60, clock), "cart")
    assert set(fingerprints.of("blue").services) == {"cart"}


def test_a_cluster_that_leaves_is_forgotten(fingerprints: Fingerprints, clock: Clock, writes: list[str]) -> None:
    remember(fingerprints, at(60, clock), *(f"service-{number}" for number in range(60)))
    fingerprints.forget("blue")
    assert not fingerprints.of("blue").services
    writes.clear()
    fingerprints.forget("blue")
    assert writes == []


def test_clusters_do_not_mix(fingerprints: Fingerprints, clock: Clock) -> None:
    remember(fingerprints, at(60, clock))
    assert fingerprints.of("green").recall("store", RULE, at(60, clock)) is None


def test_a_service_that_is_not_trusted_is_read_in_full(fingerprints: Fingerprints, clock: Clock) -> None:
    remember(fingerprints, at(60, clock), "store", "cart")
    for distrusted, known in ((["store"], [None, ACTION]), (None, [None, None])):
        memory = fingerprints.of("blue", distrusted=distrusted)
        assert [memory.recall(name, RULE, at(60, clock)) for name in ("store", "cart")] == known


def test_what_no_list_shows_is_not_kept_where_it_has_just_changed(fingerprints: Fingerprints, clock: Clock) -> None:
    def note(distrusted: Any) -> Any:
        memory = fingerprints.of("blue", distrusted=distrusted)
        memory.note_unlisted("store", AUTH, at(60, clock), POLICY)
        memory.note("store", RULE, at(60, clock), ACTION)
        fingerprints.keep("blue", memory)
        return fingerprints.of("blue").recall("store", AUTH, at(60, clock))

    assert [note(()), note(["store"]), note(None), note(["cart"])] == [POLICY, None, POLICY, POLICY]


def test_each_service_is_read_in_full_once_within_the_period(fingerprints: Fingerprints, clock: Clock) -> None:
    updated, names = at(60, clock), [f"service-{number}" for number in range(60)]
    remember(fingerprints, updated, *names)
    due = []
    for _ in range(24):
        clock.now += HOUR / 4
        memory = fingerprints.of("blue")
        due.append([name for name in names if memory.recall(name, RULE, updated) is None])
        for name in due[-1]:
            memory.note(name, RULE, updated, ACTION)
        fingerprints.keep("blue", memory)
    assert sorted(name for names in due for name in names) == sorted(names)
    assert max(map(len, due)) < len(names) / 4, "spread over time"


@pytest.mark.parametrize("document", [{"S": "text"}, {"B": b"no deflated data"}, None])
def test_an_item_that_cannot_be_read_means_a_full_read(
    fingerprints: Fingerprints, dynamodb: Any, clock: Clock, document: Any
) -> None:
    key = {"pk": {"S": "FINGERPRINTS#blue"}, "sk": {"S": "store"}}
    dynamodb.put_item(TableName="fleet", Item={**key, **({"document": document} if document else {})})
    assert fingerprints.of("blue").recall("store", RULE, at(60, clock)) is None
    remember(fingerprints, at(60, clock))
    assert fingerprints.of("blue").recall("store", RULE, at(60, clock)) == ACTION


def test_what_another_version_has_kept_is_not_believed(
    fingerprints: Fingerprints, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(fingerprints, at(60, clock))
    monkeypatch.setattr(module, "_VERSION", 99)
    assert fingerprints.of("blue").recall("store", RULE, at(60, clock)) is None


def test_a_service_too_large_for_an_item_is_not_kept(
    fingerprints: Fingerprints, clock: Clock, writes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 100)
    remember(fingerprints, at(60, clock))
    assert writes == []
