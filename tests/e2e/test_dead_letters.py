"""Events as they come: broken, unwanted, doubled, and those that ask for something that cannot be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from extra_cluster import TAG, ExtraCluster, extra_cluster
from observing import execute, executions, reports

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

NAME = "latecomer"


@pytest.fixture(scope="module")
def cluster(onboarded: Walkthrough, world: World) -> Iterator[ExtraCluster]:
    """A cluster that was created without the tag."""
    with extra_cluster(world, NAME) as made:
        yield made


@pytest.fixture
def dead_letters(stack: Stack, world: World) -> Iterator[str]:
    """The queue's URL; before and afterwards it is empty."""
    url = stack.deployment.outputs["DeadLettersUrl"]
    drain(world, url)
    yield url
    drain(world, url)


def test_an_event_that_cannot_be_parsed_is_kept_with_the_reason(stack: Stack, world: World, dead_letters: str) -> None:
    broken: list[tuple[Any, str]] = [
        ({"name": ["not", "a", "name"]}, "detail.requestParameters.name: "),
        ({"name": NAME, "tags": "everything"}, "detail.requestParameters.tags: "),
        ({}, "detail.requestParameters: names no cluster"),
        (None, "detail.requestParameters: "),
    ]
    places = {stack.bus.publish(event("CreateCluster", parameters)): place for parameters, place in broken}
    letters = [
        world.wait("a dead letter", lambda: receive(world, dead_letters), seconds=30) for _ in range(len(places))
    ]
    assert {letter["requestPayload"]["id"] for letter in letters} == set(places)
    for letter in letters:
        assert letter["responsePayload"]["errorType"] == "InvalidEventError"
        assert places[letter["requestPayload"]["id"]] in letter["responsePayload"]["errorMessage"]


def test_a_record_of_a_change_that_cannot_be_parsed_is_kept_too(stack: Stack, world: World, dead_letters: str) -> None:
    broken = event("UpdateRule", "everything")
    broken["source"] = "aws.vpc-lattice"
    broken["detail"] |= {"eventSource": "vpc-lattice.amazonaws.com", "readOnly": False, "eventTime": "2026-11-02"}
    stack.bus.publish(broken)
    letter = world.wait("a dead letter", lambda: receive(world, dead_letters), seconds=30)
    assert letter["responsePayload"]["errorType"] == "InvalidEventError"
    assert "detail.requestParameters: " in letter["responsePayload"]["errorMessage"]


def test_failed_calls_and_calls_of_trellis_itself_start_nothing(stack: Stack, world: World, dead_letters: str) -> None:
    failed = event("DeleteCluster", {"name": "ghost"})
    failed["detail"]["errorCode"] = "AccessDenied"
    own = event("DeleteCluster", {"name": "ghost"})
    own["detail"]["userIdentity"] = identity("arn:aws:iam::111122223333:role/trellis/some-function")
    somebody = event("DeleteCluster", {"name": "ghost"})
    somebody["detail"]["userIdentity"] = identity("arn:aws:iam::111122223333:role/admins")
    for sent in (failed, own, somebody):
        stack.bus.publish(sent)
    world.wait("the one execution", lambda: len(executions(world, "offboard-cluster", "ghost")) == 1)
    assert stack.bus.wait_idle()
    assert len(executions(world, "offboard-cluster", "ghost")) == 1
    assert receive(world, dead_letters) is None


def test_an_event_that_comes_twice_starts_one_execution(stack: Stack, world: World, dead_letters: str) -> None:
    twice = {**event("DeleteCluster", {"name": "twice"}), "id": "0d079340-135a-c8c6-95c2-41fb8f496c53"}
    invoked = [stack.bus.publish(twice) for _ in range(2)]
    assert invoked[0] == invoked[1]
    world.wait("the execution", lambda: executions(world, "offboard-cluster", "twice"))
    third = event("DeleteCluster", {"name": "third"})
    stack.bus.publish(third)
    world.wait("a later event's execution", lambda: executions(world, "offboard-cluster", "third"))
    assert len(executions(world, "offboard-cluster", "twice")) == 1
    assert receive(world, dead_letters) is None


def test_a_cluster_without_the_tag_is_left_alone(cluster: ExtraCluster, world: World) -> None:
    assert executions(world, "onboard-cluster", NAME) == []


def test_a_tag_that_is_no_networks_name_fails_the_onboarding_with_a_report(cluster: ExtraCluster, world: World) -> None:
    assert cluster.join("No Such Network!") == "FAILED"
    lines = [line for report in reports(world, NAME) for line in report["refused"]]
    assert [line["reason"] for line in lines] == ["InvalidInputError"]
    assert f"tag {TAG}: " in lines[0]["message"]


def test_tagging_an_existing_cluster_onboards_it_and_untagging_makes_it_leave(
    cluster: ExtraCluster, world: World
) -> None:
    assert cluster.join() == "SUCCEEDED"
    converged = execute(world, "reconcile-cluster", {"cluster": NAME})
    assert json.loads(converged["output"])["status"] == "CONVERGED"
    assert cluster.leave() == "SUCCEEDED"
    gone = execute(world, "reconcile-cluster", {"cluster": NAME})
    assert gone["status"] == "FAILED"


def event(name: str, parameters: Any) -> dict[str, Any]:
    """CloudTrail's record of a call to Amazon EKS by an IAM user."""
    return {
        "source": "aws.eks",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventVersion": "1.09",
            "eventSource": "eks.amazonaws.com",
            "eventName": name,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/someone"},
            "requestParameters": parameters,
        },
    }


def identity(issuer: str) -> dict[str, Any]:
    return {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": issuer}}}


def receive(world: World, url: str) -> dict[str, Any] | None:
    """Take one message: its body is Lambda's record of the event and of the error."""
    sqs = world.aws("sqs")
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        letter: dict[str, Any] = json.loads(message["Body"])
        return letter
    return None


def drain(world: World, url: str) -> None:
    while receive(world, url):
        pass
