"""Bodies reach the pods as they were sent."""

import hashlib
import json
from collections.abc import Iterator

import pytest
from dataplane_connections import connected, received
from dataplane_fakes import HOST, World, plane_of, walkthrough

from trellis_local.dataplane import http1_request
from trellis_local.dataplane.plane import DataPlane


@pytest.fixture
def world() -> World:
    return walkthrough()


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


def raw(plane: DataPlane, *lines: bytes) -> bytes:
    with connected(plane) as connection:
        connection.sendall(b"POST /popular HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\nConnection: close\r\n")
        connection.sendall(b"".join(lines))
        return received(connection)


def test_a_pod_tells_length_digest_and_text_of_a_body(plane):
    body = "grüezi".encode()
    told = plane.request("vpc-a", "POST", f"http://{HOST}/popular", body=body).json()["body"]
    assert told == {"length": 7, "sha256": hashlib.sha256(body).hexdigest(), "text": "grüezi"}


def test_a_large_body_arrives_whole(plane):
    body = bytes(range(256)) * 8192
    told = plane.request("vpc-a", "PUT", f"http://{HOST}/popular", body=body).json()["body"]
    assert told == {"length": len(body), "sha256": hashlib.sha256(body).hexdigest(), "text": None}


def test_chunks_arrive_as_one_body(plane):
    answer = raw(plane, b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"]["text"] == "abcdefg"


def test_a_client_that_asks_first_is_told_to_continue(plane):
    answer = raw(plane, b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"ok")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"-1\r\n"])
def test_malformed_chunks_get_400(plane, chunks):
    assert raw(plane, b"Transfer-Encoding: chunked\r\n\r\n", chunks).startswith(b"HTTP/1.1 400 ")


def test_a_length_and_chunks_at_once_get_400(plane):
    answer = raw(plane, b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("head", [b"Content-Length: 11\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nb\r\n"])
def test_a_body_beyond_the_limit_gets_413(plane, monkeypatch, head):
    monkeypatch.setattr(http1_request, "MOST_BODY_BYTES", 10)
    assert raw(plane, head).startswith(b"HTTP/1.1 413 ")


def test_an_upstream_gets_the_body_as_well(plane):
    answer = plane.request("vpc-a", "POST", "http://192.168.48.10:3000/popular", body=b"through two pods")
    assert answer.json()["upstream"]["body"]["body"]["text"] == "through two pods"
