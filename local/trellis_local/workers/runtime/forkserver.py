"""A single-threaded process with the heavy packages loaded, from which every function process is forked.

Forking from the stack itself would copy its threads' locks; a fresh interpreter for each function would cost the import
of boto3, pydantic and kubernetes each time. However the stack ends, its end of the channel closes, and
this process kills what it forked and ends.
"""

import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from typing import Any

from trellis_local.workers.runtime import wire, worker

PRELOADED = (
    "boto3",
    "botocore.session",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "pydantic",
    "kubernetes",
)
DESCRIPTORS_OF_A_WORKER = 2


def main(descriptor: int) -> None:
    """Serve fork requests on the inherited socket until its other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stack, which then closes the channel
    channel = socket.socket(fileno=descriptor)
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()  # collected objects would be written to, and so copied, in every fork
    children: set[int] = set()
    try:
        _serve(channel, children)
    except wire.DisconnectedError:
        pass
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)


def _serve(channel: socket.socket, children: set[int]) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(reader, selectors.EVENT_READ)
        while True:
            for key, _events in selector.select():
                if key.fileobj is channel:
                    _fork(channel, children)
                else:
                    os.read(reader, 4096)
                    _reap(channel, children)


def _fork(channel: socket.socket, children: set[int]) -> None:
    request, descriptors = wire.receive(channel, DESCRIPTORS_OF_A_WORKER)
    child = os.fork()
    if child == 0:
        _become_worker(channel, request, descriptors)
    children.add(child)
    for descriptor in descriptors:
        os.close(descriptor)
    wire.send(channel, {"request": request["request"], "pid": child})


def _become_worker(channel: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    channel.close()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 1
    try:
        status = worker.main(request["worker"], invocations=descriptors[0], output=descriptors[1])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _reap(channel: socket.socket, children: set[int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        children.discard(pid)
        wire.send(channel, {"pid": pid, "exit": os.waitstatus_to_exitcode(status)})
