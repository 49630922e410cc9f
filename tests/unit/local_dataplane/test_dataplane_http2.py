"""HTTP/2 on HTTPS and HTTP listeners, and which target groups take it.

VPC Lattice User Guide: HTTPS listeners (ALPN), Target groups (Protocol version), HTTP status codes (header limits).
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import h2.events
import h2.settings
import pytest
from dataplane_connections import Http2Client, connected, https_world, tls_settings, tunnel
from dataplane_fakes import GENERATED, World, path_rule, plane_of, walkthrough

from trellis_local.dataplane.http2 import PREFACE
from trellis_local.dataplane.plane import DataPlane


@pytest.fixture
def world() -> World:
    return https_world()


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def http2(plane: DataPlane) -> Iterator[Http2Client]:
    with connection(plane) as http2:
        yield http2


@contextmanager
def connection(plane: DataPlane) -> Iterator[Http2Client]:
    context = tls_settings(plane, alpn=("h2",))
    with connected(plane) as plain, context.wrap_socket(plain, server_hostname=GENERATED) as tls:
        yield Http2Client(tls)


def use_version(world: World, version: str) -> None:
    world.groups = {name: replace(group, protocol_version=version) for name, group in world.groups.items()}


def test_a_request_is_answered_and_told_to_be_http_2(http2, world):
    headers, body, _ = http2.answer(http2.ask("GET", "/popular?x=1", x_test="yes"))
    told = json.loads(body)
    assert (headers[":status"], told["path"], told["headers"]["x-test"]) == ("200", "/popular?x=1", "yes")
    assert world.exchanges[-1].request.transport.protocol == "HTTP/2"


def test_http_1_groups_get_http_1_and_http_2_groups_http_2(http2, world):
    assert json.loads(http2.answer(http2.ask("GET", "/popular"))[1])["protocol"] == "HTTP/1.1"
    use_version(world, "HTTP2")
    assert json.loads(http2.answer(http2.ask("GET", "/popular"))[1])["protocol"] == "HTTP/2"


@pytest.mark.parametrize(
    ("version", "method", "status"),
    [("HTTP1", "POST", 200), ("HTTP2", "GET", 200), ("GRPC", "POST", 200), ("GRPC", "GET", 502)],
)
def test_which_groups_take_http_2(http2, world, version, method, status):
    use_version(world, version)
    assert http2.answer(http2.ask(method, "/popular"))[0][":status"] == str(status)


@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_http_1_to_a_group_of_another_version_is_a_protocol_error(plane, world, version):
    use_version(world, version)
    assert plane.request("vpc-a", "POST", f"https://{GENERATED}/popular").status == 502
    assert world.exchanges[-1].routed.failure == "TargetProtocolError"


def test_streams_are_answered_at_once(http2, world):
    world.annotate("vpc-b", "192.168.48.10", latency_ms="500")
    started = time.monotonic()
    streams = [http2.ask("GET", "/popular") for _ in range(10)]
    assert {http2.answer(stream)[0][":status"] for stream in streams} == {"200"}
    assert time.monotonic() - started < 2.5


def test_a_fast_stream_does_not_wait_for_a_slow_one(http2, world):
    world.annotate("vpc-b", "192.168.48.10", latency_ms="1000")
    slow, fast = http2.ask("GET", "/popular"), http2.ask("GET", "/other")
    http2.answer(fast)
    assert not any(getattr(event, "stream_id", 0) == slow for event in http2.events)
    assert http2.answer(slow)[0][":status"] == "200"


def test_a_body_larger_than_the_windows_arrives_whole(http2):
    stream = http2.ask("POST", "/popular", body=b"a" * 10_000)
    http2.answer(stream)
    stream = http2.h2.get_next_available_stream_id()
    pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", GENERATED), (":path", "/popular")]
    http2.h2.send_headers(stream, pseudo)
    left = 300_000
    while left:
        size = min(left, http2.h2.local_flow_control_window(stream), http2.h2.max_outbound_frame_size)
        if size:
            left -= size
            http2.h2.send_data(stream, b"b" * size, end_stream=not left)
            http2.flush()
        else:
            http2.events += http2.h2.receive_data(http2.connection.recv(65536))
    assert json.loads(http2.answer(stream)[1])["body"]["length"] == 300_000


def test_an_answer_waits_for_the_windows_of_the_client(http2):
    http2.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 10})
    http2.flush()
    http2.until(h2.events.SettingsAcknowledged)
    stream = http2.ask("GET", "/popular")
    first = next(e for e in http2.until(h2.events.DataReceived, stream) if isinstance(e, h2.events.DataReceived))
    assert len(first.data) == 10
    assert json.loads(http2.answer(stream)[1])["version"] == "v1"


def test_too_many_headers_get_400(http2):
    many = {f"x-{number}": "a" for number in range(101)}
    assert http2.answer(http2.ask("GET", "/popular", **many))[0][":status"] == "400"


def test_header_fields_of_more_than_60_k_get_400(http2):
    large = {f"x-{number}": "a" * 5000 for number in range(13)}
    assert http2.answer(http2.ask("GET", "/popular", **large))[0][":status"] == "400"


def test_a_request_without_answer_resets_its_stream_only(plane, world):
    listener = world.service.listeners[0]
    world.service = replace(world.service, listeners=(replace(listener, protocol="HTTP", port=80),))
    with connected(plane) as plain:
        http2 = Http2Client(plain)
        lost = http2.ask("GET", "/popular", host="unknown.example")
        assert isinstance(http2.until(h2.events.StreamReset, lost)[-1], h2.events.StreamReset)
        assert http2.answer(http2.ask("GET", "/popular"))[0][":status"] == "200"


def test_bytes_that_are_no_frames_end_the_connection_with_goaway(plane):
    with connected(plane) as plain:
        http2 = Http2Client(plain)
        http2.until(h2.events.RemoteSettingsChanged)
        plain.sendall(b"\x00\x00\x00\x05\x00\x00\x00\x00\x02")  # PUSH_PROMISE, which no client may send
        ended = http2.until(h2.events.ConnectionTerminated)[-1]
    assert isinstance(ended, h2.events.ConnectionTerminated)
    assert ended.error_code != 0


def test_an_http_listener_speaks_http_2_to_those_who_know(plane, world):
    world.service = replace(
        world.service, listeners=(replace(walkthrough().service.listeners[0], protocol="HTTP", port=8080),)
    )
    with connected(plane) as plain:
        tunnel(plain, f"{GENERATED}:8080")
        http2 = Http2Client(plain)
        assert json.loads(http2.answer(http2.ask("GET", "/popular"))[1])["headers"]["x-forwarded-proto"] == "http"


def test_head_has_no_body(http2):
    headers, body, _ = http2.answer(http2.ask("HEAD", "/popular"))
    assert (headers[":status"], body) == ("200", b"")


def test_crumbs_of_cookies_are_joined(http2, world):
    condition = {"name": "cookie", "match": {"exact": "a=1; b=2"}}
    rule = path_rule(1, "/", {"fixedResponse": {"statusCode": 404}})
    rule = replace(rule, match={"httpMatch": {"headerMatches": [condition]}})
    world.service = replace(world.service, listeners=(replace(world.service.listeners[0], rules=(rule,)),))
    stream = http2.h2.get_next_available_stream_id()
    pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", GENERATED), (":path", "/")]
    http2.h2.send_headers(stream, [*pseudo, ("cookie", "a=1"), ("cookie", "b=2")], end_stream=True)
    http2.flush()
    http2.answer(stream)
    assert ("cookie", "a=1; b=2") in world.exchanges[-1].request.headers


def test_stop_ends_a_connection_that_waits_for_a_window(world):
    plane = plane_of(world)
    plane.start()
    with connection(plane) as http2:
        http2.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
        http2.flush()
        http2.until(h2.events.SettingsAcknowledged)
        http2.until(h2.events.ResponseReceived, http2.ask("GET", "/popular"))
        started = time.monotonic()
        plane.stop()
        assert time.monotonic() - started < 3


def test_the_preface_is_that_of_the_standard():
    assert PREFACE == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, 3.4
