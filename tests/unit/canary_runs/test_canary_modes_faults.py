"""F34, F35 and F44: what is not answered, refused, or cannot be stored."""

import pytest
from botocore.exceptions import ClientError
from canary_execution import Execution
from canary_world import BASELINE, World

from trellis.canary.state import Phase
from trellis.runs.canary_telling import moment


def throttled() -> ClientError:
    answer = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}
    return ClientError(answer, "UpdateItem")  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [401, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("state", ["Shift", "Evaluate", "RollBack"])
def test_f34_what_passes_by_itself_is_tried_again(it: World, canary: Execution, status: int, state: str) -> None:
    if state == "RollBack":
        it.cloudwatch.failing.add("v2")
    canary.until(state)
    answers = [200, status] if status in (409, 422) and state != "Evaluate" else [status]
    it.server.answers = answers if status not in (409, 422) or state != "Evaluate" else [500]
    canary.advance()
    assert (canary.state, bool(canary.tries)) == (state, True)
    assert canary.finished().end == ("RolledBack" if state == "RollBack" else "")


def test_f34_a_webhook_that_denies_ends_the_canary(it: World, canary: Execution) -> None:
    canary.until("Shift")
    it.server.answers = [200, 403]
    canary.advance()
    assert (canary.state, canary.failure["error"]) == ("RollBack", "AccessDeniedError")
    assert canary.finished().end == "RolledBack"
    assert it.server.weights == BASELINE


def test_f34_rights_that_are_lost_midway_keep_the_lease_and_call_a_person(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.server.denied = True
    assert canary.finished().end == "RollbackFailed"
    assert it.lease.phase is Phase.ROLLBACK_FAILED
    assert it.names_told.count("RollbackFailed") == 1
    it.server.denied = False
    assert it.sweep() == ["recovered"]
    name, document = it.states.started[-1]
    assert Execution(it, name, document).finished().end == "RolledBack"
    assert (it.server.weights, it.is_locked) == (BASELINE, False)


@pytest.mark.parametrize("state", ["Shift", "Verify", "Evaluate", "Complete", "RollBack", "VerifyRollback"])
def test_f35_a_throttled_table_is_asked_again(it: World, canary: Execution, state: str) -> None:
    if "Roll" in state:
        it.cloudwatch.failing.add("v2")
    canary.until(state)
    it.table.fails = [throttled()]
    canary.advance()
    assert (canary.state, canary.tries) == (state, 1)
    assert canary.finished().end == ("RolledBack" if "Roll" in state else "")


def test_f35_a_clock_two_ticks_ahead_takes_nobody_for_dead(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.now += 120
    assert it.sweep() == []
    it.now -= 120
    assert canary.finished().end == ""


def test_f35_a_clock_behind_the_heartbeat_takes_nobody_for_dead(it: World, canary: Execution) -> None:
    canary.until("Evaluate")
    it.now -= 7200
    assert it.sweep() == []


@pytest.mark.parametrize("fails", [False, True])
def test_f44_a_report_that_cannot_be_stored_changes_nothing(it: World, canary: Execution, *, fails: bool) -> None:
    if fails:
        it.cloudwatch.failing.add("v2")
    canary.until("VerifyRollback" if fails else "Complete")
    it.documents.fails = throttled()
    canary.finished()
    assert canary.end == ("RolledBack" if fails else "")
    assert it.told[-1][1]["report"] == ""
    assert it.server.weights == (BASELINE if fails else (0, 100))


def counted(it: World, canary: Execution) -> tuple[str, int]:
    """Until when a rolled back canary's report has counted, and how many requests."""
    rollback = it.documents.get(canary.report["report"])["rollback"]
    return rollback["countedUntil"], rollback["usersExposedRequests"]


def test_the_last_report_has_everybody_whom_the_canary_has_reached(it: World, canary: Execution) -> None:
    it.cloudwatch.failing.add("v2")
    canary.until("VerifyRollback")
    restored = it.now
    it.cloudwatch.until = restored - 90
    canary.until("CountExposure")
    first = counted(it, canary)
    it.cloudwatch.until = None
    assert canary.finished().end == "RolledBack"
    last = counted(it, canary)
    assert first[0] < moment(restored) <= last[0]
    assert first[1] < last[1]
    assert it.names_told[-2:] == ["RolledBack", "ExposureCounted"]


@pytest.mark.parametrize("obstacle", ["another canary", "unreadable", "not stored"])
def test_a_first_report_stays_where_no_other_can_be_made(it: World, canary: Execution, obstacle: str) -> None:
    it.cloudwatch.failing.add("v2")
    canary.until("CountExposure")
    first = canary.report
    if obstacle == "another canary":
        Execution(it, "orders-2").advance()
    elif obstacle == "unreadable":
        it.cloudwatch.fails = throttled()
    else:
        it.documents.fails = throttled()
    assert canary.finished().end == "RolledBack"
    assert canary.report == first
    assert it.server.weights == BASELINE
