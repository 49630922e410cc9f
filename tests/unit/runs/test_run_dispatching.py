"""Events and the executions that they start."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from run_tools import toolbox

from trellis.errors import InvalidEventError
from trellis.runs.dispatching import dispatch

READER = "arn:aws:iam::111122223333:role/trellis/reader"


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
        onboard_machine="onboard",
        offboard_machine="offboard",
        reader_roles=(READER,),
        clients=SimpleNamespace(stepfunctions=states),
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


def tagged(name: str, *, number: str = "7bf73129", **tags: str) -> dict[str, Any]:
    named = {f"trellis:{key.replace('_', '-')}": value for key, value in tags.items()}
    arn = f"arn:aws:eks:us-west-2:111122223333:cluster/{name}"
    return {"id": number, "detail-type": "Tag Change on Resource", "resources": [arn], "detail": {"tags": named}}


@pytest.mark.parametrize("call", ["DeleteAccessEntry", "UpdateAccessEntry", "AssociateAccessPolicy"])
def test_a_changed_access_entry_of_trellis_is_installed_again(call: str) -> None:
    changed = event(call, name="blue", principalArn=READER.replace(":", "%3A").replace("/", "%2F"))
    assert list(started(changed).values()) == [("onboard", {"cluster": "blue", "repair": True})]


def test_an_access_entry_of_somebody_else_is_no_concern() -> None:
    assert started(event("DeleteAccessEntry", name="blue", principalArn=f"{READER}-of-others")) == {}


def test_a_changed_configuration_is_read_again_for_a_cluster_that_takes_part() -> None:
    assert list(started(event("UpdateClusterConfig", name="blue")).values()) == [("onboard", {"cluster": "blue"})]
    assert started(event("UpdateClusterConfig", name="green")) == {}


def test_two_entries_at_once_are_one_onboarding() -> None:
    entries = [event("DeleteAccessEntry", number=str(number), name="blue", principalArn=READER) for number in range(2)]
    assert len(started(*entries)) == 1


def test_the_call_and_the_tags_that_it_set_are_one_onboarding() -> None:
    call = event("CreateCluster", name="green", tags={"trellis:service-network": "net"})
    assert len(started(call, tagged("green", service_network="net"))) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (tagged("blue", service_network="net"), []),
        (tagged("blue", service_network="net", mode="plan"), ["onboard"]),
        (tagged("blue", service_network="other"), ["onboard"]),
        (tagged("blue"), ["offboard"]),
        (tagged("green", service_network="net"), ["onboard"]),
        (tagged("green"), []),
    ],
)
def test_tags_start_what_the_registry_does_not_say_yet(change: dict[str, Any], expected: list[str]) -> None:
    assert [machine for machine, _ in started(change).values()] == expected
