"""Lambda functions as targets (VPC Lattice User Guide, Lambda functions as targets)."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from dataplane_fakes import HOST, NETWORK, World, plane_of, walkthrough

from trellis_local.dataplane import lambda_events
from trellis_local.dataplane.contract import FunctionFailedError
from trellis_local.dataplane.messages import NoAnswer
from trellis_local.dataplane.plane import DataPlane
from trellis_local.lattice.view import TargetView

FUNCTION = "arn:aws:lambda:us-west-2:111122223333:function:hello"


class Function:
    """A function that keeps its events and gives one result, or raises one error."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.result: object = {"statusCode": 200, "body": "hello"}

    def __call__(self, arn: str, payload: bytes) -> bytes:
        assert arn == FUNCTION
        self.events.append(json.loads(payload))
        if isinstance(self.result, Exception):
            raise self.result
        return json.dumps(self.result).encode()


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def world(function: Function) -> World:
    world = walkthrough()
    world.functions = function
    use(world, "V1")
    return world


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


def use(world: World, version: str) -> None:
    group = replace(world.groups["tg-v1"], type="LAMBDA", protocol="", port=0, vpc_id="", protocol_version="")
    target = TargetView(FUNCTION, 0, "UNAVAILABLE")
    world.groups["tg-v1"] = replace(group, targets=(target,), lambda_event_structure_version=version)


def post(plane: DataPlane, body: bytes = b"", kind: str = "text/plain", path: str = "/popular?a=1&a=2&b="):
    return plane.request("vpc-a", "POST", f"http://{HOST}{path}", {"Content-Type": kind}, body=body)


def test_version_1_has_the_last_of_repeated_values(plane, function):
    assert post(plane, b"hi").body == b"hello"
    event = function.events[0]
    assert sorted(event) == ["body", "headers", "is_base64_encoded", "method", "query_string_parameters", "raw_path"]
    assert (event["raw_path"], event["method"], event["body"]) == ("/popular", "POST", "hi")
    assert event["query_string_parameters"] == {"a": "2", "b": ""}
    assert event["headers"]["x-forwarded-port"] == "80"


def test_version_2_has_all_values_and_says_where_the_request_comes_from(plane, world, function):
    use(world, "V2")
    post(plane)
    event = function.events[0]
    assert (event["version"], event["path"]) == ("2.0", "/popular?a=1&a=2&b=")
    assert event["queryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert event["headers"]["host"] == [HOST]
    context = event["requestContext"]
    assert (context["serviceNetworkArn"], context["serviceArn"]) == (NETWORK.arn, world.service.arn)
    assert (context["targetGroupArn"], context["region"]) == (world.groups["tg-v1"].arn, "us-west-2")
    assert context["identity"] == {"sourceVpcArn": "arn:aws:ec2:us-west-2:111122223333:vpc/vpc-a"}
    assert len(context["timeEpoch"]) == 16


@pytest.mark.parametrize(
    ("kind", "is_base64"),
    [("application/json; charset=utf-8", False), ("text/csv", False), ("image/png", True), ("application/x", True)],
)
def test_bodies_that_are_no_text_are_base64(plane, function, kind, is_base64):
    post(plane, b"{}", kind)
    event = function.events[0]
    assert (event["is_base64_encoded"], event["body"]) == (is_base64, "e30=" if is_base64 else "{}")


def test_a_function_chooses_status_headers_and_bytes(plane, function):
    function.result = {"statusCode": 201, "headers": {"X-A": "b"}, "isBase64Encoded": True, "body": "AAE="}
    answer = post(plane)
    assert (answer.status, answer.headers["x-a"], answer.body) == (201, "b", b"\x00\x01")


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        {},
        {"statusCode": "200"},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "isBase64Encoded": True, "body": "?"},
        FunctionFailedError("Unhandled"),
    ],
)
def test_a_result_that_is_no_answer_gives_502(plane, world, function, result):
    function.result = result
    assert post(plane).status == 502
    assert world.exchanges[-1].routed.failure == "TargetProtocolError"


def test_a_function_that_is_gone_gives_500(plane, world, function):
    function.result = NoAnswer("no function")
    assert post(plane).status == 500
    assert world.exchanges[-1].routed.failure == "TargetConnectionError"


def test_a_body_over_6_mb_is_refused(plane, function, monkeypatch):
    monkeypatch.setattr(lambda_events, "MOST_BODY_BYTES", 3)
    assert post(plane, b"four").status == 413
    assert function.events == []
