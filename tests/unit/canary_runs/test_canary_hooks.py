"""Hooks: an operator's own function is asked on the way, and a refusal ends the canary."""

import pytest
from botocore.exceptions import ClientError
from canary_aws import HOOK
from canary_execution import Execution
from canary_world import BASELINE, World, asked, kill

from trellis.canary.state import Phase
from trellis.runs.canary_preparation import Preparation, prepare
from trellis.runs.canary_status import StatusRequest, status

EVERY = dict.fromkeys(("preStart", "afterStep", "beforePromote", "postRollout"), HOOK)


def hooked(it: World, **changes: object) -> Execution:
    return Execution(it, "orders-1", asked(hooks=EVERY, **changes))


def test_hooks_are_asked_in_their_order_and_told_of_the_end(it: World) -> None:
    assert hooked(it).finished().end == ""
    assert it.functions.names_asked == [
        ("preStart", 0),
        ("afterStep", 50),
        ("beforePromote", 50),
        ("afterStep", 100),
        ("postRollout", 100),
    ]
    assert it.functions.asked[-1]["result"] == "PROMOTED"
    assert [record["hook"] for record in it.lease.progress.hooks] == [name for name, _ in it.functions.names_asked[:-1]]
    assert it.names_told.count("HookAnswered") == 5


def test_a_hook_before_the_start_rejects_and_nothing_is_written(it: World) -> None:
    it.functions.answers["preStart"] = {"passed": False, "reason": "the schema is not there yet"}
    canary = hooked(it).finished()
    assert canary.end == "Rejected"
    assert "E_HOOK_REFUSED" in canary.because
    assert "the schema is not there yet" in canary.because
    assert (it.server.weights, it.is_locked, it.server.writes) == (BASELINE, False, [])


@pytest.mark.parametrize(
    ("hook", "weights"), [("afterStep", (50, 50)), ("beforePromote", (50, 50))], ids=["afterStep", "beforePromote"]
)
def test_a_refusal_on_the_way_rolls_back(it: World, hook: str, weights: tuple[int, int]) -> None:
    it.functions.answers[hook] = {"passed": False, "reason": "orders are lost"}
    canary = hooked(it).until("RollBack")
    assert it.server.weights == weights
    assert canary.because == f"HOOK_REFUSED: {hook}, {HOOK}: orders are lost"
    assert canary.finished().end == "RolledBack"
    assert (it.server.weights, it.lease.phase) == (BASELINE, Phase.RELEASED)
    assert (it.functions.asked[-1]["hook"], it.functions.asked[-1]["result"]) == ("postRollout", "ROLLED_BACK")
    assert it.functions.asked[-1]["resultReason"] == "HOOK_REFUSED"


def test_a_refusal_at_the_last_step_rolls_back_what_was_almost_promoted(it: World) -> None:
    canary = hooked(it).until("AskHook")
    canary.advance()
    canary.advance()
    canary.until("AskHook")
    it.functions.answers["afterStep"] = {"passed": False}
    canary.until("RollBack")
    assert it.server.weights == (0, 100)
    assert canary.finished().end == "RolledBack"
    assert it.server.weights == BASELINE


def test_what_a_hook_says_at_the_end_changes_nothing(it: World) -> None:
    it.functions.answers["postRollout"] = {"passed": False, "reason": "no champagne"}
    assert hooked(it).finished().end == ""
    assert it.server.weights == (0, 100)
    assert it.told[-1][1]["reason"] == "no champagne"


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_function_that_cannot_be_called_has_refused(it: World, code: str) -> None:
    it.functions.answers["afterStep"] = ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")
    canary = hooked(it).until("RollBack")
    assert f"it could not be called: Invoke: {code}" in canary.because


def test_a_function_that_lambda_is_too_busy_for_is_asked_again(it: World) -> None:
    it.functions.answers["afterStep"] = ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
    canary = hooked(it).until("AskHook")
    canary.advance()
    assert canary.state == "AskHook"
    del it.functions.answers["afterStep"]
    assert canary.finished().end == ""


def test_whoever_looks_sees_which_hook_is_asked(it: World) -> None:
    canary = hooked(it).until("AskHook")
    place = StatusRequest(cluster="blue", namespace="shop", name="orders")
    assert status(it.tools, place)["asking"] == "afterStep"
    canary.finished()
    assert status(it.tools, place)["asking"] == ""


def test_a_call_that_dies_with_the_answer_asks_again_with_the_same_id(it: World) -> None:
    canary = hooked(it).until("AskHook")
    it.interrupt("after hook", kill)
    assert canary.finished().end == ""
    first, again = (question for question in it.functions.asked if question["requestId"] == "orders-1/afterStep/0")
    assert first == again


def test_a_call_that_dies_after_the_answer_was_kept_does_not_ask_again(it: World) -> None:
    canary = hooked(it).until("AskHook")
    it.interrupt("after lease", kill)
    assert canary.finished().end == ""
    assert [name for name, _ in it.functions.names_asked].count("afterStep") == 2


def test_a_refusal_that_was_kept_stays_one(it: World) -> None:
    it.functions.answers["afterStep"] = {"passed": False}
    canary = hooked(it).until("AskHook")
    it.interrupt("after lease", kill)
    canary.advance()
    it.functions.answers.clear()
    assert canary.finished().end == "RolledBack"


def test_an_abort_is_not_kept_waiting_by_a_hook(it: World) -> None:
    canary = hooked(it).until("AskHook")
    it.say("abort")
    canary.until("RollBack")
    assert [name for name, _ in it.functions.names_asked] == ["preStart"]


def test_a_gate_opens_after_the_hooks_have_passed(it: World) -> None:
    canary = hooked(it, gates={"beforePromote": True}).until("Gate")
    assert it.functions.names_asked[-1] == ("beforePromote", 50)
    assert canary.state == "Gate"


def test_the_only_step_is_a_promotion(it: World) -> None:
    strategy = {"type": "allAtOnce", "finalBakeSeconds": 360}
    canary = hooked(it, strategy=strategy).until("Shift")
    assert it.functions.names_asked == [("preStart", 0), ("beforePromote", 0)]
    assert canary.finished().end == ""


def test_a_command_to_go_on_skips_the_analysis_and_not_the_hook_before_the_promotion(it: World) -> None:
    canary = hooked(it).until("Evaluate")
    it.say("promote")
    canary.until("Verify")
    assert it.server.weights == (0, 100)
    assert it.functions.names_asked == [("preStart", 0), ("beforePromote", 50)]


def test_hooks_are_denied_where_the_deployment_allows_none(it: World) -> None:
    it.tools.settings = it.tools.settings.model_copy(update={"canary_hooks": ()})  # type: ignore[misc]
    canary = hooked(it).finished()
    assert canary.end == "Rejected"
    assert canary.because.count("E_HOOK_DENIED") == 4
    assert it.functions.asked == []


def test_a_dry_run_asks_nobody(it: World) -> None:
    call = Preparation(input=asked(hooks=EVERY, dryRun=True), execution="arn:aws:x:dry", started="")
    assert prepare(it.tools, call)["next"] == "DRY_RUN"
    assert it.functions.asked == []


def test_the_end_is_not_told_in_the_name_of_another_canary(it: World) -> None:
    first = hooked(it).until("AskHook")
    it.functions.answers["afterStep"] = {"passed": False}
    first.until("TellHook")
    second = Execution(it, "orders-2").until("Evaluate")
    assert first.finished().end == "RolledBack"
    assert second.status == "RUNNING"
    assert "postRollout" not in [name for name, _ in it.functions.names_asked]
