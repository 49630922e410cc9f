"""What the options of `trellis canary start` become."""

import pytest

from trellis.canary.request import parse_request
from trellis_cli.canary.asking import Options, document_of

LEAST = Options(cluster="a", route="apps/datastore", baseline="v1", canary="v2")


def test_four_options_are_a_whole_input():
    request = parse_request(document_of(LEAST))
    assert (request.route.namespace, request.route.name) == ("apps", "datastore")
    assert (request.baseline.name, request.canary.name) == ("v1", "v2")


def test_steps_and_bake_become_a_strategy():
    request = parse_request(document_of(Options(**{**vars(LEAST), "steps": "0.5, 50,100", "bake": 400})))
    assert [step.percent for step in request.strategy.steps] == [0.5, 50, 100]
    assert (request.strategy.bake_seconds, request.strategy.final_bake_seconds) == (400, 400)


def test_an_option_wins_over_the_file_member_by_member():
    given = {"reason": "old", "strategy": {"bakeSeconds": 900, "type": "allAtOnce"}, "alarms": {"names": ["a"]}}
    found = document_of(Options(**{**vars(LEAST), "given": given, "reason": "new", "bake": 600}))
    assert found["reason"] == "new"
    assert found["strategy"] == {"bakeSeconds": 600, "finalBakeSeconds": 600, "type": "allAtOnce"}
    assert found["alarms"] == {"names": ["a"]}


def test_what_is_not_given_is_not_asked_for():
    assert document_of(Options(requested_by="alice")) == {"requestedBy": "alice"}


@pytest.mark.parametrize("route", ["datastore", "/datastore", "apps/"])
def test_a_route_needs_its_namespace(route):
    with pytest.raises(ValueError, match="--route"):
        document_of(Options(route=route))


@pytest.mark.parametrize("steps", ["5,,100", "five", "5;100"])
def test_steps_are_numbers(steps):
    with pytest.raises(ValueError, match="--steps"):
        document_of(Options(steps=steps))
