"""A client in a VPC, for demos and tests: real HTTP, or HTTPS through a tunnel, to the VPC's loopback port."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from trellis_local.dataplane.messages import NoAnswer

TIMEOUT_SECONDS = 60.0
_HTTPS_PORT = 443


@dataclass(frozen=True)
class Message:
    """A request to send; `url` is an http or https URL with a host."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """An HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)


def send(port: int, message: Message, *, trust: str = "") -> Response:
    """Send a request to a VPC's port, trusting certificates in PEM; NoAnswer when there is no answer over HTTP."""
    parts = urlsplit(message.url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"expected an http or https URL with a host, not {message.url!r}")
    target = parts._replace(scheme="", netloc="", fragment="", path=parts.path or "/").geturl()
    connection = _connection(port, parts, trust=trust)
    headers = {"Host": parts.netloc, "Connection": "close"} | dict(message.headers)
    try:
        connection.request(message.method, target, body=message.body or None, headers=headers)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.RemoteDisconnected) as error:
        raise NoAnswer(f"no answer to {message.method} {message.url}: {error}") from error
    finally:
        connection.close()
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def _connection(port: int, parts: SplitResult, *, trust: str) -> http.client.HTTPConnection:
    if parts.scheme == "http":
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trust:
        context.load_verify_locations(cadata=trust)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=context)
    connection.set_tunnel(parts.hostname or "", parts.port or _HTTPS_PORT)
    return connection
