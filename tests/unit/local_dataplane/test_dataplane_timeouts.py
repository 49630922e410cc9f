"""Idle and old connections end, and slow targets are given up.

API reference of CreateService, idleTimeoutSeconds; VPC Lattice User Guide, Access logs (failureReason).
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import h2.events
import pytest
from dataplane_connections import Http2Client, connected, https_world, received, tls_settings
from dataplane_fakes import GENERATED, HOST, World, plane_of, walkthrough

from trellis_local import clock
from trellis_local.dataplane.messages import NoAnswer
from trellis_local.dataplane.plane import DataPlane

KEPT = f"GET /popular HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def at_speed() -> Iterator[Callable[[float], None]]:
    before = clock.current()
    yield lambda speed: clock.use(clock.Clock(start=time.time(), speed=speed))
    clock.use(before)


@pytest.fixture
def world() -> World:
    return walkthrough()


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


def lasted(plane: DataPlane, data: bytes) -> tuple[float, bytes]:
    """Real seconds until VPC Lattice closes the connection, and what it sent."""
    with connected(plane) as connection:
        connection.sendall(data)
        started = time.monotonic()
        answers = received(connection)
        return time.monotonic() - started, answers


@pytest.mark.parametrize(("idle_timeout", "low", "high"), [(60, 0.5, 1.6), (180, 1.7, 4.0)])
def test_an_idle_connection_ends_after_the_time_of_its_service(plane, world, at_speed, idle_timeout, low, high):
    at_speed(100)
    world.service = replace(world.service, idle_timeout_seconds=idle_timeout)
    seconds, answers = lasted(plane, KEPT)
    assert low <= seconds <= high
    assert answers.count(b"HTTP/1.1 200 OK") == 1


def test_a_connection_that_is_used_stays_open(plane, at_speed):
    at_speed(60)
    with connected(plane) as connection:
        for _ in range(6):
            connection.sendall(KEPT)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
            time.sleep(0.3)


def test_a_used_connection_ends_after_ten_minutes(plane, at_speed):
    at_speed(600)
    started = time.monotonic()
    with connected(plane) as connection:
        answers = 0
        while time.monotonic() - started < 5:
            connection.sendall(KEPT)
            if not connection.recv(65536):
                break
            answers += 1
            time.sleep(0.1)
    assert answers > 3
    assert 0.9 <= time.monotonic() - started < 3


def test_an_answer_that_comes_too_late_for_its_connection_is_lost(plane, world, at_speed):
    at_speed(1000)
    world.service = replace(world.service, idle_timeout_seconds=600)
    world.annotate("vpc-b", "192.168.48.10", latency_ms="599000")
    with connected(plane) as connection:
        time.sleep(0.3)
        connection.sendall(KEPT)
        assert received(connection) == b""
    routed = world.exchanges[-1].routed
    assert (routed.failure, routed.answer.status) == ("ConnectionDurationExceeded", 0)


def test_a_target_slower_than_the_idle_time_out_is_given_up(plane, world, at_speed):
    at_speed(1000)
    world.annotate("vpc-b", "192.168.48.10", latency_ms="60001")
    assert plane.request("vpc-a", "GET", f"http://{HOST}/popular").status == 504
    exchange = world.exchanges[-1]
    assert (exchange.routed.failure, exchange.target_milliseconds) == ("TargetDataTimeout", 60_000)
    world.service = replace(world.service, idle_timeout_seconds=61)
    assert plane.request("vpc-a", "GET", f"http://{HOST}/popular").status == 200


def test_an_idle_http_2_connection_ends_with_goaway(at_speed):
    at_speed(100)
    plane = plane_of(https_world())
    plane.start()
    context = tls_settings(plane, alpn=("h2",))
    with connected(plane) as plain, context.wrap_socket(plain, server_hostname=GENERATED) as tls:
        http2 = Http2Client(tls)
        http2.answer(http2.ask("GET", "/popular"))
        ended = http2.until(h2.events.ConnectionTerminated)[-1]
    plane.stop()
    assert isinstance(ended, h2.events.ConnectionTerminated)
    assert ended.error_code == 0


def test_a_slow_answer_does_not_make_an_http_2_connection_idle(at_speed):
    at_speed(100)
    world = https_world(type="LAMBDA")

    def slow(_arn: str, _payload: bytes) -> bytes:
        time.sleep(1.2)  # 120 virtual seconds, twice the idle time-out
        return b'{"statusCode": 201}'

    world.functions = slow
    plane = plane_of(world)
    plane.start()
    context = tls_settings(plane, alpn=("h2",))
    with connected(plane) as plain, context.wrap_socket(plain, server_hostname=GENERATED) as tls:
        http2 = Http2Client(tls)
        assert http2.answer(http2.ask("GET", "/popular"))[0][":status"] == "201"
    plane.stop()


def test_stop_does_not_wait_for_slow_pods_and_leaves_no_thread(world):
    plane = plane_of(world)
    plane.start()
    world.annotate("vpc-b", "192.168.48.10", latency_ms="30000")
    with connected(plane) as connection:
        connection.sendall(KEPT)
        time.sleep(0.2)
        started = time.monotonic()
        plane.stop()
    assert time.monotonic() - started < 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dataplane")]


def test_a_closed_port_gives_no_answer(world):
    plane = plane_of(world)
    plane.start()
    with pytest.raises(NoAnswer):
        plane.request("vpc-a", "GET", f"https://{HOST}:8443/")
    plane.stop()
