"""A client in a VPC, for demos and tests: a real HTTP request to the VPC's loopback port."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from trellis_local.dataplane.messages import NoAnswer

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Response:
    """An HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)


def send(port: int, method: str, *, url: str, headers: Mapping[str, str]) -> Response:
    """Send a request for an http URL to a VPC's port; NoAnswer when the connection ends without an answer."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.netloc:
        raise ValueError(f"expected an http URL with a host, not {url!r}")
    target = parts._replace(scheme="", netloc="", fragment="", path=parts.path or "/").geturl()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, headers={"Host": parts.netloc, "Connection": "close"} | dict(headers))
        response = connection.getresponse()
        body = response.read()
    except (ConnectionError, TimeoutError) as error:
        raise NoAnswer(f"no answer to {method} {url}") from error
    finally:
        connection.close()
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
