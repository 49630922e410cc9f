"""What hooks are told, and what counts as an answer."""

import io
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from canary_making import request

from trellis.canary.hooks import LONGEST_REASON, Asking, Hook, due, parse_answer, payload
from trellis.resources.hook_functions import ask

HOOK = "arn:aws:lambda:eu-west-1:111122223333:function:check:live"


def answered(body: bytes, **more: Any) -> Any:
    functions = SimpleNamespace(invoke=lambda **_: {"Payload": io.BytesIO(body), **more})
    return ask(cast(Any, functions), HOOK, {})


def test_the_payload_says_which_canary_stands_where() -> None:
    asked = request(requestedBy="alice", reason="CHG-1")
    assert payload(asked, Asking(Hook.AFTER_STEP, "orders-1", "arn:execution", 1)) == {
        "hook": "afterStep",
        "requestId": "orders-1/afterStep/1",
        "canary": "orders-1",
        "execution": "arn:execution",
        "cluster": "prod-eu",
        "route": {"kind": "HTTPRoute", "namespace": "shop", "name": "orders"},
        "versions": {"baseline": "orders-v1", "canary": "orders-v2"},
        "step": 1,
        "percent": 25,
        "percents": [5, 25, 50, 100],
        "requestedBy": "alice",
        "reason": "CHG-1",
        "result": "",
        "resultReason": "",
    }


def test_the_payload_is_json() -> None:
    asked = request(strategy={"steps": [{"percent": 0.5}, {"percent": 100}]})
    assert json.loads(json.dumps(payload(asked, Asking(Hook.PRE_START, "c", "a"))))["percents"] == [0.5, 100]


@pytest.mark.parametrize(
    ("document", "passed"),
    [
        ({"passed": True}, True),
        ({"passed": False, "reason": "no"}, False),
        ({"passed": True, "statusCode": 200}, True),
        ({"passed": "true"}, False),
        ({"passed": 1}, False),
        ({}, False),
        (True, False),
        (None, False),
        ({"passed": True, "reason": 7}, False),
    ],
)
def test_only_a_boolean_passes(document: object, passed: bool) -> None:
    assert parse_answer(document).passed is passed


def test_a_long_reason_is_cut() -> None:
    assert len(parse_answer({"passed": False, "reason": "x" * 10_000}).told) == LONGEST_REASON


def test_a_function_that_fails_has_refused_with_its_own_words() -> None:
    body = json.dumps({"errorType": "KeyError", "errorMessage": "'orders'", "passed": True}).encode()
    found = answered(body, FunctionError="Unhandled")
    assert (found.passed, found.reason) == (False, "it has failed: KeyError: 'orders'")


def test_what_is_no_json_has_refused() -> None:
    assert answered(b"yes").passed is False
    assert answered(b"", FunctionError="Unhandled").reason == "it has failed: without a message"


def test_a_function_that_does_not_answer_in_time_has_refused() -> None:
    def late(**_: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://lambda")

    found = ask(cast(Any, SimpleNamespace(invoke=late)), HOOK, {})
    assert (found.passed, found.reason) == (False, "it has not answered in time")


def test_hooks_are_due_only_where_they_are_given() -> None:
    asked = request(hooks={"beforePromote": HOOK})
    assert due(asked, passed=0, following=1, last=3) == ()
    assert due(asked, passed=2, following=3, last=3) == ("beforePromote",)
    assert due(asked, passed=3, following=4, last=3) == ()
    both = request(hooks={"beforePromote": HOOK, "afterStep": HOOK})
    assert due(both, passed=2, following=3, last=3) == ("afterStep", "beforePromote")
    assert due(both, passed=None, following=0, last=0) == ("beforePromote",)
