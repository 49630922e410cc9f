"""Input, InputPath and InputTransformer."""

import json
from typing import Any

import pytest

from trellis_local.events.transform import InvalidInputError, RuleFacts, target_input

FACTS = RuleFacts(name="rule", arn="arn:rule", ingestion_time="2026-01-01T00:00:00Z")
EVENT: dict[str, Any] = {
    "id": "1",
    "source": "shop",
    "detail": {"name": 'say "hi"', "count": 3, "lines": [{"sku": "a"}], "a.b": True},
}


def transformed(template: str, **paths: str) -> Any:
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    return json.loads(target_input({"InputTransformer": transformer}, EVENT, FACTS))


def test_without_anything_the_whole_event_is_sent() -> None:
    assert json.loads(target_input({}, EVENT, FACTS)) == EVENT


def test_input_is_sent_as_it_is() -> None:
    assert target_input({"Input": '{"x": 1}'}, EVENT, FACTS) == '{"x": 1}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail.count", 3),
        ("$.detail.lines[0].sku", "a"),
        ("$.detail['a.b']", True),
        ("$.detail.lines", [{"sku": "a"}]),
    ],
)
def test_input_path_sends_a_part(path: str, value: Any) -> None:
    assert json.loads(target_input({"InputPath": path}, EVENT, FACTS)) == value


@pytest.mark.parametrize("path", ["detail", "$..name", "$.detail.lines[*]", "$.detail.gone"])
def test_an_input_path_that_gives_nothing_is_an_error(path: str) -> None:
    with pytest.raises(InvalidInputError):
        target_input({"InputPath": path}, EVENT, FACTS)


def test_a_variable_outside_a_string_is_json() -> None:
    assert transformed('{"n": <n>, "l": <l>}', n="$.detail.name", l="$.detail.lines") == {
        "n": 'say "hi"',
        "l": [{"sku": "a"}],
    }


def test_a_variable_inside_a_string_is_text() -> None:
    assert transformed('"<n> x <c>"', n="$.detail.name", c="$.detail.count") == 'say "hi" x 3'


def test_an_escaped_quote_does_not_end_the_string() -> None:
    assert transformed('{"t": "a \\"<c>\\""}', c="$.detail.count") == {"t": 'a "3"'}


def test_a_missing_value_leaves_nothing_in_a_string() -> None:
    assert transformed('{"t": "[<x>]"}', x="$.detail.gone") == {"t": "[]"}


def test_the_reserved_variables_tell_rule_and_event() -> None:
    template = (
        '{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>, '
        '"at": <aws.events.event.ingestion-time>, "event": <aws.events.event>, "all": <aws.events.event.json>}'
    )
    assert transformed(template) == {
        "rule": "rule",
        "arn": "arn:rule",
        "at": "2026-01-01T00:00:00Z",
        "event": {"id": "1", "source": "shop"},
        "all": EVENT,
    }
