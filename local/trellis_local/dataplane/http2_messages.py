"""Requests and answers as lists of HTTP/2 header fields."""

from trellis_local.dataplane.http_messages import (
    MOST_HEADER_BYTES,
    MOST_HEADERS,
    OF_ONE_CONNECTION,
    MalformedRequestError,
)
from trellis_local.dataplane.messages import Answer, Headers, Request, values

# VPC Lattice answers 400 to too many headers, so they have to be decoded; beyond this the connection ends instead.
MOST_DECODED_BYTES = 4 * MOST_HEADER_BYTES


def request_of(fields: Headers, body: bytes, *, shared: Request) -> Request:
    """The request that a stream carries; MalformedRequestError where VPC Lattice answers 400."""
    pseudo = {name: value for name, value in fields if name.startswith(":")}
    plain = tuple((name, value) for name, value in fields if not name.startswith(":"))
    if len(plain) > MOST_HEADERS or sum(len(name) + len(value) for name, value in plain) > MOST_HEADER_BYTES:
        raise MalformedRequestError(f"more than {MOST_HEADERS} headers, or more than {MOST_HEADER_BYTES} bytes of them")
    target = pseudo.get(":path", "")
    if not target.startswith("/"):
        raise MalformedRequestError("the request target is not a path")
    return Request(
        pseudo.get(":method", ""),
        target,
        _headers(pseudo.get(":authority", ""), plain),
        client_ip=shared.client_ip,
        body=body,
        transport=shared.transport,
    )


def headers_of(answer: Answer) -> list[tuple[str, str]]:
    """The header fields of an answer."""
    headers = [(name.lower(), value) for name, value in answer.headers if name.lower() not in OF_ONE_CONNECTION]
    length = [] if answer.trailers or answer.status in (204, 304) else [("content-length", str(len(answer.body)))]
    return [(":status", str(answer.status)), *headers, *length]


def _headers(authority: str, plain: Headers) -> Headers:
    # RFC 9113, 8.3.1 and 8.2.3: :authority takes the place of Host, and cookies may come in crumbs.
    hosts = (("host", authority),) if authority else tuple(("host", value) for value in values(plain, "host"))
    cookies = values(plain, "cookie")
    others = tuple((name, value) for name, value in plain if name not in ("host", "cookie"))
    return (*hosts, *others, *((("cookie", "; ".join(cookies)),) if cookies else ()))
