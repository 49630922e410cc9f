"""Events about tags and shares, from the recorded samples."""

import json
from pathlib import Path
from typing import Any

import pytest

from trellis.errors import InvalidEventError
from trellis.model import NETWORKS_OF_OTHERS
from trellis.unsigned_changes import is_unsigned, parse_unsigned_change

EVENTS = Path(__file__).parents[2] / "events"


def event(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return document


@pytest.mark.parametrize(
    ("name", "touched"),
    [
        ("tag/owner_of_a_service", {"svc-0e3c1a5b7d9f2e4a6"}),
        ("tag/owner_of_a_security_group_rule", {"sgr-0123456789abcdef0"}),
        ("ram/resource_sharing_state_change", {NETWORKS_OF_OTHERS}),
    ],
)
def test_an_event_names_what_has_changed(name: str, touched: set[str]) -> None:
    assert is_unsigned(event(name))
    assert parse_unsigned_change(event(name)).touched == touched


def test_a_call_is_no_such_event() -> None:
    assert not is_unsigned(event("vpc-lattice/update_rule"))


@pytest.mark.parametrize(
    ("owner", "intact"),
    [
        ("111122223333/blue", True),
        ("111122223333/@fleet", True),
        ("111122223333/green", False),
        ("444455556666/blue", False),
        (None, False),
    ],
)
def test_tags_are_intact_while_they_name_the_owner(owner: str | None, intact: bool) -> None:
    changed = event("tag/owner_of_a_service")
    changed["detail"]["tags"] = {"trellis:owner": owner} if owner else {"team": "shop"}
    assert parse_unsigned_change(changed).leaves_intact("blue") is intact


def test_an_event_that_cannot_be_parsed_says_where() -> None:
    broken = event("tag/owner_of_a_service")
    broken["detail"]["tags"] = ["trellis:owner"]
    with pytest.raises(InvalidEventError, match=r"detail\.tags"):
        parse_unsigned_change(broken)
