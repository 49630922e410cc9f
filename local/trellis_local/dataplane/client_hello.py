"""The first message of TLS, read without taking part in it: which server does the client want? (RFC 8446, 4.1.2)"""

from collections.abc import Iterator

from trellis_local.dataplane.channels import Reader

HANDSHAKE = 22
_CLIENT_HELLO = 1
_SERVER_NAME = 0
_RECORD_HEADER = 5
_LONGEST = 65536


class NotTlsError(ValueError):
    """The bytes are no ClientHello."""


def server_name(reader: Reader) -> str:
    """The server name indication in lower case, empty without one; nothing is taken from the reader."""
    message = _Bytes(_message(reader))
    message.take(2 + 32)  # version and random
    message.vector(1)  # session id
    message.vector(2)  # cipher suites
    message.vector(1)  # compression methods
    if not message.left:
        return ""
    extensions = _Bytes(message.vector(2))
    while extensions.left:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            return _host_name(_Bytes(_Bytes(content).vector(2)))
    return ""


def _host_name(names: "_Bytes") -> str:
    while names.left:
        kind, name = names.number(1), names.vector(2)
        if kind == 0:
            return name.decode("latin-1").lower().removesuffix(".")
    return ""


def _message(reader: Reader) -> bytes:
    """The body of the ClientHello, which may be spread over several records."""
    content, end = b"", 0
    for fragment in _records(reader):
        content += fragment
        if len(content) >= 4:
            if content[0] != _CLIENT_HELLO:
                break
            end = 4 + int.from_bytes(content[1:4], "big")
            if len(content) >= end:
                return content[4:end]
    raise NotTlsError("no ClientHello")


def _records(reader: Reader) -> Iterator[bytes]:
    start = 0
    while start < _LONGEST:
        header = reader.peek(start + _RECORD_HEADER)[start:]
        if len(header) < _RECORD_HEADER or header[0] != HANDSHAKE:
            return
        end = start + _RECORD_HEADER + int.from_bytes(header[3:5], "big")
        fragment = reader.peek(end)[start + _RECORD_HEADER :]
        yield fragment
        start = end


class _Bytes:
    """A cursor over the length-prefixed vectors of TLS."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def take(self, size: int) -> bytes:
        if len(self.left) < size:
            raise NotTlsError("a truncated ClientHello")
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, prefix: int) -> bytes:
        return self.take(self.number(prefix))
