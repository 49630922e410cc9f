"""gRPC with the client that everybody uses, through an HTTPS listener to a GRPC target group.

VPC Lattice User Guide, Target groups, Protocol version; Gateway API GRPCRoute for what a method match becomes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import grpc
import pytest
from dataplane_connections import Http2Client, connected, https_world, port_of, tls_settings
from dataplane_fakes import GENERATED, World, forward, plane_of

from trellis_local.dataplane.grpc import is_grpc
from trellis_local.dataplane.messages import Request, Transport
from trellis_local.dataplane.plane import DataPlane
from trellis_local.lattice.view import RuleView

METHOD = "/trellis.Echo/Say"
PAYLOAD = b"\x0a\x05hello"


@pytest.fixture
def world() -> World:
    world = https_world(protocol_version="GRPC")
    path = {"match": {"exact": METHOD}, "caseSensitive": True}
    rule = RuleView("rule-1", 1, {"httpMatch": {"method": "POST", "pathMatch": path}}, forward(v1=1))
    world.service = replace(world.service, listeners=(replace(world.service.listeners[0], rules=(rule,)),))
    return world


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


@contextmanager
def channel(plane: DataPlane, *, options: tuple[tuple[str, object], ...] = ()) -> Iterator[grpc.Channel]:
    credentials = grpc.ssl_channel_credentials(plane.authority_pem.encode())
    named = (("grpc.ssl_target_name_override", GENERATED), ("grpc.enable_http_proxy", 0), *options)
    with grpc.secure_channel(f"127.0.0.1:{port_of(plane)}", credentials, options=named) as channel:
        yield channel


def say(plane: DataPlane, method: str = METHOD, payload: bytes = PAYLOAD, **settings) -> bytes:
    with channel(plane, **settings) as opened:
        return opened.unary_unary(method)(payload, timeout=10)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/grpc", True),
        ("application/grpc+proto", True),
        ("Application/gRPC; charset=utf-8", True),
        ("application/grpc-web", False),
        ("application/json", False),
    ],
)
def test_grpc_is_told_by_its_content_type(kind, expected):
    request = Request("POST", METHOD, (("content-type", kind),), transport=Transport(protocol="HTTP/2"))
    assert is_grpc(request) is expected


def test_a_unary_call_gets_its_message_back(plane, world):
    assert say(plane) == PAYLOAD
    routed = world.exchanges[-1].routed
    assert (routed.target.id, routed.answer.trailers) == ("192.168.48.10", (("grpc-status", "0"),))


def test_a_tunnel_leads_a_grpc_client_to_its_service(plane, monkeypatch):
    monkeypatch.setenv("grpc_proxy", f"http://127.0.0.1:{port_of(plane)}")
    credentials = grpc.ssl_channel_credentials(plane.authority_pem.encode())
    with grpc.secure_channel(f"{GENERATED}:443", credentials) as opened:
        assert opened.unary_unary(METHOD)(PAYLOAD, timeout=10) == PAYLOAD


def test_a_large_message_gets_through_both_ways(plane):
    assert say(plane, payload=b"x" * 1_000_000) == b"x" * 1_000_000


def test_a_stream_of_messages_comes_back_in_order(plane):
    with channel(plane) as opened:
        answers = opened.stream_stream(METHOD)(iter([b"one", b"two", b"three"]), timeout=10)
        assert list(answers) == [b"one", b"two", b"three"]


def test_a_compressed_message_comes_back(plane):
    with channel(plane) as opened:
        call = opened.unary_unary(METHOD)
        assert call(b"a" * 1000, timeout=10, compression=grpc.Compression.Gzip) == b"a" * 1000


def test_the_annotation_decides_the_status(plane, world):
    world.annotate("vpc-b", "192.168.48.10", grpc_status="7")
    with pytest.raises(grpc.RpcError) as refused:
        say(plane)
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_method_without_a_rule_gets_the_default_action(plane):
    with pytest.raises(grpc.RpcError) as refused:
        say(plane, method="/trellis.Echo/Other")
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED  # what a gRPC client makes of 404


@pytest.mark.parametrize(("version", "failure"), [("HTTP1", "TargetProtocolError"), ("HTTP2", ""), ("GRPC", "")])
def test_which_groups_take_grpc(plane, world, version, failure):
    world.groups = {name: replace(group, protocol_version=version) for name, group in world.groups.items()}
    if failure:
        with pytest.raises(grpc.RpcError):
            say(plane)
    else:
        assert say(plane) == PAYLOAD
    assert world.exchanges[-1].routed.failure == failure


def test_a_malformed_frame_is_an_internal_error(plane):
    context = tls_settings(plane, alpn=("h2",))
    with connected(plane) as plain, context.wrap_socket(plain, server_hostname=GENERATED) as tls:
        http2 = Http2Client(tls)
        stream = http2.ask("POST", METHOD, body=b"\x00\x00\x00\x00\x09short", content_type="application/grpc")
        assert http2.answer(stream)[2]["grpc-status"] == "13"
