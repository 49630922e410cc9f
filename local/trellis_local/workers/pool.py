"""The functions of the stack and their warm processes; see the package for what is emulated and what is not."""

import base64
import json
import os
import tempfile
import threading
import uuid
from pathlib import Path

from botocore.exceptions import ClientError

from trellis_local.clock import Clock
from trellis_local.workers.contract import Credentials, Identity, LogListener
from trellis_local.workers.fleet import FunctionFleet
from trellis_local.workers.forking import ForkServer
from trellis_local.workers.function import (
    LOG_TAIL_BYTES,
    MAX_ASYNCHRONOUS_BYTES,
    MAX_SYNCHRONOUS_BYTES,
    FunctionSource,
    InvocationRefusedError,
    InvocationType,
    InvokeResult,
)
from trellis_local.workers.logs import LogShipper
from trellis_local.workers.outcomes import Outcomes
from trellis_local.workers.process import FunctionProcess, connection_pair
from trellis_local.workers.queueing import AsyncInvoker
from trellis_local.workers.surroundings import environment, log_stream

TAIL_DEADLINE_SECONDS = 2.0
TOO_LARGE = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."


class WorkerPool:
    """Runs functions; thread-safe. `stop` ends every process, and so does the death of this one."""

    def __init__(
        self,
        *,
        endpoint_url: str,
        region: str,
        account: str,
        clock: Clock,
        identity: Identity,
        on_log: LogListener | None = None,
    ) -> None:
        """Starts the fork server; `on_log` gets every line that a function writes."""
        self._endpoint_url = endpoint_url
        self._region = region
        self._account = account
        self._clock = clock
        self._identity = identity
        self._home = tempfile.TemporaryDirectory(prefix="lambda-")
        self._server = ForkServer()
        self._logs = LogShipper(region=region, account=account, clock=clock, listener=on_log)
        self._fleets: dict[str, FunctionFleet] = {}
        self._lock = threading.Lock()
        outcomes = Outcomes(endpoint_url=endpoint_url, region=region, clock=clock, identity=identity)
        self._queue = AsyncInvoker(invoke=self._invoke_now, outcomes=outcomes, clock=clock)

    def register(self, source: FunctionSource) -> None:
        """Make a function known; a changed one gets new processes, running invocations finish in the old ones."""
        with self._lock:
            fleet = self._fleets.get(source.name)
            if fleet is not None and fleet.source == source:
                return
            self._fleets[source.name] = FunctionFleet(source, start=self._start)
        if fleet is not None:
            fleet.retire()

    def unregister(self, name: str) -> None:
        """Forget a function; its idle processes end."""
        with self._lock:
            fleet = self._fleets.pop(name, None)
        if fleet is not None:
            fleet.retire()

    def source(self, name: str) -> FunctionSource | None:
        """What is registered under the name."""
        with self._lock:
            fleet = self._fleets.get(name)
        return None if fleet is None else fleet.source

    def invoke(
        self, name: str, payload: bytes, invocation_type: InvocationType = "RequestResponse", *, tail: bool = False
    ) -> InvokeResult:
        """Lambda's Invoke; raise InvocationRefusedError where the API answers an error."""
        source = self._fleet(name).source
        _check_payload(payload, invocation_type)
        request_id = str(uuid.uuid4())
        if invocation_type == "DryRun":
            return InvokeResult(204, request_id=request_id)
        if invocation_type == "Event":
            self._queue.put(source, payload, request_id=request_id, function_arn=self.function_arn(name))
            return InvokeResult(202, request_id=request_id)
        return self._invoke_now(name, payload, request_id, tail=tail)

    def function_arn(self, name: str) -> str:
        """The unqualified ARN."""
        return f"arn:aws:lambda:{self._region}:{self._account}:function:{name}"

    def kill(self, name: str) -> int:
        """Kill every running process of a function; how many there were."""
        return self._fleet(name).kill()

    def stop(self) -> None:
        """Drop queued events and end all processes and threads."""
        self._queue.stop()
        with self._lock:
            fleets, self._fleets = list(self._fleets.values()), {}
        for fleet in fleets:
            fleet.kill()
            fleet.retire()
        self._server.stop()
        self._logs.stop()
        self._home.cleanup()

    def _fleet(self, name: str) -> FunctionFleet:
        with self._lock:
            fleet = self._fleets.get(name)
        if fleet is None:
            arn = self.function_arn(name)
            raise InvocationRefusedError("ResourceNotFoundException", f"Function not found: {arn}", status=404)
        return fleet

    def _invoke_now(self, name: str, payload: bytes, request_id: str, *, tail: bool = False) -> InvokeResult:
        fleet = self._fleet(name)
        with fleet.process() as (process, stream):
            body, failed = process.invoke(payload, request_id=request_id, function_arn=self.function_arn(name))
        if not failed and len(body) > MAX_SYNCHRONOUS_BYTES:
            body = json.dumps({"errorMessage": TOO_LARGE, "errorType": "Function.ResponseSizeTooLarge"}).encode()
            failed = True
        return InvokeResult(
            status=200,
            payload=body,
            function_error="Unhandled" if failed else None,
            log_tail=self._tail(stream, request_id) if tail else "",
            request_id=request_id,
        )

    def _tail(self, stream: str, request_id: str) -> str:
        text = self._logs.tail(stream, request_id, deadline=TAIL_DEADLINE_SECONDS)
        return base64.b64encode(text.encode()[-LOG_TAIL_BYTES:]).decode()

    def _assume(self, source: FunctionSource) -> Credentials:
        try:
            return self._identity.role_session(
                source.role_arn, session_name=source.name, service_principal="lambda.amazonaws.com"
            )
        except ClientError as error:
            message = f"The role defined for the function cannot be assumed by Lambda: {error}"
            raise InvocationRefusedError("AccessDeniedException", message, status=403) from error

    def _start(self, source: FunctionSource) -> tuple[FunctionProcess, str]:
        credentials = self._assume(source)
        stream = log_stream(self._clock.now(), uuid.uuid4().hex)
        reader, writer = os.pipe()
        self._logs.follow(reader, function_name=source.name, stream=stream)
        connection, theirs = connection_pair()
        worker = {
            "code_dir": str(source.code_dir),
            "layer_paths": [str(_python_path(directory)) for directory in source.layer_dirs],
            "handler": source.handler,
            "clock_start": self._clock.start,
            "clock_speed": self._clock.speed,
            "environment": environment(
                source,
                credentials=credentials,
                endpoint_url=self._endpoint_url,
                region=self._region,
                stream=stream,
                home=Path(self._home.name),
            ),
        }
        try:
            fork = self._server.fork(worker, invocations=theirs.fileno(), output=writer)
        finally:
            theirs.close()
            os.close(writer)
        return FunctionProcess(source, fork, connection), stream


def _python_path(layer: Path) -> Path:
    return layer / "python" if (layer / "python").is_dir() else layer


def _check_payload(payload: bytes, invocation_type: InvocationType) -> None:
    limit = MAX_ASYNCHRONOUS_BYTES if invocation_type == "Event" else MAX_SYNCHRONOUS_BYTES
    if len(payload) > limit:
        message = (
            f"{len(payload)} byte payload is too large for the {invocation_type} invocation type (limit {limit} bytes)"
        )
        raise InvocationRefusedError("RequestTooLargeException", message, status=413)
    try:
        json.loads(payload)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise InvocationRefusedError("InvalidRequestContentException", message, status=400) from error
