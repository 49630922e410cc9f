"""Function output on its way to CloudWatch Logs.

One thread reads the output pipes of all processes, so that no invocation waits for a log call. It writes into moto's
logs backend as the Lambda service; permission to write logs is not checked against the function's role.
"""

import os
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

from moto.logs.models import logs_backends

from trellis_local.clock import Clock
from trellis_local.workers.contract import LogLine, LogListener
from trellis_local.workers.surroundings import log_group

FLUSH_SECONDS = 0.2
KEPT_LINES = 400
READ_BYTES = 65536


@dataclass
class _Output:
    function_name: str
    log_stream: str
    rest: bytes = b""
    lines: list[str] = field(default_factory=list)


class LogShipper:
    """Owns the reading ends that it is given; `listener` is called on the shipper's thread."""

    def __init__(self, *, region: str, account: str, clock: Clock, listener: LogListener | None) -> None:
        """Starts the reading thread."""
        self._account = account
        self._region = region
        self._clock = clock
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._pending: list[LogLine] = []
        self._arrived = threading.Condition()
        self._recent: dict[str, list[str]] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="lambda-logs", daemon=True)
        self._thread.start()

    def follow(self, descriptor: int, *, function_name: str, stream: str) -> None:
        """Read `descriptor` until its writers are gone."""
        with self._arrived:
            self._recent[stream] = []
        self._selector.register(descriptor, selectors.EVENT_READ, _Output(function_name, stream))
        self._waker.send(b"x")

    def tail(self, stream: str, request_id: str, *, deadline: float) -> str:
        """What one invocation wrote; waits at most `deadline` real seconds for its last line."""
        end = f"END RequestId: {request_id}"
        with self._arrived:
            self._arrived.wait_for(lambda: end in self._recent.get(stream, []), timeout=deadline)
            lines = self._recent.get(stream, [])
            start = next((i for i, line in enumerate(lines) if line.startswith(f"START RequestId: {request_id}")), 0)
            return "\n".join(lines[start:]) + "\n"

    def stop(self) -> None:
        """Ship what has arrived and end the thread."""
        self._stopping = True
        self._waker.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, int):
                os.close(key.fileobj)
        self._selector.close()
        self._wake.close()
        self._waker.close()

    def _run(self) -> None:
        flushed = time.monotonic()
        while not self._stopping:
            for key, _events in self._selector.select(FLUSH_SECONDS if self._pending else None):
                if key.fileobj is self._wake:
                    self._wake.recv(READ_BYTES)
                else:
                    self._read(key)
            if time.monotonic() - flushed >= FLUSH_SECONDS or self._stopping:
                self._flush()
                flushed = time.monotonic()

    def _read(self, key: selectors.SelectorKey) -> None:
        output: _Output = key.data
        data = os.read(key.fd, READ_BYTES)
        *complete, output.rest = (output.rest + data).split(b"\n")
        if not data:
            self._selector.unregister(key.fileobj)
            os.close(key.fd)
            complete, output.rest = ([output.rest] if output.rest else []), b""
        self._take(output, [line.decode(errors="replace") for line in complete])

    def _take(self, output: _Output, lines: list[str]) -> None:
        timestamp = int(self._clock.time() * 1000)
        with self._arrived:
            recent = self._recent[output.log_stream]
            recent += lines
            del recent[:-KEPT_LINES]
            self._arrived.notify_all()
        for text in lines:
            line = LogLine(output.function_name, output.log_stream, timestamp, text)
            self._pending.append(line)
            if self._listener is not None:
                self._listener(line)

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        batches: dict[tuple[str, str], list[LogLine]] = {}
        for line in pending:
            batches.setdefault((line.function_name, line.log_stream), []).append(line)
        for (function_name, stream), lines in batches.items():
            self._write(log_group(function_name), stream, lines)

    def _write(self, group: str, stream: str, lines: list[LogLine]) -> None:
        backend = logs_backends[self._account][self._region]
        groups = backend.groups
        if group not in groups:
            backend.create_log_group(group, {})
        if stream not in groups[group].streams:
            groups[group].create_log_stream(stream)
        # The log group directly: the backend refuses timestamps that are far from real time, as a fast clock's are.
        groups[group].put_log_events(stream, [{"timestamp": line.timestamp, "message": line.text} for line in lines])
