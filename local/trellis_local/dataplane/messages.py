"""What travels through the data plane: a request, its answer, or no answer at all.

`NoAnswer` stands for everything that a client sees as a failed connection instead of an HTTP status: an unknown name,
a closed port, a time-out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Headers = tuple[tuple[str, str], ...]


class NoAnswer(ConnectionError):  # noqa: N818 - an outcome that clients expect
    """No HTTP answer came back; the message says why. `timed_out` tells a silent drop from a refusal."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


@dataclass(frozen=True)
class TlsSession:
    """What a client agreed on with VPC Lattice, in the words of OpenSSL; `server_name` is the SNI."""

    version: str
    cipher: str
    server_name: str


@dataclass(frozen=True)
class Transport:
    """The connection that a request came over; `protocol` is HTTP/1.0, HTTP/1.1 or HTTP/2."""

    protocol: str = "HTTP/1.1"
    client_port: int = 0
    tls: TlsSession | None = None


@dataclass(frozen=True)
class Request:
    """An HTTP request; `target` is path and query, `hops` counts the pods that already passed it on."""

    method: str
    target: str
    headers: Headers = ()
    client_ip: str = "127.0.0.1"
    hops: int = 0
    body: bytes = b""
    transport: Transport = field(default_factory=Transport)

    @property
    def path(self) -> str:
        """The path without the query string."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `waited` is the part of its time, in virtual seconds, that a pod slept on purpose.

    `trailers` follow the body, as gRPC uses them; a client of HTTP/1.1 does not see them.
    """

    status: int
    headers: Headers
    body: bytes
    waited: float = 0.0
    trailers: Headers = ()


def values(headers: Iterable[tuple[str, str]], name: str) -> tuple[str, ...]:
    """All values of a header, whose name is compared without regard to case."""
    wanted = name.lower()
    return tuple(value for key, value in headers if key.lower() == wanted)


def text(status: int, message: str) -> Answer:
    """A plain-text answer; AWS does not document the bodies of Lattice's own answers, so this one explains itself."""
    return Answer(status, (("content-type", "text/plain"),), message.encode())


def split_host(host: str) -> tuple[str, int | None]:
    """Host header to lower-case name without final dot, and port or None; ValueError when it is malformed."""
    host = host.strip()
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"malformed Host {host!r}")
        port = rest[1:]
    else:
        name, _, port = host.partition(":")
    if not name or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        raise ValueError(f"malformed Host {host!r}")
    return name.lower().removesuffix("."), int(port) if port else None
