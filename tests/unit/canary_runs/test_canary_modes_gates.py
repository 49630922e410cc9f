"""F36 and F37: a person, the clock and the canary itself decide at a gate, and the first of them counts."""

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
    assert it.say("approve")["decision"] == "approve"
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
