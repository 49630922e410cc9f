"""A TCP server on 127.0.0.1 with a thread for each connection, all of which end with stop()."""

import contextlib
import socket
import threading
from collections.abc import Callable

from trellis_local.dataplane.channels import Link

_LOOK_EVERY = 0.05  # real seconds between two looks at whether to stop
_BACKLOG = 256
_MOST_LEFTOVERS = 64

Serve = Callable[[Link], None]  # OSError means that the client is gone, or was idle for too long


class LoopbackServer:
    """Serves from start() to stop(); port 0 takes a free one, which `port` then names."""

    def __init__(self, *, port: int, serve: Serve) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        self._listener.settimeout(_LOOK_EVERY)
        self.port = int(self._listener.getsockname()[1])
        self._serve = serve
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="dataplane", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End all connections and their threads, and free the port."""
        self._stopped.set()
        self._thread.join()
        self._listener.close()
        with self._lock:
            serving = list(self._open.items())
        for connection, _ in serving:
            with contextlib.suppress(OSError):  # the client may have left already
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in serving:
            thread.join()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._run, args=(connection,), name="dataplane-connection", daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _run(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError), connection:
                connection.setblocking(True)
                try:
                    self._serve(Link(connection))
                finally:
                    _close_gently(connection)
        finally:
            with self._lock:
                del self._open[connection]


def _close_gently(connection: socket.socket) -> None:
    """End the answer before what the client still sends is dropped, lest a reset overtakes the answer."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_LOOK_EVERY)
        for _ in range(_MOST_LEFTOVERS):
            if not connection.recv(65536):
                return
