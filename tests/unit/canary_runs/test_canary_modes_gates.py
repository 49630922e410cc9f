"""F36 and F37: a person, the clock and the canary itself decide at a gate, and the first of them counts."""

import json
from typing import Any

import pytest
from canary_execution import Execution
from canary_world import BASELINE, World, asked

from trellis.canary.state import Phase
from trellis.errors import CanaryFailedError, InvalidInputError
from trellis.runs.canary_evaluation import EvaluationCall, evaluate
from trellis.runs.canary_gates import GateCall, keep_gate

TOKEN = "token-1"


@pytest.fixture
def gated(it: World) -> Execution:
    """A canary at its gate before the second step, whose task waits."""
    gates = {"beforeStep": [100], "timeoutSeconds": 3600}
    canary = Execution(it, "orders-1", asked(gates=gates)).until("Gate")
    opened(it, canary)
    return canary


def opened(it: World, canary: Execution, token: str = TOKEN) -> None:
    it.states.waiting.add(token)
    keep_gate(it.tools, canary.call(GateCall, "open", token=token))


def expired(it: World, canary: Execution) -> Any:
    return keep_gate(it.tools, canary.call(GateCall, "expire"))["decision"]


def after_gate(canary: Execution) -> Execution:
    """What follows on the gate in the machine."""
    canary.state = "Evaluate"
    return canary


def test_f36_a_double_click_decides_once_and_is_told_so(it: World, gated: Execution) -> None:
    assert it.say("approve")["decision"] == "approve"
    with pytest.raises(InvalidInputError, match="bob has decided: approve"):
        it.say("approve")
    assert [kind for kind, _ in it.states.sent] == ["success"]
    assert after_gate(gated).finished().end == ""


def test_f36_two_decisions_at_once_are_one(it: World, gated: Execution) -> None:
    it.interrupt("before lease", lambda: it.say("reject", author="carol"))
    with pytest.raises(InvalidInputError, match="somebody else has decided"):
        it.say("approve")
    assert [kind for kind, _ in it.states.sent] == ["failure"]
    after_gate(gated).until("RollBack")
    assert "GATE_REJECTED" in gated.because


def test_f36_who_has_rejected_stands_in_the_report(it: World, gated: Execution) -> None:
    it.say("reject", author="carol", reason="not on a Friday")
    gated.state = "RollBack"
    gated.finished()
    (gate,) = it.lease.progress.gates
    assert (gate.before, gate.decision, gate.decided_by, gate.reason) == (
        "step 1",
        "reject",
        "carol",
        "not on a Friday",
    )


def test_f36_a_gate_that_was_open_when_the_canary_failed_stands_in_the_report(it: World) -> None:
    canary = Execution(it, "orders-1", asked(gates={"beforePromote": True, "minApprovers": 2})).until("Gate")
    opened(it, canary)
    assert it.say("approve")["decision"] == ""
    canary.state = "RollBack"
    canary.finished()
    (gate,) = it.lease.progress.gates
    assert (gate.decision, gate.approvals) == ("", ("bob",))


def test_whoever_has_to_decide_is_shown_the_last_step_and_the_commands(it: World) -> None:
    topic = "arn:aws:sns:us-west-2:111122223333:people"
    canary = Execution(it, "orders-1", asked(gates={"beforePromote": True}, notify=[topic])).until("Gate")
    opened(it, canary)
    _, detail = next(told for told in it.told if told[0] == "GateOpened")
    assert (detail["evidence"]["percent"], detail["evidence"]["failures"]) == (50, {"v1": 0, "v2": 0})
    assert "trellis canary approve --cluster blue --route shop/orders" in it.messages[-1]
    assert TOKEN not in json.dumps(it.told) + "".join(it.messages)


