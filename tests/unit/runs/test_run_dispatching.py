"""Events and the executions that they start."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import toolbox

from trellis.errors import InvalidEventError
from trellis.runs.dispatching import dispatch


class AlreadyExistsError(Exception):
    """What botocore generates for ExecutionAlreadyExists."""


class StepFunctions:
    """Starts executions; a name is taken once."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=AlreadyExistsError)

    def __init__(self) -> None:
        self.started: dict[str, tuple[str, Any]] = {}

    def start_execution(self, **call: str) -> dict[str, str]:
        if call["name"] in self.started:
            raise AlreadyExistsError
        self.started[call["name"]] = call["stateMachineArn"], json.loads(call["input"])
        return {"executionArn": f"{call['stateMachineArn']}:{call['name']}"}


def event(call: str, *, number: str = "0d079340", **parameters: Any) -> dict[str, Any]:
    detail = {"eventSource": "eks.amazonaws.com", "eventName": call, "requestParameters": parameters}
    return {"id": number, "detail": detail}


def started(*events: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    states = StepFunctions()
    tools = toolbox(
        onboard_machine="onboard", offboard_machine="offboard", clients=SimpleNamespace(stepfunctions=states)
    )
    for found in events:
        dispatch(tools, found)
    return states.started


def test_a_tagged_cluster_is_onboarded_under_the_name_of_the_event() -> None:
    created = event("CreateCluster", name="blue", tags={"trellis:service-network": "net"})
    assert started(created) == {"onboard-0d079340": ("onboard", {"cluster": "blue"})}


def test_a_deleted_cluster_is_offboarded() -> None:
    assert started(event("DeleteCluster", name="blue")) == {"offboard-0d079340": ("offboard", {"cluster": "blue"})}


def test_an_event_that_comes_twice_starts_one_execution() -> None:
    assert len(started(*[event("DeleteCluster", name="blue")] * 2)) == 1


def test_an_untagged_cluster_starts_nothing() -> None:
    assert started(event("CreateCluster", name="blue", tags={"team": "shop"})) == {}


def test_an_execution_name_is_no_longer_than_step_functions_allows() -> None:
    (name,) = started(event("DeleteCluster", name="blue", number="e" * 200))
    assert len(name) == 80


def test_a_broken_event_is_refused_with_the_place() -> None:
    with pytest.raises(InvalidEventError, match=r"detail\.requestParameters\.tags: "):
        started(event("CreateCluster", name="blue", tags=["net"]))
