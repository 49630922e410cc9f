"""Reads one HTTP/1.1 request, strictly: what HTTP does not allow is an error and not a guess."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from trellis_local.dataplane import statuses
from trellis_local.dataplane.channels import Reader
from trellis_local.dataplane.http_messages import (
    MOST_BODY_BYTES,
    MOST_HEADER_BYTES,
    MOST_HEADERS,
    MalformedRequestError,
)
from trellis_local.dataplane.messages import Headers, values

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\s]+) HTTP/1\.([01])\r?\n")
_LONGEST_CHUNK_LINE = 1024


@dataclass(frozen=True)
class Http1Request:
    """A request as it was sent; an absolute-form target has become path and Host header."""

    method: str
    target: str
    headers: Headers
    body: bytes
    protocol: str
    keep_alive: bool


def read(reader: Reader) -> Http1Request | None:
    """The next request, None when the client closed the connection; MalformedRequestError with what to answer."""
    line = reader.readline(MOST_HEADER_BYTES)
    if not line:
        return None
    parts = _REQUEST_LINE.fullmatch(line)
    if parts is None:
        raise MalformedRequestError("malformed request line")
    headers = _read_headers(reader)
    if "100-continue" in (value.lower() for value in values(headers, "expect")):
        reader.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    method, minor = parts[1].decode(), parts[3].decode()
    target, headers = _origin_form(method, parts[2].decode("latin-1"), headers)
    tokens = {token.strip().lower() for value in values(headers, "connection") for token in value.split(",")}
    keep_alive = minor == "1" and "close" not in tokens
    return Http1Request(method, target, headers, _read_body(reader, headers), f"HTTP/1.{minor}", keep_alive)


def _read_headers(reader: Reader) -> Headers:
    headers: list[tuple[str, str]] = []
    left = MOST_HEADER_BYTES
    while True:
        line = reader.readline(left + 1)
        left -= len(line)
        if left < 0 or len(headers) > MOST_HEADERS:
            raise MalformedRequestError(
                f"more than {MOST_HEADERS} headers, or more than {MOST_HEADER_BYTES} bytes of them"
            )
        if line in (b"\r\n", b"\n"):
            return tuple(headers)
        name, colon, value = line.partition(b":")
        if not colon or not line.endswith(b"\n") or not _TOKEN.fullmatch(name):
            raise MalformedRequestError("malformed header")
        headers.append((name.decode(), value.strip().decode("latin-1")))


def _origin_form(method: str, target: str, headers: Headers) -> tuple[str, Headers]:
    """Path and headers of a request; an absolute-form target, as proxies get it, replaces the Host header."""
    if target.startswith("/") or method == "CONNECT":
        return target, headers
    url = urlsplit(target)
    if url.scheme != "http" or not url.netloc:
        raise MalformedRequestError("the request target is neither a path nor an http URL")
    path = url._replace(scheme="", netloc="", fragment="", path=url.path or "/").geturl()
    return path, (("host", url.netloc), *(header for header in headers if header[0].lower() != "host"))


def _read_body(reader: Reader, headers: Headers) -> bytes:
    codings, lengths = values(headers, "transfer-encoding"), values(headers, "content-length")
    if codings:
        if lengths or [coding.lower() for coding in codings] != ["chunked"]:
            raise MalformedRequestError("the only transfer coding is chunked, without content-length")
        return _read_chunks(reader)
    if not lengths:
        return b""
    if len(set(lengths)) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
        raise MalformedRequestError("malformed content-length")
    return reader.read(_bounded(int(lengths[0])))


def _read_chunks(reader: Reader) -> bytes:
    body = bytearray()
    while size := _chunk_size(reader.readline(_LONGEST_CHUNK_LINE)):
        _bounded(len(body) + size)
        body += reader.read(size)
        if reader.readline(2) not in (b"\r\n", b"\n"):
            raise MalformedRequestError("malformed chunk")
    _read_headers(reader)
    return bytes(body)


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", digits):
        raise MalformedRequestError("malformed chunk")
    return int(digits, 16)


def _bounded(size: int) -> int:
    if size > MOST_BODY_BYTES:
        reason = f"a body of more than {MOST_BODY_BYTES} bytes"
        raise MalformedRequestError(reason, status=statuses.BODY_TOO_LARGE)
    return size