@pytest.mark.parametrize(("command", "more"), [("promote", {}), ("skip", {}), ("skip", {"argument": 100})])
def test_a_command_to_go_on_is_no_approval(it: World, command: str, more: dict[str, float]) -> None:
    strategy = {"steps": [{"percent": 10}, {"percent": 50}, {"percent": 100}], "bakeSeconds": 360}
    document = asked(strategy=strategy, gates={"beforeStep": [50]})
    canary = Execution(it, "orders-1", document).until("Evaluate")
    it.say(command, author="alice", **more)
    assert canary.until("Gate", "Verify").state == "Gate"
    opened(it, canary)
    with pytest.raises(InvalidInputError, match="cannot approve"):
        it.say("approve", author="alice")
    it.say("approve", author="bob")
    after_gate(canary).until("Verify")
    assert it.server.weights == ((50, 50) if command == "skip" and not more else (0, 100))


def test_a_command_to_go_on_opens_no_gate_that_is_not_on_the_way(it: World) -> None:
    document = asked(gates={"beforeStep": [50]})
    canary = Execution(it, "orders-1", document).until("Gate")
    opened(it, canary)
    it.say("approve")
    after_gate(canary).until("Evaluate").advance()
    canary.until("Evaluate")
    it.say("promote")
    assert canary.until("Gate", "Verify").state == "Verify"


def test_a_gate_that_holds_when_nobody_decides_opens_again(it: World) -> None:
    canary = Execution(it, "orders-1", asked(gates={"beforePromote": True, "onTimeout": "hold"})).until("Gate")
    opened(it, canary)
    assert expired(it, canary) == "hold"
    assert after_gate(canary).until("Gate").state == "Gate"
    opened(it, canary, "token-2")
    it.say("approve")
    assert after_gate(canary).finished().end == ""
    assert [gate.decision for gate in it.lease.progress.gates] == ["hold", "approve"]


def test_a_gate_that_promotes_when_nobody_decides_goes_on(it: World) -> None:
    canary = Execution(it, "orders-1", asked(gates={"beforePromote": True, "onTimeout": "promote"})).until("Gate")
    opened(it, canary)
    assert expired(it, canary) == "approve"
    assert after_gate(canary).finished().end == ""
    assert it.lease.progress.gates[0].decided_by == "timeout"


def paused(it: World, **analysis: Any) -> Execution:
    """A canary that is paused for want of evidence, and whose pause ends by a promotion."""
    gates = {"onTimeout": "promote", "timeoutSeconds": 3600}
    checks = {"checks": {"splitCheck": {"enabled": False}}}
    canary = Execution(it, "orders-1", asked(gates=gates, analysis={**checks, **analysis})).until("Evaluate")
    it.cloudwatch.empty = True
    while not it.lease.progress.paused_at:
        canary.advance()
    return canary


def test_a_pause_whose_time_is_over_does_not_promote_without_evidence(it: World) -> None:
    canary = paused(it)
    canary.until("Shift", "RollBack")
    assert (canary.state, it.server.weights) == ("RollBack", (50, 50))
    assert canary.because.startswith("PAUSE_TIMEOUT")


def test_a_pause_whose_time_is_over_promotes_what_has_passed_by_then(it: World) -> None:
    canary = paused(it)
    it.cloudwatch.empty = False
    canary.until("Shift", "RollBack")
    assert canary.state == "Shift"


def test_a_pause_whose_time_is_over_promotes_without_evidence_where_that_is_allowed(it: World) -> None:
    assert paused(it, allowUnsafe=True).until("Shift", "RollBack").state == "Shift"


def test_a_person_s_pause_whose_time_is_over_goes_on_baking(it: World) -> None:
    gates = {"onTimeout": "promote", "timeoutSeconds": 60}
    strategy = {"steps": [{"percent": 50}, {"percent": 100}], "bakeSeconds": 3600, "finalBakeSeconds": 360}
    canary = Execution(it, "orders-1", asked(gates=gates, strategy=strategy)).until("Evaluate")
    it.say("pause")
    canary.advance()
    assert it.lease.progress.paused_at
    canary.advance()
    assert (canary.state, it.lease.progress.paused_at, it.server.weights) == ("Evaluate", 0.0, (50, 50))


def test_a_pause_by_the_judge_is_told_to_people_and_an_extension_to_programs(it: World) -> None:
    topic = "arn:aws:sns:us-west-2:111122223333:people"
    canary = Execution(it, "orders-1", asked(notify=[topic])).until("Evaluate")
    it.cloudwatch.empty = True
    for _ in range(8):
        canary.advance()
    assert it.names_told.count("Extended") == 1
    assert it.names_told.count("Paused") == 1
    (message,) = it.messages
    assert message.startswith("PAUSED: INCONCLUSIVE_")


