"""HTTPS listeners (VPC Lattice User Guide, HTTPS listeners), tunnels, and targets that speak TLS."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dataplane_connections import connected, https_world, port_of, received, tls_settings, tunnel
from dataplane_fakes import GENERATED, HOST, World, plane_of, pod

from trellis_local.dataplane import client
from trellis_local.dataplane.certificates import Authority, Certificate
from trellis_local.dataplane.client import Message
from trellis_local.dataplane.messages import NoAnswer
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


@pytest.fixture(scope="module")
def corporate() -> Authority:
    return Authority("A company's own authority")


def get(plane: DataPlane, url: str = f"https://{GENERATED}/popular"):
    return plane.request("vpc-a", "GET", url)


def use(world: World, certificate: Certificate | None) -> None:
    world.service = replace(world.service, certificate_arn="arn:aws:acm:us-west-2:111122223333:certificate/1")
    world.certificates = lambda _arn: certificate


def direct(plane: DataPlane, context: ssl.SSLContext, name: str | None = GENERATED, data: bytes = b"") -> bytes:
    with connected(plane) as connection, context.wrap_socket(connection, server_hostname=name) as tls:
        if data:
            tls.sendall(data)
            return received(tls)
        return f"{tls.version()} {tls.cipher()[0]} {tls.selected_alpn_protocol()}".encode()


def test_the_generated_name_has_a_certificate_of_vpc_lattice(plane):
    told = get(plane).json()
    assert told["version"] == "v1"
    assert (told["headers"]["x-forwarded-proto"], told["headers"]["x-forwarded-port"]) == ("https", "443")


def test_a_client_may_connect_without_a_tunnel(plane):
    request = f"GET /popular HTTP/1.1\r\nHost: {GENERATED}\r\nConnection: close\r\n\r\n".encode()
    assert direct(plane, tls_settings(plane), data=request).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_does_not_trust_the_authority_gets_nothing(plane):
    with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
        client.send(port_of(plane), Message("GET", f"https://{GENERATED}/popular"))


def test_the_session_reaches_the_observers(plane, world):
    get(plane)
    tls = world.exchanges[-1].request.transport.tls
    assert (tls.version, tls.server_name) == ("TLSv1.3", GENERATED)
    assert tls.cipher.startswith("TLS_")


@pytest.mark.parametrize(
    ("cipher", "is_offered"),
    [("ECDHE-RSA-AES128-GCM-SHA256", True), ("AES256-SHA", True), ("ECDHE-RSA-CHACHA20-POLY1305", False)],
)
def test_tls_1_2_has_the_documented_ciphers_and_no_other(plane, cipher, is_offered):
    context = tls_settings(plane)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    if is_offered:
        assert direct(plane, context) == f"TLSv1.2 {cipher} None".encode()
    else:
        with pytest.raises(ssl.SSLError):
            direct(plane, context)


def test_the_server_chooses_the_first_cipher_of_its_own_list(plane):
    context = tls_settings(plane)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256")
    assert b"ECDHE-RSA-AES128-GCM-SHA256" in direct(plane, context)


@pytest.mark.parametrize(
    ("offered", "chosen"), [(("http/1.1", "h2"), b"h2"), (("http/1.1",), b"http/1.1"), ((), b"None")]
)
def test_alpn_prefers_http_2_and_defaults_to_http_1(plane, offered, chosen):
    assert direct(plane, tls_settings(plane, alpn=offered)).endswith(b" " + chosen)


def test_a_client_without_sni_gets_no_connection(plane):
    with connected(plane) as connection:
        assert b" 200 " in tunnel(connection, f"{GENERATED}:443")
        with pytest.raises(OSError, match=r"(?i)unrecognized.name"):
            tls_settings(None).wrap_socket(connection, server_hostname=None)


def test_a_custom_domain_needs_a_certificate_and_gets_no_other(plane, world):
    with pytest.raises(NoAnswer, match=r"(?i)handshake.failure"):
        get(plane, f"https://{HOST}/popular")


def test_a_custom_domain_shows_the_certificate_of_acm(plane, world, corporate):
    use(world, corporate.certificate(HOST))
    message = Message("GET", f"https://{HOST}/popular")
    assert client.send(port_of(plane), message, trust=corporate.pem.decode()).status == 200


def test_a_certificate_that_is_imported_again_is_used_at_once(plane, world, corporate):
    use(world, corporate.certificate(HOST))
    message = Message("GET", f"https://{HOST}/popular")
    assert client.send(port_of(plane), message, trust=corporate.pem.decode()).status == 200
    other = Authority("Another one")
    use(world, other.certificate(HOST))
    assert client.send(port_of(plane), message, trust=other.pem.decode()).status == 200


def test_a_wildcard_covers_one_level(corporate):
    wildcard = corporate.certificate("*.lattice-test.io")
    assert wildcard.covers("datastore.lattice-test.io")
    assert not wildcard.covers("a.datastore.lattice-test.io")
    assert not wildcard.covers("lattice-test.io")


@pytest.mark.parametrize("broken", ["deleted", "for another name", "with another key"])
def test_a_certificate_that_does_not_fit_gives_no_connection(plane, world, corporate, broken):
    good = corporate.certificate(HOST)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificates = {
        "deleted": None,
        "for another name": corporate.certificate("other.lattice-test.io"),
        "with another key": replace(good, key=key),
    }
    use(world, certificates[broken])
    with pytest.raises(NoAnswer, match=r"(?i)handshake.failure"):
        client.send(port_of(plane), Message("GET", f"https://{HOST}/"), trust=corporate.pem.decode())


def test_the_host_must_name_the_service_that_the_sni_names(plane, world):
    other = replace(world.service, arn=f"{world.service.arn}-other")
    world.find_service = lambda *, vpc_id, host: other if host == "other.example" else world.service
    request = b"GET /popular HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"
    assert direct(plane, tls_settings(plane), data=request).startswith(b"HTTP/1.1 404 ")


def test_plain_http_to_an_https_listener_gets_no_answer(plane):
    with pytest.raises(NoAnswer):
        get(plane, f"http://{GENERATED}:443/popular")


def test_tls_to_an_http_listener_gets_no_connection(world):
    world.service = replace(world.service, listeners=(replace(world.service.listeners[0], protocol="HTTP"),))
    plane = plane_of(world)
    plane.start()
    with pytest.raises(NoAnswer):
        get(plane)
    plane.stop()


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("unknown.example:443", b"502"),
        (f"{GENERATED}:8443", b"502"),
        ("192.168.48.99:80", b"504"),
        ("192.168.48.10:81", b"502"),
        (GENERATED, b"400"),
    ],
)
def test_a_tunnel_that_leads_nowhere_is_refused_with_the_reason(plane, target, status):
    with connected(plane) as connection:
        head, _, body = tunnel(connection, target).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert body.strip()


def test_a_tunnel_into_a_network_that_is_not_associated_times_out(plane, world):
    del world.networks["vpc-a"]
    with connected(plane) as connection:
        assert b" 504 " in tunnel(connection, f"{GENERATED}:443")


def test_plain_http_through_a_tunnel_takes_the_port_of_the_tunnel(world):
    world.service = replace(world.service, listeners=(replace(world.service.listeners[0], protocol="HTTP", port=8080),))
    plane = plane_of(world)
    plane.start()
    with connected(plane) as connection:
        tunnel(connection, f"{GENERATED}:8080")
        connection.sendall(f"GET /popular HTTP/1.1\r\nHost: {GENERATED}\r\nConnection: close\r\n\r\n".encode())
        body = received(connection).partition(b"\r\n\r\n")[2]
    plane.stop()
    assert json.loads(body)["headers"]["x-forwarded-port"] == "8080"


def test_targets_of_an_https_group_may_have_any_certificate(plane, world):
    world.groups["tg-v1"] = replace(world.groups["tg-v1"], protocol="HTTPS")
    world.annotate("vpc-b", "192.168.48.10", tls_ports="8443,8080")
    assert get(plane).status == 200


def test_tls_to_a_plain_port_is_a_connection_error(plane, world):
    world.groups["tg-v1"] = replace(world.groups["tg-v1"], protocol="HTTPS")
    assert get(plane).status == 500
    assert world.exchanges[-1].routed.failure == "TargetConnectionError"


def test_plain_http_to_a_tls_port_is_a_protocol_error(plane, world):
    world.annotate("vpc-b", "192.168.48.10", tls_ports="8080")
    assert get(plane).status == 502
    assert world.exchanges[-1].routed.failure == "TargetProtocolError"


def test_health_checks_tell_tls_from_plain_http(plane, world):
    assert plane.probe("vpc-b", "192.168.48.10", 8080, "/", 5.0, protocol="HTTPS") is None
    world.annotate("vpc-b", "192.168.48.10", tls_ports="8080")
    assert plane.probe("vpc-b", "192.168.48.10", 8080, "/", 5.0, protocol="HTTPS") == 200
    assert plane.probe("vpc-b", "192.168.48.10", 8080, "/", 5.0) is None


def test_a_pod_with_a_tls_port_is_called_over_tls_within_its_vpc(plane, world):
    world.add_pod(pod("vpc-a", "192.168.48.30", port=8443, annotations={"local.trellis.dev/tls-ports": "8443"}))
    with connected(plane) as connection:
        tunnel(connection, "192.168.48.30:8443")
        with tls_settings(None).wrap_socket(connection, server_hostname="pod.example") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: pod.example\r\nConnection: close\r\n\r\n")
            assert received(tls).startswith(b"HTTP/1.1 200 OK")
    with pytest.raises(NoAnswer):
        get(plane, "http://192.168.48.30:8443/")


@pytest.mark.parametrize("value", ["https", "0", "65536", "8443;8080"])
def test_a_meaningless_annotation_of_tls_ports_gives_500_with_the_reason(plane, world, value):
    world.annotate("vpc-b", "192.168.48.10", tls_ports=value)
    answer = get(plane)
    assert answer.status == 500
    assert "local.trellis.dev/tls-ports" in answer.json()["error"]
