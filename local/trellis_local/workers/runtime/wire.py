"""Messages between the stack and the fork server: a length, a JSON body, and file descriptors that travel along."""

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct("!I")


class DisconnectedError(Exception):
    """The other side is gone."""


def send(channel: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    """Send one message; the descriptors are duplicated into the receiver."""
    body = json.dumps(message).encode()
    socket.send_fds(channel, [LENGTH.pack(len(body))], list(descriptors))
    channel.sendall(body)


def receive(channel: socket.socket, descriptors: int = 0) -> tuple[dict[str, Any], list[int]]:
    """The next message and up to `descriptors` descriptors; raise DisconnectedError at the end of the stream."""
    head, received, _flags, _address = socket.recv_fds(channel, LENGTH.size, descriptors)
    if not head:
        raise DisconnectedError
    head += _exactly(channel, LENGTH.size - len(head))
    message: dict[str, Any] = json.loads(_exactly(channel, LENGTH.unpack(head)[0]))
    return message, received


def _exactly(channel: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = channel.recv(size - len(chunks))
        if not chunk:
            raise DisconnectedError
        chunks += chunk
    return bytes(chunks)
