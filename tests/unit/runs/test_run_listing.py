"""The input of check-drift: the fleet, or the one cluster that somebody asks for."""

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from run_tools import toolbox

from trellis.errors import ClusterNotRegisteredError
from trellis.runs.listing import ListRequest, list_runs


def listed(**document: Any) -> list[dict[str, Any]]:
    arn = "arn:aws:eks:us-west-2:111122223333:cluster/blue"
    page = {"ResourceTagMappingList": [{"ResourceARN": arn}]}
    tagging = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [page]))
    tools = toolbox(clients=SimpleNamespace(tagging=tagging))
    runs: list[dict[str, Any]] = list_runs(tools, ListRequest.model_validate(document))["clusters"]
    return runs


def test_the_schedule_checks_every_cluster_in_its_own_mode() -> None:
    assert listed() == [{"cluster": "blue", "lane": "schedule"}]


def test_a_person_checks_one_cluster_in_the_mode_of_their_choice() -> None:
    assert listed(cluster="blue", mode="plan") == [{"cluster": "blue", "lane": "manual", "mode": "plan"}]


def test_a_cluster_that_is_not_registered_is_an_error_that_names_it() -> None:
    with pytest.raises(ClusterNotRegisteredError, match="cluster green is not registered"):
        listed(cluster="green")


@pytest.mark.parametrize("document", [{"mode": "off"}, {"cluster": "-x"}, {"cluster": ""}, {"clusters": ["blue"]}])
def test_an_input_of_another_form_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        listed(**document)
