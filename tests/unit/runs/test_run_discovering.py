"""The schedule finds clusters that joined or left without an event, and takes nothing unread for gone."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from run_tools import CLUSTER, MemoryRegistry, toolbox

from trellis.model import Cluster, ClusterState
from trellis.runs.listing import ListRequest, list_runs

TAG = "trellis:service-network"


class NotFoundError(Exception):
    """What botocore generates for ResourceNotFoundException."""


@dataclass
class Aws:
    """EKS, the Tagging API and Step Functions: clusters by name with status and tags; `hidden` lag in the list."""

    clusters: dict[str, tuple[str, dict[str, str]]]
    hidden: tuple[str, ...] = ()
    denied: bool = False
    started: list[tuple[str, str]] = field(default_factory=list)
    described: list[str] = field(default_factory=list)

    class exceptions:  # noqa: N801 - as boto3 has it
        ResourceNotFoundException = NotFoundError
        ExecutionAlreadyExists = NotFoundError

    def get_paginator(self, operation: str) -> Any:
        tagged = [name for name, (_, tags) in self.clusters.items() if TAG in tags and name not in self.hidden]
        arns = [{"ResourceARN": f"arn:aws:eks:us-west-2:111122223333:cluster/{name}"} for name in tagged]
        return SimpleNamespace(paginate=lambda **request: [{"ResourceTagMappingList": arns}])

    def describe_cluster(self, name: str) -> dict[str, Any]:
        self.described.append(name)
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "DescribeCluster")
        if name not in self.clusters:
            raise NotFoundError
        status, tags = self.clusters[name]
        return {"cluster": {"name": name, "status": status, "tags": tags}}

    def start_execution(self, **call: str) -> dict[str, str]:
        self.started.append((call["stateMachineArn"], call["input"]))
        return {"executionArn": call["name"]}


def checked(aws: Aws, *registered: Cluster, **request: str) -> list[str]:
    clients = SimpleNamespace(eks=aws, tagging=aws, stepfunctions=aws)
    tools: Any = toolbox(clients=clients, onboard_machine="onboard", offboard_machine="offboard")
    tools.registry = MemoryRegistry(*registered)
    runs = list_runs(tools, ListRequest.model_validate({"check": "check-1", **request}))["clusters"]
    return [run["cluster"] for run in runs]


BLUE = {"blue": ("ACTIVE", {TAG: "net"})}


def test_a_fleet_as_it_is_tagged_costs_one_list() -> None:
    aws = Aws(BLUE)
    assert checked(aws, CLUSTER) == ["blue"]
    assert (aws.started, aws.described) == ([], [])


def test_a_tagged_cluster_that_nobody_told_of_is_onboarded() -> None:
    aws = Aws({**BLUE, "green": ("ACTIVE", {TAG: "net"})})
    assert checked(aws, CLUSTER) == ["blue"]
    assert aws.started == [("onboard", '{"cluster": "green"}')]


@pytest.mark.parametrize("status", ["CREATING", "DELETING", "FAILED"])
def test_a_cluster_that_is_not_ready_is_left_to_a_later_check(status: str) -> None:
    aws = Aws({**BLUE, "green": (status, {TAG: "net"})})
    checked(aws, CLUSTER)
    assert aws.started == []


@pytest.mark.parametrize("left", [{}, {"blue": ("ACTIVE", {"team": "shop"})}])
def test_a_cluster_that_is_gone_or_has_lost_its_tag_is_offboarded(left: dict[str, tuple[str, dict[str, str]]]) -> None:
    aws = Aws(left)
    assert checked(aws, CLUSTER) == []
    assert aws.started == [("offboard", '{"cluster": "blue"}')]


def test_a_cluster_that_the_list_does_not_show_is_not_taken_for_gone() -> None:
    aws = Aws(BLUE, hidden=("blue",))
    assert checked(aws, CLUSTER) == ["blue"]
    assert aws.started == []


def test_a_cluster_that_cannot_be_read_is_not_taken_for_gone() -> None:
    aws = Aws({}, denied=True)
    assert checked(aws, CLUSTER) == ["blue"]
    assert aws.started == []


def test_a_cluster_that_leaves_already_is_not_told_again() -> None:
    aws = Aws({})
    assert checked(aws, replace(CLUSTER, state=ClusterState.LEAVING)) == ["blue"]
    assert aws.started == []


@pytest.mark.parametrize("request_", [{"mode": "plan"}, {"cluster": "blue"}])
def test_a_check_that_only_reports_or_is_for_one_cluster_looks_for_no_others(request_: dict[str, str]) -> None:
    aws = Aws({})
    assert checked(aws, CLUSTER, **request_) == ["blue"]
    assert aws.started == []
