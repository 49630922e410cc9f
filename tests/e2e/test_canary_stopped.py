"""StopExecution in every state of the canary's machine, which are those of its document.

One sweep later the weights are those from before, or those that somebody asked for; nobody holds the route, and the
report says what has happened. Calls of functions are held up before they begin, so that an execution is found in each
state, and so that the function of a stopped execution runs late: after the takeover where an event tells of the end,
and before it where only the sweep does.
"""

import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from hooks import HOOK, hook_function
from machine_states import following, inside, lasting_states, open_states
from observing import CLUSTER_B, events_kept_away
from test_canary import SECONDS, Shop, opened, requests

from trellis_local.walkthrough import Walkthrough, World

HELD_MILLISECONDS = 40_000  # of the stack's clock, two real seconds
ATTEMPTS = 3
STATES = lasting_states()
GOING_BACK = following("RollBack")
GATE = inside("Gate")
CASES = [*((state, number % 2 == 0) for number, state in enumerate(STATES)), ("Complete", True)]

Hold = Callable[[], object]
Way = Callable[[Shop, Hold], str]
"""Starts a canary and brings it near a state, with functions held from the moment on that the first call demands."""


@pytest.fixture(scope="module")
def shop(world: World, onboarded: Walkthrough) -> Iterator[Shop]:
    with hook_function(world), opened(world, onboarded.vpcs["a"]) as shop:
        yield shop


def start(shop: Shop, **more: Any) -> str:
    return shop.start(analysis={"minRequests": 20, "metricDelaySeconds": 60}, **more)


def plain(shop: Shop, hold: Hold) -> str:
    hold()
    return start(shop)


def gated(shop: Shop, hold: Hold, **more: Any) -> str:
    hold()
    topic = shop.world.aws("sns").create_topic(Name="canaries")["TopicArn"]
    return start(shop, gates={"beforeStart": True, **more}, notify=[topic])


def undecided(shop: Shop, hold: Hold) -> str:
    return gated(shop, hold, timeoutSeconds=60)


def at_its_end(shop: Shop, hold: Hold) -> str:
    execution = start(shop, strategy={"type": "allAtOnce", "finalBakeSeconds": 360})
    shop.reach("FINAL_BAKE")
    hold()
    shop.command("skip")
    return execution


def asked_after_a_step(shop: Shop, hold: Hold) -> str:
    execution = start(shop, hooks={"afterStep": HOOK})
    shop.reach("BAKING")
    hold()
    return execution


def aborted(shop: Shop, hold: Hold, **more: Any) -> str:
    execution = start(shop, **more)
    shop.reach("BAKING")
    hold()
    shop.command("abort")
    return execution


def aborted_without_a_baseline(shop: Shop, hold: Hold) -> str:
    execution = start(shop)
    shop.reach("BAKING")
    shop.fail("orders-v1")
    shop.world.wait("an unhealthy v1", lambda: targets_of_v1(shop) == {"unhealthy"}, seconds=SECONDS)
    hold()
    shop.command("abort")
    return execution


def aborted_and_told(shop: Shop, hold: Hold) -> str:
    return aborted(shop, hold, hooks={"postRollout": HOOK})


WAYS: dict[str, Way] = {
    "AskHook": asked_after_a_step,
    "TellHook": aborted_and_told,
    "NobodyDecided": undecided,
    "Complete": at_its_end,
    "RecordRollbackFailure": aborted_without_a_baseline,
}


def way_to(state: str) -> Way:
    """How a canary gets there: most states lie on the way of any, or behind a gate, or on the way back."""
    usual = aborted if state in GOING_BACK else gated if state in GATE else plain
    return WAYS.get(state, usual)


def targets_of_v1(shop: Shop) -> set[str]:
    return set(shop.status()["baselineVersion"]["targets"])


@contextmanager
def held_functions(shop: Shop) -> Iterator[None]:
    """The calls of functions by executions begin late."""
    machine = shop.world.aws("stepfunctions").describe_state_machine(stateMachineArn=shop.machine)
    order = {"kind": "latency", "service": "lambda", "operation": "Invoke", "milliseconds": HELD_MILLISECONDS}
    fault = _faults(shop, "", json.dumps({**order, "caller": machine["roleArn"]}).encode())
    try:
        yield
    finally:
        _faults(shop, f"?id={fault['id']}")