def test_f36_the_clock_comes_second(it: World, gated: Execution) -> None:
    it.interrupt("before lease", lambda: it.say("approve"))
    assert expired(it, gated) == "approve"
    assert after_gate(gated).finished().end == ""


def test_f36_the_clock_comes_first(it: World, gated: Execution) -> None:
    it.interrupt("before lease", lambda: expired(it, gated))
    with pytest.raises(InvalidInputError, match="somebody else has decided"):
        it.say("approve")
    assert after_gate(gated).finished().end == "RolledBack"
    assert "GATE_TIMEOUT" in it.lease.progress.reason


def test_f36_a_decision_whose_token_is_over_counts_at_the_next_look(it: World, gated: Execution) -> None:
    it.states.waiting.clear()
    answer = it.say("approve")
    assert (answer["decision"], answer["delivered"]) == ("approve", False)
    assert after_gate(gated).finished().end == ""


def test_f36_a_task_that_begins_to_wait_after_the_decision_does_not_wait(it: World, gated: Execution) -> None:
    it.states.waiting.clear()
    it.say("approve")
    opened(it, gated, "token-2")
    assert [(kind, sent["taskToken"]) for kind, sent in it.states.sent] == [("success", "token-2")]


def test_f36_nobody_approves_what_was_rolled_back(it: World, gated: Execution) -> None:
    gated.stop()
    it.end_event(gated.arn)
    with pytest.raises(InvalidInputError, match="no gate is open"):
        it.say("approve")
    name, document = it.states.started[-1]
    Execution(it, name, document).finished()
    with pytest.raises(InvalidInputError, match="no canary is under way"):
        it.say("approve")


def test_f36_an_abort_that_was_accepted_is_never_overtaken_by_the_promotion(it: World) -> None:
    canary = Execution(it, "orders-1").until("Complete")
    it.say("abort")
    assert canary.finished().end == "RolledBack"
    assert it.server.weights == BASELINE


def test_f36_an_abort_while_the_gate_is_about_to_open_is_followed_beside_it(it: World) -> None:
    canary = Execution(it, "orders-1", asked(gates={"beforePromote": True})).until("Gate")
    it.say("abort")
    opened(it, canary)
    with pytest.raises(CanaryFailedError, match="ABORTED: by bob"):
        evaluate(it.tools, canary.call(EvaluationCall, "watch"))


def test_f36_an_abort_is_not_lost_to_a_command_that_is_just_followed(it: World) -> None:
    canary = Execution(it, "orders-1").until("Evaluate")
    it.say("pause")
    it.interrupt("before lease", lambda: it.say("abort", request="r-2"))
    canary.until("RollBack")
    assert canary.because.startswith("ABORTED: by bob")


@pytest.mark.parametrize("number", range(6))
def test_f36_an_abort_beside_the_promotion_is_refused_or_followed(it: World, number: int) -> None:
    canary = Execution(it, "orders-1").until("Complete")
    refused: list[Exception] = []

    def abort() -> None:
        try:
            it.say("abort")
        except InvalidInputError as error:
            refused.append(error)

    it.interrupt(number, abort)
    canary.finished()
    assert canary.end == ("" if refused or it.effects <= number else "RolledBack")
    assert it.lease.command is None


def test_f37_a_canary_that_fails_at_its_gate_is_rolled_back(it: World, gated: Execution) -> None:
    assert evaluate(it.tools, gated.call(EvaluationCall, "watch")) == {"decided": False, "wait": 15}
    it.cloudwatch.failing.add("v2")
    it.now += 180
    with pytest.raises(CanaryFailedError, match="HARD_STOP"):
        evaluate(it.tools, gated.call(EvaluationCall, "watch"))
    gated.state = "RollBack"
    assert gated.finished().end == "RolledBack"
    assert (it.server.weights, it.lease.phase, it.lease.gate) == (BASELINE, Phase.RELEASED, None)
