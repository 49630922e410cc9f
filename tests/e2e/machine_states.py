"""The states of the canary's state machine: which take time, and in which an execution is just now."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trellis_local.deploy.yaml_loading import load

DEFINITION = Path(__file__).parents[2] / "statemachines" / "shift-canary.asl.yaml"
_LASTING = {"Task", "Wait", "Parallel"}
_ENTERED, _EXITED = "stateEnteredEventDetails", "stateExitedEventDetails"


def lasting_states() -> list[str]:
    """The names of all states in which an execution can be found, those of branches too, in the document's order.

    Choice, Pass, Succeed and Fail take no time: an execution that is stopped there has either left the state before or
    entered the next one, and nothing but Tasks has effects.
    """
    return list(_lasting(_states()))


def inside(name: str) -> set[str]:
    """A Parallel state and the states of its branches."""
    return {name, *(each for branch in _states()[name]["Branches"] for each in branch["States"])}


def following(name: str) -> set[str]:
    """A state and all that can be entered after it."""
    found: set[str] = set()
    coming = [name]
    while coming:
        state = coming.pop()
        if state not in found:
            found.add(state)
            coming += _next(_states()[state])
    return found


def _states() -> dict[str, Any]:
    states: dict[str, Any] = load(DEFINITION)["States"]
    return states


def _next(state: Mapping[str, Any]) -> Iterator[str]:
    for place in (state, *state.get("Catch", ()), *state.get("Choices", ())):
        if "Next" in place:
            yield place["Next"]
    if "Default" in state:
        yield state["Default"]


def _lasting(states: Mapping[str, Any]) -> Iterator[str]:
    for name, state in states.items():
        if state["Type"] in _LASTING:
            yield name
        for branch in state.get("Branches", ()):
            yield from _lasting(branch["States"])


def open_states(stepfunctions: Any, execution: str) -> set[str]:
    """The states that an execution has entered and not left; Tasks when what they call has been called."""
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = {event["id"]: event for page in pages for event in page["events"]}
    found: dict[int, str] = {}
    for event in events.values():
        if event["type"] == "TaskStarted" or (_ENTERED in event and event["type"] != "TaskStateEntered"):
            entry = _entry(events, event)
            found[entry["id"]] = entry[_ENTERED]["name"]
        elif _EXITED in event:
            found.pop(_entry(events, event, event[_EXITED]["name"])["id"], None)
    return set(found.values())


def _entry(events: Mapping[int, Any], event: Any, name: str = "") -> Any:
    """The entering of the state, or of the one with this name, that an event belongs to."""
    while _ENTERED not in event or name not in ("", event[_ENTERED]["name"]):
        event = events[event["previousEventId"]]
    return event
