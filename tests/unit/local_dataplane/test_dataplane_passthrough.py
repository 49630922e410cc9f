"""TLS_PASSTHROUGH listeners (VPC Lattice User Guide, TLS listeners)."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography import x509
from dataplane_connections import connected, https_world, received, tls_settings, tunnel
from dataplane_fakes import GENERATED, HOST, World, forward, plane_of

from trellis_local.dataplane.authorization import Authorization, Invocation
from trellis_local.dataplane.plane import DataPlane


@pytest.fixture
def world() -> World:
    world = https_world(protocol="TLS_PASSTHROUGH")
    world.groups = {n: replace(g, protocol="TCP", protocol_version="") for n, g in world.groups.items()}
    listener = replace(world.service.listeners[0], rules=(), default_action=forward(v1=1))
    world.service = replace(world.service, listeners=(listener,))
    world.annotate("vpc-b", "192.168.48.10", tls_ports="8080")
    return world


@pytest.fixture
def plane(world: World) -> Iterator[DataPlane]:
    plane = plane_of(world)
    plane.start()
    yield plane
    plane.stop()


def ask(plane: DataPlane, *, name: str = HOST, through_tunnel: bool = True) -> tuple[x509.Certificate, bytes]:
    """The certificate that the client sees and the answer inside."""
    with connected(plane) as connection:
        if through_tunnel:
            assert b" 200 " in tunnel(connection, f"{name}:443")
        with tls_settings(None).wrap_socket(connection, server_hostname=name) as tls:
            certificate = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
            tls.sendall(f"GET /any HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            return certificate, received(tls)


def last_exchange(world: World):
    deadline = time.monotonic() + 5
    while not world.exchanges and time.monotonic() < deadline:
        time.sleep(0.01)
    return world.exchanges[-1]


@pytest.mark.parametrize("through_tunnel", [True, False])
def test_the_pod_terminates_tls_itself(plane, through_tunnel):
    certificate, answer = ask(plane, through_tunnel=through_tunnel)
    assert certificate.issuer == certificate.subject
    assert "pod-192.168.48.10" in certificate.subject.rfc4514_string()
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert told["path"] == "/any"
    assert not any(name.startswith(("x-amzn", "x-forwarded")) for name in told["headers"])


def test_the_certificate_is_not_that_of_vpc_lattice(plane):
    with connected(plane) as connection, pytest.raises(ssl.SSLCertVerificationError):
        tls_settings(plane).wrap_socket(connection, server_hostname=HOST)


def test_the_sni_must_be_the_custom_domain(plane):
    with pytest.raises(OSError, match=r"EOF|reset"):
        ask(plane, name=GENERATED)


def test_the_observers_learn_of_the_connection_and_its_bytes(plane, world):
    _, answer = ask(plane)
    exchange = last_exchange(world)
    assert (exchange.request.method, exchange.request.target, exchange.routed.connection) == ("", "", "made")
    assert exchange.request.transport.tls.server_name == HOST
    assert exchange.bytes_sent > len(answer)
    assert exchange.bytes_received > 200


def test_an_auth_policy_judges_an_anonymous_connection(world):
    seen: list[Invocation] = []

    def deny(invocation: Invocation) -> Authorization:
        seen.append(invocation)
        return Authorization(denied_by="Service", message="no")

    plane = plane_of(world, authorizer=deny)
    plane.start()
    with pytest.raises(OSError, match=r"EOF|reset"):
        ask(plane)
    exchange = last_exchange(world)
    plane.stop()
    assert exchange.routed.failure == "ClientAccessDenied"
    assert (seen[0].request.method, seen[0].request.path, seen[0].request.headers) == ("", "", ())


def test_a_target_that_speaks_no_tls_breaks_the_handshake_and_not_the_connection(plane, world):
    world.annotate("vpc-b", "192.168.48.10")
    with pytest.raises(ssl.SSLError):
        ask(plane)
    assert last_exchange(world).routed.connection == "made"


def test_a_target_that_is_out_of_reach_gives_no_connection(plane, world):
    world.closed = True
    with pytest.raises(OSError, match=r"EOF|reset"):
        ask(plane)
    routed = last_exchange(world).routed
    assert (routed.connection, routed.failure) == ("timed out", "TargetConnectionError")


def test_plain_http_gets_no_answer(plane):
    with connected(plane) as connection:
        tunnel(connection, f"{HOST}:443")
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert received(connection) == b""


def test_an_open_connection_ends_with_the_plane(world):
    plane = plane_of(world)
    plane.start()
    with connected(plane) as connection, tls_settings(None).wrap_socket(connection, server_hostname=HOST) as tls:
        started = time.monotonic()
        plane.stop()
        assert received(tls) == b""
        assert time.monotonic() - started < 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dataplane")]
