"""The HTTPS front of one cluster on a loopback port; it carries requests and knows nothing of their meaning."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from trellis_local.kubernetes.errors import ApiError
from trellis_local.kubernetes.handler import RequestHandler
from trellis_local.kubernetes.http_messages import HttpAnswer, HttpRequest

_IDLE_SECONDS = 300


class HttpsServer:
    """Serves a RequestHandler until `stop()`."""

    def __init__(self, handler: RequestHandler, context: ssl.SSLContext) -> None:
        self._server = _TlsServer(handler, context)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    @property
    def reachable(self) -> bool:
        """Whether clients get through; otherwise each connection ends before a word is said."""
        return self._server.reachable

    @reachable.setter
    def reachable(self, reachable: bool) -> None:
        self._server.reachable = reachable
        if not reachable:
            self._server.break_connections()

    def stop(self) -> None:
        """Close every connection and the port, and wait for the threads."""
        self._server.shutdown()
        self._thread.join()
        self._server.reachable = False
        self._server.break_connections()
        self._server.server_close()


class _TlsServer(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, handler: RequestHandler, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.request_handler = handler
        self._context = context
        self._open: set[ssl.SSLSocket] = set()
        self.reachable = True
        self._open_lock = threading.Lock()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a silent client blocks nobody else."""
        request.settimeout(_IDLE_SECONDS)
        connection = self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self._open_lock:
            self._open.add(connection)
            reachable = self.reachable
        try:
            if reachable:
                connection.do_handshake()
                super().process_request_thread(connection, client_address)
        except OSError:
            return  # the client hung up, or speaks no TLS
        finally:
            with self._open_lock:
                self._open.discard(connection)
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no failure of the server; anything else is printed by the base class."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def break_connections(self) -> None:
        """End all connections, which wakes the threads that wait for a next request."""
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client may have closed it first
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _TlsServer

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        request = HttpRequest(self.command, self.path, dict(_canonical(self.headers.items())), body)
        try:
            answer = self.server.request_handler.handle(request)
        except Exception as error:  # noqa: BLE001 - an entry point: a defect here must reach the client as a 500
            failure = ApiError(500, "InternalError", f"Internal error occurred: {error!r}")
            answer = HttpAnswer(500, failure.status())
        if answer.stream is not None:
            self._send_stream(answer.stream)
        else:
            self._send_body(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def _send_body(self, answer: HttpAnswer) -> None:
        text = isinstance(answer.body, str)
        data = answer.body.encode() if text else json.dumps(answer.body, separators=(",", ":")).encode()
        self.send_response(answer.code)
        self.send_header("Content-Type", "text/plain" if text else "application/json")
        for warning in answer.warnings:
            self.send_header("Warning", f'299 - "{warning}"'.replace("\n", " "))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_stream(self, events: Iterator[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Requests are in the audit log, not on the terminal."""


def _canonical(headers: Any) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        yield "-".join(part.capitalize() for part in name.split("-")), value
