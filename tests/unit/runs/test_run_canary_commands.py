"""What operators say to a canary: left for it, told to a waiting task, or refused."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from canary_leases import KEY, lease
from run_tools import MemoryDocuments

from trellis.canary.request import parse_request
from trellis.canary.state import CanaryKey, Command, Gate, Lease, Phase
from trellis.errors import InvalidInputError
from trellis.runs.canary_commands import CommandRequest, command
from trellis.runs.toolbox import Toolbox

OPEN = Gate("gate-1", 1000.0, "step 1")


class TimedOutError(Exception):
    pass


class Canary:
    """One lease, and the task that waits at its gate."""

    def __init__(self, gate: Gate | None = None, *, phase: Phase = Phase.GATED, **gates: Any) -> None:
        self.sent: list[tuple[str, str]] = []
        self.is_waiting = True
        document: dict[str, Any] = {"cluster": "blue", "route": {"namespace": "shop", "name": "orders"}}
        document |= {"baseline": {"name": "orders-v1"}, "canary": {"name": "orders-v2"}}
        document |= {"gates": gates, "requestedBy": "alice"}
        documents = MemoryDocuments()
        request = documents.put("canaries", "blue", {"request": parse_request(document).document()})
        self.lease = lease(request=request, phase=phase, gate=gate, token="secret")
        exceptions = SimpleNamespace(TaskTimedOut=TimedOutError, TaskDoesNotExist=TimedOutError)
        states = SimpleNamespace(
            exceptions=exceptions,
            send_task_success=lambda **sent: self._send("success", sent),
            send_task_failure=lambda **sent: self._send("failure", sent),
        )
        events = SimpleNamespace(put_events=lambda **_: {"FailedEntryCount": 0})
        tools = SimpleNamespace(
            canaries=self, documents=documents, clients=SimpleNamespace(stepfunctions=states, events=events)
        )
        tools.now = lambda: 1200.0
        self.tools = cast(Toolbox, tools)

    def find(self, key: CanaryKey) -> Lease | None:
        return self.lease if key == KEY else None

    def order(self, lease: Lease, ordered: Command, *, replacing: bool = False) -> bool:
        if self.lease.command is None or replacing:
            self.lease = replace(lease, command=ordered)
            return True
        return False

    def decide(self, lease: Lease, gate: Gate) -> bool:
        self.lease = replace(lease, gate=gate)
        return True

    def say(self, name: str, *, author: str = "bob", request: str = "r-1", **more: Any) -> dict[str, Any]:
        place = {"cluster": "blue", "namespace": "shop", "name": "orders"}
        asked = {**place, "command": name, "requestId": request, "author": author, **more}
        return command(self.tools, CommandRequest.model_validate(asked))

    def _send(self, kind: str, sent: dict[str, str]) -> None:
        if not self.is_waiting:
            raise TimedOutError
        assert sent["taskToken"] == "secret"
        self.sent.append((kind, sent.get("error", "")))


def test_a_command_is_left_for_the_canary_and_saying_it_again_is_no_second_one() -> None:
    canary = Canary(phase=Phase.BAKING)
    assert canary.say("pause") == canary.say("pause")
    with pytest.raises(InvalidInputError, match="pause is not acknowledged yet"):
        canary.say("skip", request="r-2")


def test_an_abort_waits_for_no_other_command() -> None:
    canary = Canary(phase=Phase.BAKING)
    canary.say("pause")
    canary.say("abort", request="r-2")
    assert canary.lease.command is not None
    assert canary.lease.command.name == "abort"


@pytest.mark.parametrize("phase", [Phase.RELEASED, Phase.PROMOTED_PENDING_GIT])
def test_where_no_canary_is_under_way_there_is_nothing_to_say(phase: Phase) -> None:
    with pytest.raises(InvalidInputError, match="no canary is under way"):
        Canary(phase=phase).say("pause")


def test_an_approval_wakes_the_waiting_task() -> None:
    canary = Canary(OPEN)
    assert canary.say("approve")["decision"] == "approve"
    assert canary.sent == [("success", "")]
    assert canary.lease.gate is not None
    assert canary.lease.gate.decided_by == "bob"


def test_who_asked_for_the_canary_cannot_approve_it_unless_allowed() -> None:
    with pytest.raises(InvalidInputError, match="cannot approve"):
        Canary(OPEN).say("approve", author="alice")
    assert Canary(OPEN, forbidSelfApproval=False).say("approve", author="alice")["decision"] == "approve"


def test_two_approvers_are_two_people() -> None:
    canary = Canary(OPEN, minApprovers=2)
    assert [canary.say("approve")["decision"] for _ in range(2)] == ["", ""]
    assert canary.sent == []
    assert canary.say("approve", author="carol")["decision"] == "approve"
    assert canary.sent == [("success", "")]


@pytest.mark.parametrize("name", ["reject", "abort"])
def test_no_ends_the_waiting_at_once(name: str) -> None:
    canary = Canary(OPEN)
    canary.say(name)
    assert canary.sent == [("failure", "CanaryFailedError")]


@pytest.mark.parametrize("name", ["approve", "reject"])
def test_the_first_decision_counts(name: str) -> None:
    canary = Canary(replace(OPEN, decision="reject", decided_by="timeout"))
    with pytest.raises(InvalidInputError, match="timeout has decided: reject"):
        canary.say(name)


def test_a_task_that_does_not_wait_any_more_reads_the_decision_later() -> None:
    canary = Canary(OPEN)
    canary.is_waiting = False
    assert canary.say("approve")["decision"] == "approve"
