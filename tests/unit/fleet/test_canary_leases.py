"""Leases of canaries: one writer, who can be told from those before."""

from dataclasses import replace
from typing import Any

import pytest
from canary_leases import KEY, SERVICE, progress

from trellis.canary.state import CanaryKey, Command, Gate, Lease, Phase
from trellis.errors import LeaseHeldError, LeaseLostError
from trellis.fleet.canaries import Canaries

OTHER = replace(KEY, name="orders-internal")
FIRST, SECOND = "arn:execution:shift-canary:first", "arn:execution:shift-canary:second"


@pytest.fixture
def canaries(dynamodb: Any) -> Canaries:
    return Canaries(dynamodb, "fleet")


def acquire(canaries: Canaries, key: CanaryKey = KEY, execution: str = FIRST) -> Lease:
    return canaries.acquire(key, execution=execution, services=[SERVICE], progress=progress())


def test_what_is_saved_is_read_again(canaries: Canaries) -> None:
    lease = acquire(canaries)
    gate = Gate("gate-1", 1100.0, "promote")
    pending = progress(pending={"0": {"v1": 90, "v2": 10}}, step=1)
    saved = canaries.save(replace(lease, phase=Phase.GATED, progress=pending, gate=gate, token="secret"))
    assert canaries.find(KEY) == saved
    assert canaries.of_cluster("blue") == canaries.all() == (saved,)
    assert canaries.of_cluster("bluebell") == ()


def test_a_token_is_not_in_what_is_logged(canaries: Canaries) -> None:
    assert "secret" not in repr(replace(acquire(canaries), token="secret"))


def test_the_second_canary_of_a_route_is_refused_naming_the_first(canaries: Canaries) -> None:
    acquire(canaries)
    with pytest.raises(LeaseHeldError, match=FIRST):
        acquire(canaries, execution=SECOND)


def test_the_second_canary_of_a_service_is_refused_and_leaves_its_route_free(canaries: Canaries) -> None:
    acquire(canaries)
    with pytest.raises(LeaseHeldError, match=FIRST):
        acquire(canaries, OTHER, SECOND)
    assert canaries.find(OTHER) is None


def test_the_same_execution_may_acquire_again(canaries: Canaries) -> None:
    assert acquire(canaries).epoch < acquire(canaries).epoch


def test_a_released_route_and_its_service_are_free_and_the_epoch_grows(canaries: Canaries) -> None:
    lease = acquire(canaries)
    canaries.release(lease)
    assert canaries.all() == ()
    assert [(found.epoch, found.phase) for found in canaries.of_cluster("blue")] == [(lease.epoch, Phase.RELEASED)]
    assert canaries.locking(SERVICE) is None
    assert acquire(canaries, execution=SECOND).epoch > lease.epoch


def test_of_two_calls_with_the_same_reading_one_writes(canaries: Canaries) -> None:
    lease = acquire(canaries)
    canaries.save(replace(lease, phase=Phase.SHIFTING))
    with pytest.raises(LeaseHeldError, match="another call"):
        canaries.save(replace(lease, phase=Phase.BAKING))


def test_after_a_takeover_the_former_holder_can_write_nothing(canaries: Canaries) -> None:
    lease = acquire(canaries)
    taken = canaries.take_over(lease, execution=SECOND, reason="STOPPED: by hand")
    assert canaries.find(KEY) == taken
    for write in (canaries.save, canaries.release):
        with pytest.raises(LeaseLostError, match=SECOND):
            write(lease)
    with pytest.raises(LeaseLostError):
        canaries.get(KEY, execution=FIRST, epoch=lease.epoch)
    assert canaries.get(KEY, execution=SECOND, epoch=taken.epoch) == taken


def test_only_one_takes_over(canaries: Canaries) -> None:
    lease = acquire(canaries)
    canaries.take_over(lease, execution=SECOND, reason="STOPPED: by hand")
    with pytest.raises(LeaseLostError):
        canaries.take_over(lease, execution="third", reason="STOPPED: by hand")


def test_a_command_waits_until_it_is_acknowledged(canaries: Canaries) -> None:
    lease = acquire(canaries)
    command = Command("pause", "r-1", "alice", "lunch")
    assert canaries.order(lease, command)
    assert not canaries.order(lease, Command("abort", "r-2", "bob"))
    found = canaries.find(KEY)
    assert found is not None
    assert found.command == command
    canaries.save(found, acknowledge=True)
    assert canaries.order(lease, Command("abort", "r-2", "bob"))


def test_a_command_disturbs_no_write_of_the_holder(canaries: Canaries) -> None:
    lease = acquire(canaries)
    canaries.order(lease, Command("pause", "r-1", "alice"))
    canaries.save(replace(lease, phase=Phase.SHIFTING))
    found = canaries.find(KEY)
    assert found is not None
    assert found.command is not None


def test_a_command_that_takes_another_s_place_is_not_acknowledged_with_it(canaries: Canaries) -> None:
    canaries.order(acquire(canaries), Command("pause", "r-1", "alice"))
    following = canaries.find(KEY)
    assert following is not None
    assert canaries.order(following, Command("abort", "r-2", "bob"), replacing=True)
    with pytest.raises(LeaseHeldError):
        canaries.save(following, acknowledge=True)
    found = canaries.find(KEY)
    assert found is not None
    assert found.command == Command("abort", "r-2", "bob")


def test_the_first_decision_about_a_gate_counts(canaries: Canaries) -> None:
    opened = Gate("gate-1", 1100.0, "promote")
    gated = canaries.save(replace(acquire(canaries), phase=Phase.GATED, gate=opened, token="t"))
    assert canaries.decide(gated, replace(opened, decision="approve", decided_by="alice", decided_at=1200.0))
    assert not canaries.decide(gated, replace(opened, decision="reject", decided_by="bob", decided_at=1201.0))
    found = canaries.find(KEY)
    assert found is not None
    assert found.gate is not None
    assert found.gate.decided_by == "alice"
    with pytest.raises(LeaseHeldError):
        canaries.save(gated)
