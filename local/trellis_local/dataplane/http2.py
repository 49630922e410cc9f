"""HTTP/2 for the server's side of a channel: one thread reads frames, one for each stream answers.

The protocol itself, flow control and the rules of RFC 9113 included, is the library h2.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error, ProtocolError

from trellis_local.dataplane import http2_messages, statuses
from trellis_local.dataplane.channels import Channel
from trellis_local.dataplane.http_messages import MOST_BODY_BYTES, MalformedRequestError, Respond
from trellis_local.dataplane.messages import Answer, Headers, NoAnswer, Request, text

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass
class _Stream:
    """A request that is still being received."""

    headers: Headers
    body: bytearray = field(default_factory=bytearray)


class Http2Server:
    """Serves one connection; `request` has the members that all requests share."""

    def __init__(self, channel: Channel, respond: Respond, *, request: Request) -> None:
        self._channel = channel
        self._respond = respond
        self._shared = request
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._h2.decoder.max_header_list_size = http2_messages.MOST_DECODED_BYTES
        self._changed = threading.Condition()  # guards h2 and what follows
        self._receiving: dict[int, _Stream] = {}
        self._answering: dict[int, threading.Thread] = {}
        self._ended = False
        self._handlers: dict[type[Event], Callable[..., None]] = {
            RequestReceived: self._on_request,
            DataReceived: self._on_data,
            StreamEnded: self._on_end,
            StreamReset: self._on_reset,
            WindowUpdated: self._on_window,
            ConnectionTerminated: self._on_goaway,
        }

    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return bool(self._answering)

    def serve(self) -> None:
        """Serve until the client leaves, breaks the protocol or a time limit ends the connection."""
        with self._changed:
            self._h2.initiate_connection()
            self._flush()
        try:
            self._receive()
        except TimeoutError:
            self._say_goodbye()
        finally:
            self._end()

    def _receive(self) -> None:
        while not self._ended and (data := self._channel.receive()):
            with self._changed:
                try:
                    for event in self._h2.receive_data(data):
                        handler = self._handlers.get(type(event))
                        if handler is not None:
                            handler(event)
                except ProtocolError:  # h2 has prepared the GOAWAY that says why
                    self._ended = True
                self._flush()

    def _say_goodbye(self) -> None:
        with self._changed:
            self._h2.close_connection()
            self._flush()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            threads = list(self._answering.values())
            self._changed.notify_all()
        for thread in threads:
            thread.join()

    def _on_request(self, event: RequestReceived) -> None:
        headers = tuple((str(name), str(value)) for name, value in event.headers)
        self._receiving[event.stream_id] = _Stream(headers)

    def _on_data(self, event: DataReceived) -> None:
        if event.flow_controlled_length:
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        stream = self._receiving.get(event.stream_id)
        if stream is None:
            return
        stream.body += event.data
        if len(stream.body) > MOST_BODY_BYTES:
            del self._receiving[event.stream_id]
            self._answer_in_thread(event.stream_id, self._refusal(statuses.BODY_TOO_LARGE, "the body is too large"))

    def _on_end(self, event: StreamEnded) -> None:
        stream = self._receiving.pop(event.stream_id, None)
        if stream is None:
            return
        try:
            request = http2_messages.request_of(stream.headers, bytes(stream.body), shared=self._shared)
        except MalformedRequestError as error:
            self._answer_in_thread(event.stream_id, self._refusal(error.status, str(error)))
        else:
            self._answer_in_thread(event.stream_id, lambda: (request.method, self._respond(request)))

    def _on_reset(self, event: StreamReset) -> None:
        self._receiving.pop(event.stream_id, None)
        self._changed.notify_all()

    def _on_window(self, _event: WindowUpdated) -> None:
        self._changed.notify_all()

    def _on_goaway(self, _event: ConnectionTerminated) -> None:
        self._ended = True

    def _refusal(self, status: int, reason: str) -> Callable[[], tuple[str, Answer]]:
        return lambda: ("GET", text(status, f"{reason}\n"))

    def _answer_in_thread(self, stream_id: int, answer: Callable[[], tuple[str, Answer]]) -> None:
        thread = threading.Thread(target=self._answer, args=(stream_id, answer), name="dataplane-stream", daemon=True)
        self._answering[stream_id] = thread
        thread.start()

    def _answer(self, stream_id: int, make: Callable[[], tuple[str, Answer]]) -> None:
        try:
            method, answer = make()
            self._send(stream_id, answer, bodiless=method == "HEAD" or answer.status in (204, 304))
        except NoAnswer:
            self._reset(stream_id)
        except (H2Error, OSError):
            pass  # the client gave up this stream, or left
        except BaseException:
            self._reset(stream_id)  # an error of ours must not leave the client waiting
            raise
        finally:
            with self._changed:
                del self._answering[stream_id]

    def _send(self, stream_id: int, answer: Answer, *, bodiless: bool) -> None:
        body = b"" if bodiless else answer.body
        headers, trailers = http2_messages.headers_of(answer), answer.trailers
        with self._changed:
            self._h2.send_headers(stream_id, headers, end_stream=not body and not trailers)
            self._flush()
        sent = 0
        while sent < len(body):
            with self._changed:  # waiting gives it up; sending must follow before another stream takes the window
                size = self._wait_for_window(stream_id)
                part = body[sent : sent + size]
                sent += len(part)
                self._h2.send_data(stream_id, part, end_stream=sent == len(body) and not trailers)
                self._flush()
        if trailers:
            with self._changed:
                self._h2.send_headers(stream_id, trailers, end_stream=True)
                self._flush()

    def _wait_for_window(self, stream_id: int) -> int:
        """How many bytes the client lets us send now; ConnectionResetError when the connection ends first."""
        while not self._ended:
            size = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
            if size > 0:
                return size
            self._changed.wait()
        raise ConnectionResetError("the connection has ended")

    def _reset(self, stream_id: int) -> None:
        try:
            with self._changed:
                self._h2.reset_stream(stream_id, ErrorCodes.INTERNAL_ERROR)
                self._flush()
        except (H2Error, OSError):
            pass  # there is nothing left to reset

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._channel.send(data)
