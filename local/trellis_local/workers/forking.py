"""The stack's end of the fork server: starts it, asks it for processes, learns when and how they end."""

import os
import socket
import subprocess
import sys
import threading
from itertools import count
from typing import Any

from trellis_local.workers.runtime import wire

SERVER = "from trellis_local.workers.runtime.forkserver import main; main({descriptor})"
FORK_DEADLINE_SECONDS = 60.0


class ForkServerGoneError(RuntimeError):
    """The process that forks functions has ended."""


class Fork:
    """One forked process; `exit_code` is set once it has ended, negative for a signal."""

    def __init__(self, pid: int) -> None:
        """`pid` is the operating system's."""
        self.pid = pid
        self.exit_code: int | None = None
        self.ended = threading.Event()


class ForkServer:
    """Starts on construction; thread-safe."""

    def __init__(self) -> None:
        """Raise OSError when the interpreter cannot be started."""
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", SERVER.format(descriptor=theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "en_US.UTF-8", "TZ": ":UTC"},
                stdin=subprocess.DEVNULL,
            )
        self._sending = threading.Lock()
        self._requests = count(1)
        self._changed = threading.Condition()
        self._answers: dict[int, Fork] = {}
        self._forks: dict[int, Fork] = {}
        self._gone = False
        self._listener = threading.Thread(target=self._listen, name="lambda-fork-server", daemon=True)
        self._listener.start()

    def fork(self, worker: dict[str, Any], *, invocations: int, output: int) -> Fork:
        """A new function process that owns copies of the two descriptors; raise ForkServerGoneError."""
        request = next(self._requests)
        try:
            with self._sending:
                wire.send(self._channel, {"request": request, "worker": worker}, (invocations, output))
        except OSError as error:
            raise ForkServerGoneError(str(error)) from error
        with self._changed:
            self._changed.wait_for(lambda: self._gone or request in self._answers, timeout=FORK_DEADLINE_SECONDS)
            if request not in self._answers:
                raise ForkServerGoneError("the fork server did not answer")
            return self._answers.pop(request)

    def stop(self) -> None:
        """End the server and every process it forked."""
        self._channel.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._listener.join()
        self._channel.close()

    def _listen(self) -> None:
        try:
            while True:
                message, _descriptors = wire.receive(self._channel)
                with self._changed:
                    self._note(message)
                    self._changed.notify_all()
        except (wire.DisconnectedError, OSError):
            with self._changed:
                self._gone = True
                for fork in self._forks.values():
                    fork.ended.set()
                self._changed.notify_all()

    def _note(self, message: dict[str, Any]) -> None:
        if "request" in message:
            fork = self._forks[message["pid"]] = Fork(message["pid"])
            self._answers[message["request"]] = fork
        else:
            fork = self._forks.pop(message["pid"])
            fork.exit_code = message["exit"]
            fork.ended.set()
