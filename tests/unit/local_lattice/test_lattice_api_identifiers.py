"""Identifiers in every operation of the API model: as id, as ARN and of nothing; Get agrees with the creation."""

import pytest
from lattice_answers import mismatches
from lattice_model import MODEL, OPERATIONS, input_of, placed, places, sample
from lattice_world import RESOURCES, RESOURCES_BY_SHAPE

WITH_IDENTIFIERS = [name for name in OPERATIONS if list(places(name, RESOURCES_BY_SHAPE))]
# Get shows the present state, the answer to the creation the first.
MOVING = {"status"}
GETS = [name for name in OPERATIONS if name.startswith("Get") and not name.endswith("Policy")]
NOTHING_THERE = "ResourceNotFoundException"


def modelled_errors(operation):
    return {shape.name for shape in MODEL.operation_model(operation).error_shapes}


def test_every_shape_that_allows_id_and_arn_is_known_to_the_walk():
    patterns = {name: MODEL.shape_for(name).metadata.get("pattern", "") for name in MODEL.shape_names}
    both = {name for name, pattern in patterns.items() if pattern.startswith("((") and "arn" in pattern}
    assert both == set(RESOURCES_BY_SHAPE)


@pytest.mark.parametrize("form", ["id", "arn"])
@pytest.mark.parametrize("operation", WITH_IDENTIFIERS)
def test_an_identifier_is_taken_as_id_and_as_arn_wherever_it_stands(make_world, operation, form):
    refused = []
    for path, field, shape in places(operation, RESOURCES_BY_SHAPE):
        world = make_world("id")
        value = getattr(world, RESOURCES_BY_SHAPE[shape.name])[form]
        request = placed(input_of(operation), world.request(operation), path, value, world.samples)
        answer = world.call(operation, **request)
        if answer.code == NOTHING_THERE or field in answer.fields:
            refused.append((field, answer.document))
    assert refused == []


@pytest.mark.parametrize("operation", WITH_IDENTIFIERS)
def test_an_operation_on_what_does_not_exist_answers_as_the_model_says(wire, operation):
    answer = wire.call(operation, sample(input_of(operation), {}))
    assert mismatches(answer) == []
    named = RESOURCES.keys() & set(input_of(operation).required_members)
    if named and NOTHING_THERE in modelled_errors(operation):
        assert answer.code == NOTHING_THERE


@pytest.mark.parametrize("operation", GETS)
def test_get_tells_the_same_as_the_answer_to_the_creation(make_world, operation):
    world = make_world("id")
    created = getattr(world, RESOURCES[input_of(operation).required_members[-1]])
    found = world.make(operation, **world.request(operation))
    common = (created.keys() & found.keys()) - MOVING
    assert {"id", "arn"} <= common
    assert {name: found[name] for name in common} == {name: created[name] for name in common}
