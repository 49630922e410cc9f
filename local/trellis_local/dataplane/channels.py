"""Bytes on a client's connection: the socket with its time limits, and a buffered reader on top of it.

Limits: a connection that carries no data for the idle time-out is closed, and none lives longer than ten minutes
(API reference of CreateService, idleTimeoutSeconds). Both are virtual seconds.
"""

import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import Protocol

from trellis_local import clock

IDLE_SECONDS = 60.0  # before a service is known: the default of idleTimeoutSeconds
LONGEST_CONNECTION_SECONDS = 600.0
_SHORTEST_LIMIT = 0.5  # real seconds; clients run in real time, however fast the stack's clock is
_LOOK_EVERY = 0.1  # real seconds
_SEND_SECONDS = 60  # real seconds that a client may refuse to read
_CHUNK = 65536


class Channel(Protocol):
    """A two-way stream of bytes; receive() gives b"" at its end."""

    def receive(self) -> bytes:
        """The next bytes, at least one unless the other side has finished."""

    def send(self, data: bytes) -> None:
        """Send all of the data."""


class Link:
    """A client's socket; TimeoutError at a limit. `busy()` suspends the idle time-out while an answer is made."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._started = self._active = clock.current().time()
        self._sending = threading.Lock()
        self.idle_seconds = IDLE_SECONDS
        self.busy: Callable[[], bool] = lambda: False
        self.client_ip, self.client_port = connection.getpeername()[:2]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))

    def seconds_left(self) -> float:
        """Virtual seconds until the connection has lasted as long as it may; 0 afterwards."""
        return max(0.0, self._started + _limit(LONGEST_CONNECTION_SECONDS) - clock.current().time())

    def receive(self) -> bytes:
        """The next bytes; TimeoutError when the connection is idle or old (Channel)."""
        while True:
            wait = min(_LOOK_EVERY, clock.current().real_seconds(self._seconds_to_wait()))
            if self._poll.poll(max(1, int(wait * 1000))):
                data = self._socket.recv(_CHUNK)
                self._active = clock.current().time()
                return data

    def send(self, data: bytes) -> None:
        """Send all of the data (Channel)."""
        with self._sending:
            self._socket.sendall(data)
        self._active = clock.current().time()

    def _seconds_to_wait(self) -> float:
        left = self.seconds_left()
        if not left:
            raise TimeoutError("the connection has lasted as long as it may")
        if self.busy():
            return left
        idle = self._active + _limit(self.idle_seconds) - clock.current().time()
        if idle <= 0:
            raise TimeoutError("the connection is idle")
        return min(idle, left)


class Reader:
    """A channel that can be looked ahead into and read by lines and sizes."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._buffer = b""

    def receive(self) -> bytes:
        """What is buffered, else the next bytes (Channel)."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        return self._channel.receive()

    def send(self, data: bytes) -> None:
        """Send all of the data (Channel)."""
        self._channel.send(data)

    def peek(self, size: int) -> bytes:
        """The next `size` bytes without taking them; fewer at the end of the stream."""
        while len(self._buffer) < size and self._fill():
            pass
        return self._buffer[:size]

    def readline(self, limit: int) -> bytes:
        """Bytes up to and with the next line feed; at most `limit`, fewer at the end of the stream."""
        while (end := self._buffer.find(b"\n", 0, limit)) < 0 and len(self._buffer) < limit and self._fill():
            pass
        return self._take(limit if end < 0 else end + 1)

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; ConnectionResetError when the stream ends before."""
        parts, missing = [], size
        while missing:
            if not self._buffer and not self._fill():
                raise ConnectionResetError("the client ended the connection within a body")
            parts.append(self._take(missing))
            missing -= len(parts[-1])
        return b"".join(parts)

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _fill(self) -> bool:
        data = self._channel.receive()
        self._buffer += data
        return bool(data)


class Counted:
    """A channel that counts what passes; `received` and `sent` as VPC Lattice sees the client's bytes."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.received = self.sent = 0

    def receive(self) -> bytes:
        """The next bytes (Channel)."""
        data = self._channel.receive()
        self.received += len(data)
        return data

    def send(self, data: bytes) -> None:
        """Send all of the data (Channel)."""
        self._channel.send(data)
        self.sent += len(data)


def _limit(virtual_seconds: float) -> float:
    return max(virtual_seconds, _SHORTEST_LIMIT * clock.current().speed)
