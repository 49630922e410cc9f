"""One running process of a function, and the failures that only its owner can see: death and timeout."""

import contextlib
import json
import os
import signal
import socket
from multiprocessing.connection import Connection

from trellis_local.workers.forking import Fork
from trellis_local.workers.function import FunctionSource

EXIT_DEADLINE_SECONDS = 5.0
# Lambda gives the init phase 10 s of its own; what is not done by then is charged to the first invocation.
INIT_SECONDS = 10.0


class FunctionProcess:
    """Serves one invocation at a time; after a failure of the process itself it is of no further use."""

    def __init__(self, source: FunctionSource, fork: Fork, connection: Connection) -> None:
        """`connection` is the stack's end of the pair whose other end the fork holds."""
        self.source = source
        self.alive = True
        self._fork = fork
        self._connection = connection
        self._initialized = False

    def invoke(self, payload: bytes, *, request_id: str, function_arn: str) -> tuple[bytes, bool]:
        """The answer and whether it is an error document; never raises for what the function does."""
        header = {"request_id": request_id, "function_arn": function_arn, "timeout": self.source.timeout}
        try:
            if not self._initialize():
                return self._timed_out(request_id)
            self._connection.send_bytes(json.dumps(header).encode())
            self._connection.send_bytes(payload)
            if not self._connection.poll(self.source.timeout):
                return self._timed_out(request_id)
            failed = json.loads(self._connection.recv_bytes())["failed"]
            return self._connection.recv_bytes(), failed
        except (EOFError, OSError):
            return self._ended(request_id)

    def _initialize(self) -> bool:
        if not self._initialized:
            if not self._connection.poll(INIT_SECONDS + self.source.timeout):
                return False
            self._connection.recv_bytes()
            self._initialized = True
        return True

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self.alive = False
        if not self._fork.ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._fork.pid, signal.SIGKILL)

    def retire(self) -> None:
        """Let an idle process end: it sees its connection close."""
        self.alive = False
        self._connection.close()

    def _timed_out(self, request_id: str) -> tuple[bytes, bool]:
        self.kill()
        message = f"RequestId: {request_id} Error: Task timed out after {self.source.timeout:.2f} seconds"
        return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message}).encode(), True

    def _ended(self, request_id: str) -> tuple[bytes, bool]:
        self.alive = False
        self._fork.ended.wait(EXIT_DEADLINE_SECONDS)
        message = f"RequestId: {request_id} Error: Runtime exited with error: {_reason(self._fork.exit_code)}"
        return json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}).encode(), True


def connection_pair() -> tuple[Connection, socket.socket]:
    """The stack's end, and the end to hand to a fork."""
    ours, theirs = socket.socketpair()
    return Connection(ours.detach()), theirs


def _reason(exit_code: int | None) -> str:
    if exit_code is None:
        return "unknown"
    if exit_code < 0:
        name = "killed" if -exit_code == signal.SIGKILL else signal.Signals(-exit_code).name
        return f"signal: {name}"
    return f"exit status {exit_code}"
