"""A small concurrent HTTP/1.1 server on loopback, one for each VPC.

The standard library's handler cannot close a connection without an answer, nor answer 400 where VPC Lattice does, so
requests are read here. Bodies are read and dropped. It speaks no TLS and no HTTP/2.
"""

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from io import BufferedIOBase
from urllib.parse import urlsplit

from trellis_local.dataplane.messages import Answer, Headers, NoAnswer, Request, text, values

IDLE_SECONDS = 60.0  # VPC Lattice's default idleTimeoutSeconds
MOST_HEADERS = 100
MOST_HEADER_BYTES = 60 * 1024
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\s]+) HTTP/1\.([01])\r?\n")

Exchange = Callable[[Request], Answer]  # raises NoAnswer


class MalformedRequestError(ValueError):
    """The client's request breaks HTTP or the limits of VPC Lattice: answer 400 and close."""


class HttpServer(socketserver.ThreadingTCPServer):
    """Serves on 127.0.0.1 from start() to stop(); port 0 takes a free one, which `port` then names."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, *, port: int, exchange: Exchange) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.exchange = exchange
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="dataplane", daemon=True)

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End all connections and free the port."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client may have left already
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, so that stop() can end it, and serve it in a thread of its own."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget the connection and close it."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class _Connection(socketserver.StreamRequestHandler):
    server: HttpServer
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while self._serve_one():
                pass
        except (ConnectionError, TimeoutError):
            return  # the client is gone, or idle for too long

    def _serve_one(self) -> bool:
        """Serve one request; False when the connection is to be closed."""
        try:
            read = _read_request(self.rfile, self.wfile, client_ip=str(self.client_address[0]))
        except MalformedRequestError as error:
            self.wfile.write(_encode(text(400, f"{error}\n"), method="GET", keep_alive=False))
            return False
        if read is None:
            return False
        request, keep_alive = read
        try:
            answer = self.server.exchange(request)
        except NoAnswer:
            return False
        self.wfile.write(_encode(answer, method=request.method, keep_alive=keep_alive))
        return keep_alive


def _read_request(stream: BufferedIOBase, back: BufferedIOBase, *, client_ip: str) -> tuple[Request, bool] | None:
    """A request and whether the client keeps the connection; None when the client closed it."""
    line = stream.readline(MOST_HEADER_BYTES)
    if not line:
        return None
    parts = _REQUEST_LINE.fullmatch(line)
    if parts is None:
        raise MalformedRequestError("malformed request line")
    headers = _read_headers(stream)
    if "100-continue" in (value.lower() for value in values(headers, "expect")):
        back.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    _drop_body(stream, headers)
    target, headers = _origin_form(parts[2].decode("latin-1"), headers)
    request = Request(parts[1].decode(), target, headers, client_ip=client_ip)
    tokens = {token.strip().lower() for value in values(headers, "connection") for token in value.split(",")}
    return request, parts[3] == b"1" and "close" not in tokens


def _read_headers(stream: BufferedIOBase) -> Headers:
    headers: list[tuple[str, str]] = []
    left = MOST_HEADER_BYTES
    while True:
        line = stream.readline(left + 1)
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


def _origin_form(target: str, headers: Headers) -> tuple[str, Headers]:
    """Path and headers of a request; an absolute-form target, as proxies get it, replaces the Host header."""
    if target.startswith("/"):
        return target, headers
    url = urlsplit(target)
    if url.scheme != "http" or not url.netloc:
        raise MalformedRequestError("the request target is neither a path nor an http URL")
    path = url._replace(scheme="", netloc="", fragment="", path=url.path or "/").geturl()
    return path, (("host", url.netloc), *(header for header in headers if header[0].lower() != "host"))


def _drop_body(stream: BufferedIOBase, headers: Headers) -> None:
    codings, lengths = values(headers, "transfer-encoding"), values(headers, "content-length")
    if codings:
        if lengths or [coding.lower() for coding in codings] != ["chunked"]:
            raise MalformedRequestError("the only transfer coding is chunked, without content-length")
        while (size := _chunk_size(stream.readline(1024))) > 0:
            _drop(stream, size + 2)
        _read_headers(stream)
    elif lengths:
        if len(set(lengths)) != 1 or not lengths[0].isascii() or not lengths[0].isdigit():
            raise MalformedRequestError("malformed content-length")
        _drop(stream, int(lengths[0]))


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", digits):
        raise MalformedRequestError("malformed chunk")
    return int(digits, 16)


def _drop(stream: BufferedIOBase, size: int) -> None:
    while size > 0:
        read = len(stream.read(min(size, 65536)))
        if not read:
            raise ConnectionResetError("the client ended the connection within a body")
        size -= read


def _encode(answer: Answer, *, method: str, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    bodiless = answer.status in (204, 304)
    if not bodiless:
        lines.append(f"content-length: {len(answer.body)}")
    if not keep_alive:
        lines.append("connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if bodiless or method == "HEAD" else head + answer.body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
