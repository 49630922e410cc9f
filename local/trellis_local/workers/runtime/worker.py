"""The life of one function process: take Lambda's surroundings, load the handler, answer invocations."""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from trellis_local.workers.runtime.context import LambdaContext
from trellis_local.workers.runtime.failures import FunctionError, from_exception, import_failure

Handler = Callable[[Any, LambdaContext], Any]

PR_SET_PDEATHSIG = 1


def main(spec: dict[str, Any], *, invocations: int, output: int) -> int:
    """Run until the stack closes the connection; the exit status of the process."""
    _die_with_the_fork_server()
    _take_surroundings(spec, output)
    connection = Connection(invocations)
    try:
        handler = _load(spec["handler"])
        connection.send_bytes(b"initialized")
    except FunctionError as failure:
        connection.send_bytes(b"failed to initialize")
        return _report_failed_init(connection, failure)
    while True:
        try:
            header = json.loads(connection.recv_bytes())
            payload = connection.recv_bytes()
        except (EOFError, OSError):
            return 0
        _answer(connection, header, outcome=_run(handler, spec, header=header, payload=payload))


def _die_with_the_fork_server() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_surroundings(spec: dict[str, Any], output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(spec["environment"])
    time.tzset()
    os.chdir(spec["code_dir"])
    interpreter = (sys.prefix, sys.base_prefix)
    sys.path[:] = [spec["code_dir"], *spec["layer_paths"], *(path for path in sys.path if path.startswith(interpreter))]
    # The finders of editable installs would lend the function packages that its layers do not ship.
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "trellis_local"]:
        del sys.modules[name]
    if spec["clock_speed"] != 1:
        _follow_clock(start=spec["clock_start"], speed=spec["clock_speed"])


def _follow_clock(*, start: float, speed: float) -> None:
    """Make `time.time` read the stack's clock, so that leases and timestamps agree with what AWS says.

    Only `time.time`: `time.monotonic` also measures sockets and locks, which live in real time, and `datetime.now` is
    compiled code that cannot be replaced for everyone who imported it.
    """
    real = time.time

    def virtual() -> float:
        return start + (real() - start) * speed

    time.time = virtual


def _load(handler: str) -> Handler:
    module_name, _, function_name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except SystemExit:
        raise
    except BaseException as error:
        raise import_failure(module_name, error) from error
    function = getattr(module, function_name, None)
    if function is None:
        raise FunctionError("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    loaded: Handler = function
    return loaded


def _report_failed_init(connection: Connection, failure: FunctionError) -> int:
    try:
        header = json.loads(connection.recv_bytes())
        connection.recv_bytes()
    except (EOFError, OSError):
        return 1
    _answer(connection, header, outcome=(failure.document(header["request_id"]), True))
    return 1


def _run(handler: Handler, spec: dict[str, Any], *, header: dict[str, Any], payload: bytes) -> tuple[bytes, bool]:
    """The answer's bytes, and whether it is an error document."""
    request_id = header["request_id"]
    print(f"START RequestId: {request_id} Version: $LATEST", flush=True)
    context = LambdaContext.of(spec, header)
    try:
        result = handler(json.loads(payload), context)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - this is the entry point: Lambda reports every exception of a handler
        failure = from_exception(error)
        print(f"[ERROR] {failure.error_type}: {failure.message}\nTraceback (most recent call last):")
        print("".join(failure.stack), end="")
        return failure.document(request_id), True
    try:
        return json.dumps(result).encode(), False
    except (TypeError, ValueError) as error:
        failure = FunctionError("Runtime.MarshalError", f"Unable to marshal response: {error}")
        return failure.document(request_id), True


def _answer(connection: Connection, header: dict[str, Any], *, outcome: tuple[bytes, bool]) -> None:
    body, failed = outcome
    sys.stderr.flush()
    print(f"END RequestId: {header['request_id']}", flush=True)
    connection.send_bytes(json.dumps({"failed": failed}).encode())
    connection.send_bytes(body)
