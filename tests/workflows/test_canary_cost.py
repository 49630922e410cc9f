"""What a canary costs in state transitions, counted on the definition: at most 200 for an hour of baking."""

from pathlib import Path
from typing import Any

from trellis.canary.liveness import seconds_to_next_look
from trellis.canary.request import parse_request
from trellis.canary.strategy import steps_of
from trellis_local.deploy.yaml_loading import load

_DEFINITION = Path(__file__).parents[2] / "statemachines" / "shift-canary.asl.yaml"
_ASKED = {
    "cluster": "blue",
    "route": {"namespace": "shop", "name": "orders"},
    "baseline": {"name": "orders-v1"},
    "canary": {"name": "orders-v2"},
}


def _caught(state: dict[str, Any], error: str) -> str:
    return str(next(rule["Next"] for rule in state["Catch"] if rule["ErrorEquals"] == [error]))


def _chosen(state: dict[str, Any], wish: str) -> str:
    return str(next(rule["Next"] for rule in state["Choices"] if f"'{wish}'" in rule["Condition"]))


def _transitions(bakes: list[int], start: float) -> int:
    """Walk through the machine as its functions would lead it, and count the states that are entered."""
    states, request = load(_DEFINITION)["States"], parse_request(_ASKED)
    entered, name, now, verified, step = 1, "Begin", start, start, -1
    while "End" not in states[name] and states[name]["Type"] not in {"Succeed", "Fail"}:
        state = states[name]
        if name == "Evaluate" and now - verified >= bakes[step]:
            name = _caught(state, "StepEndedError")
        elif name == "Decide":
            step += 1
            name = _chosen(state, "SHIFT" if step < len(bakes) else "COMPLETE")
        elif name == "Tick":
            left = bakes[step] - (now - verified)
            now += min(seconds_to_next_look(request, now=now), left) if left > 0 else 60
            name = state["Next"]
        else:
            verified = now if name == "Verify" else verified
            name = state.get("Next") or state["Default"]
        entered += 1
    return entered


def test_four_default_steps_cost_less_than_200_transitions_per_hour_of_baking() -> None:
    bakes = [step.bake_seconds for step in steps_of(parse_request(_ASKED).strategy)]
    assert len(bakes) == 4
    for second in range(0, 60, 7):
        assert _transitions(bakes, 1_000_000_020.0 + second) < 200 * sum(bakes) / 3600


def test_so_do_the_shortest_steps_that_are_honest() -> None:
    assert _transitions([360] * 4, 1_000_000_020.0) < 200 * 4 * 360 / 3600
