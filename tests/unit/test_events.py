"""Events about EKS clusters, from the recorded samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from trellis.errors import InvalidEventError
from trellis.events import parse_cluster_call

EVENTS = Path(__file__).parents[2] / "events" / "eks"


def event(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return document


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("create_cluster", "onboard"),
        ("tag_resource", "onboard"),
        ("untag_resource", "offboard"),
        ("delete_cluster", "offboard"),
    ],
)
def test_an_event_says_what_to_do_for_which_cluster(name: str, action: str) -> None:
    call = parse_cluster_call(event(name))
    assert (call.cluster, call.action) == ("EKS-CLUSTER-A", action)


@pytest.mark.parametrize(
    ("name", "action"),
    [("delete_access_entry", "repair"), ("associate_access_policy", "repair"), ("update_cluster_config", "onboard")],
)
def test_what_only_matters_for_members_says_so(name: str, action: str) -> None:
    call = parse_cluster_call(event(name))
    assert (call.cluster, call.action, call.is_for_members) == ("EKS-CLUSTER-A", action, True)


def test_an_access_entry_names_its_principal_decoded() -> None:
    principal = parse_cluster_call(event("delete_access_entry")).principal
    assert principal == "arn:aws:iam::111122223333:role/trellis/trellis-ReadClusterFunctionRole-1A2B3C4D5E6F"


def test_a_cluster_without_the_tag_is_ignored() -> None:
    created = event("create_cluster")
    created["detail"]["requestParameters"]["tags"] = {"team": "blue"}
    assert parse_cluster_call(created).action == "ignore"


def test_a_tag_on_a_node_group_names_no_cluster() -> None:
    tagged = event("tag_resource")
    arn = "arn:aws:eks:us-west-2:111122223333:nodegroup/EKS-CLUSTER-A/workers/12ab"
    tagged["detail"]["requestParameters"]["resourceArn"] = arn
    assert parse_cluster_call(tagged).cluster is None


def test_an_older_record_spells_the_name_differently() -> None:
    created = event("create_cluster")
    created["detail"]["requestParameters"] = {"clusterName": "old"}
    assert parse_cluster_call(created).cluster == "old"


@pytest.mark.parametrize("broken", [{}, {"id": "1", "detail": "text"}, {"id": "1", "detail": {"eventSource": "s3"}}])
def test_an_event_that_cannot_be_parsed_says_where(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match=r"detail|id"):
        parse_cluster_call(broken)


def test_an_event_without_a_cluster_is_invalid() -> None:
    created = event("create_cluster")
    created["detail"]["requestParameters"] = {}
    with pytest.raises(InvalidEventError, match="names no cluster"):
        parse_cluster_call(created)