def _faults(shop: Shop, query: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(
        f"{shop.world.url}/_local/faults{query}", data=body, method="POST" if body else "DELETE"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def stopped(shop: Shop, state: str) -> str:
    """An execution that was stopped in this state, while its function, if it has one, had not begun."""
    states = shop.world.aws("stepfunctions")
    for _ in range(ATTEMPTS):
        with ExitStack() as held:
            execution = way_to(state)(shop, lambda stack=held: stack.enter_context(held_functions(shop)))
            shop.world.wait(state, lambda name=execution: state in open_states(states, name), seconds=SECONDS)
            shop.stop(execution)
        if state in open_states(states, execution):
            return execution
        # It went on in this very moment; the next one may be faster.
        restore(shop, execution)
    raise AssertionError(f"never stopped in {state}")


class Invocations:
    """How many functions each execution has called, as far as they have run to their end."""

    def __init__(self, world: World) -> None:
        self._world, self._seen = world, 0
        self._ended: Counter[str] = Counter()

    def of(self, execution: str) -> int:
        with urllib.request.urlopen(f"{self._world.url}/_local/calls?after={self._seen}", timeout=30) as answer:
            for call in json.load(answer):
                self._seen = call["seq"]
                self._ended[call["principal"].rsplit("/", 1)[-1]] += call["operation"] == "Invoke"
        return self._ended[execution.rsplit(":", 1)[-1]]


def await_late_function(shop: Shop, execution: str) -> None:
    """Until every function that the execution has called has run to its end, also after the stop."""
    history = shop.world.aws("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)
    details = [event.get("taskScheduledEventDetails", {}) for event in history["events"]]
    called = [each.get("resourceType") for each in details].count("lambda")
    calls = Invocations(shop.world)
    shop.world.wait(f"the last function of {execution}", lambda: calls.of(execution) >= called, seconds=SECONDS)


def restore(shop: Shop, execution: str) -> list[str]:
    """What one sweep does about an execution that was stopped, with everything that follows from it."""
    await_late_function(shop, execution)
    if targets_of_v1(shop) != {"healthy"}:
        shop.fail("orders-v1", None)
        shop.world.wait("a healthy v1", lambda: targets_of_v1(shop) == {"healthy"}, seconds=SECONDS)
        shop.reach("ROLLBACK_FAILED")
    did = shop.sweep()
    shop.world.wait("an end", lambda: shop.phase() in {"", "RELEASED", "PROMOTED_PENDING_GIT"}, seconds=SECONDS)
    return did


@pytest.mark.parametrize(("state", "is_told"), CASES)
def test_a_canary_that_is_stopped_leaves_nothing_behind(state: str, is_told: bool, shop: Shop) -> None:
    before = shop.documents()
    with ExitStack() as quiet:
        if not is_told:
            quiet.enter_context(events_kept_away(shop.world, "ReapCanary"))
        if state == "AskHook":
            quiet.enter_context(requests(shop))  # a step without any is not passed
        execution = stopped(shop, state)
        restore(shop, execution)
    found = [each for each in map(shop.report, shop.documents() - before) if "result" in each]
    reports = [each for each in found if execution.rsplit(":", 1)[-1] in each["execution"]]
    assert shop.sweep() == []
    if shop.phase() == "PROMOTED_PENDING_GIT":
        assert state == "Complete"
        _assert_promoted(shop, reports)
        return
    assert shop.phase() == "RELEASED"
    assert (shop.served(), shop.weights()) == ({(100, 0)}, [100, 0])
    assert shop.canary_annotations() == {}
    assert {report["result"] for report in reports} - {"ROLLBACK_FAILED"} == {"ROLLED_BACK"}
    # An abort that a function has followed before the stop stays the reason.
    assert {report["reasonCode"] for report in reports} <= {"STOPPED", "ABORTED" if state in GOING_BACK else ""}


def _assert_promoted(shop: Shop, reports: list[dict[str, Any]]) -> None:
    """Its last function ran although it was stopped: that is what was asked for, until the manifests say otherwise."""
    assert (shop.served(), shop.weights()) == ({(0, 100)}, [0, 100])
    assert [report["result"] for report in reports] == ["PROMOTED"]
    shop.declare(0, 100)
    assert shop.sweep() == ["cleared"]
    shop.declare(100, 0)
    shop.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    assert shop.served() == {(100, 0)}


def test_an_operators_own_weights_stay_when_the_canary_is_stopped(shop: Shop) -> None:
    execution = start(shop, safety={"onExternalEdit": "hold"})
    shop.reach("BAKING")
    shop.declare(93, 7)
    shop.reach("PAUSED")
    shop.stop(execution)
    restore(shop, execution)
    shop.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
    assert (shop.served(), shop.weights()) == ({(93, 7)}, [93, 7])
    assert (shop.phase(), shop.canary_annotations()) == ("RELEASED", {})
    shop.declare(100, 0)
    shop.world.run("reconcile-cluster", {"cluster": CLUSTER_B})
