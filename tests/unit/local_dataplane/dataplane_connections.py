"""Raw clients of the data plane's ports: tunnels, TLS with any settings, HTTP/2."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import h2.config
import h2.connection
import h2.events
from dataplane_fakes import GENERATED, HOST, World, walkthrough

from trellis_local.dataplane.plane import DataPlane


def port_of(plane: DataPlane, vpc_id: str = "vpc-a") -> int:
    return int(plane.url_for(vpc_id).rpartition(":")[2])


def https_world(*, protocol: str = "HTTPS", port: int = 443, **group_changes) -> World:
    """The walk-through with its listener on 443, generated and custom names, and changed target groups."""
    world = walkthrough()
    listener = replace(world.service.listeners[0], protocol=protocol, port=port)
    world.service = replace(
        world.service, listeners=(listener,), generated_domain_name=GENERATED, custom_domain_name=HOST
    )
    world.groups = {name: replace(group, **group_changes) for name, group in world.groups.items()}
    return world


@contextmanager
def connected(plane: DataPlane, vpc_id: str = "vpc-a") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port_of(plane, vpc_id)), timeout=10) as connection:
        yield connection


def tunnel(connection: socket.socket, target: str) -> bytes:
    """Ask for a tunnel; the proxy's whole answer."""
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1)
    if b" 200 " not in answer:
        answer += received(connection)
    return answer


def received(connection: socket.socket) -> bytes:
    """Everything until the other side ends the connection."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def tls_settings(plane: DataPlane | None, *, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """What a client asks for; without a plane it verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if plane is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=plane.authority_pem)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class Http2Client:
    """One HTTP/2 connection over a connected socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()
        self.events: list[h2.events.Event] = []

    def flush(self) -> None:
        self.connection.sendall(self.h2.data_to_send())

    def ask(self, method: str, path: str, *, host: str = GENERATED, body: bytes = b"", **headers: str) -> int:
        """Send a request whose body fits into the first window; the stream's id."""
        stream_id = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
        extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.h2.send_headers(stream_id, pseudo + extra, end_stream=not body)
        if body:
            self.h2.send_data(stream_id, body, end_stream=True)
        self.flush()
        return stream_id

    def until(self, kind: type[h2.events.Event], stream_id: int | None = None) -> list[h2.events.Event]:
        """The events up to and with one of a kind (of a stream), or to the end of the connection."""
        while not any(self._is(event, kind, stream_id) for event in self.events):
            data = self.connection.recv(65536)
            if not data:
                break
            for event in self.h2.receive_data(data):
                self.events.append(event)
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.flush()
        return self.events

    def answer(self, stream_id: int) -> tuple[dict[str, str], bytes, dict[str, str]]:
        """Headers, body and trailers of a stream."""
        events = self.until(h2.events.StreamEnded, stream_id)
        own = [event for event in events if getattr(event, "stream_id", None) == stream_id]
        headers = next(dict(event.headers) for event in own if isinstance(event, h2.events.ResponseReceived))
        body = b"".join(event.data for event in own if isinstance(event, h2.events.DataReceived))
        trailers = [dict(event.headers) for event in own if isinstance(event, h2.events.TrailersReceived)]
        return headers, body, trailers[0] if trailers else {}

    @staticmethod
    def _is(event: h2.events.Event, kind: type[h2.events.Event], stream_id: int | None) -> bool:
        return isinstance(event, kind) and stream_id in (None, getattr(event, "stream_id", None))
