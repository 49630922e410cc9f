"""The seam into moto's Lambda: `Invoke` runs in the worker pool. moto keeps the record of functions.

Every path to a function (boto3 and the AWS CLI, event delivery, Step Functions) ends in `LambdaBackend.invoke`, the one
method replaced for it. Beside it: `DeadLetterConfig`, which moto drops, is kept, and the
deprecated `InvokeAsync` is refused.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from trellis_local.workers.forking import ForkServerGoneError
from trellis_local.workers.function import AsyncPolicy, FunctionSource, InvocationRefusedError, InvocationType
from trellis_local.workers.pool import WorkerPool

INVOCATION_TYPES = ("RequestResponse", "Event", "DryRun")
ERROR_HEADER = "x-amz-function-error"
LOG_HEADER = "x-amz-log-result"
REQUIRED = ("invoke", "get_function", "delete_function")


class LambdaSeam:
    """Connects one pool with moto; `uninstall` gives moto its own methods back."""

    def __init__(self, pool: WorkerPool, *, unpacked: Path) -> None:
        """`unpacked` is a directory for the code of functions that were uploaded as an archive."""
        self._pool = pool
        self._unpacked = unpacked
        self._originals: list[tuple[type, str, Any]] = []

    def install(self) -> None:
        """Raise RuntimeError when moto has no longer what the seam replaces."""
        missing = [name for name in REQUIRED if not hasattr(LambdaBackend, name)]
        if missing or not hasattr(LambdaFunction, "get_configuration"):
            raise RuntimeError(f"moto's Lambda backend has changed; the seam misses {missing or 'get_configuration'}")
        self._replace(LambdaBackend, "invoke", self._invoke)
        self._replace(LambdaBackend, "delete_function", self._deleting(LambdaBackend.delete_function))
        self._replace(LambdaFunction, "__init__", _keeping_dead_letter(LambdaFunction.__init__))
        self._replace(LambdaFunction, "update_configuration", _updating(LambdaFunction.update_configuration))
        self._replace(LambdaFunction, "get_configuration", _showing(LambdaFunction.get_configuration))
        self._replace(LambdaFunction, "invoke", _refuse_invoke_async)

    def uninstall(self) -> None:
        """Undo `install`."""
        for owner, name, original in reversed(self._originals):
            setattr(owner, name, original)
        self._originals.clear()

    def _replace(self, owner: type, name: str, replacement: Callable[..., Any]) -> None:
        self._originals.append((owner, name, getattr(owner, name)))

        def method(*args: Any, **kwargs: Any) -> Any:
            return replacement(*args, **kwargs)

        setattr(owner, name, method)

    def _invoke(
        self, backend: Any, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        record = backend.get_function(function_name, qualifier)
        invocation_type = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if invocation_type not in INVOCATION_TYPES:
            raise _client_error("InvalidParameterValueException", f"Unknown invocation type {invocation_type}", 400)
        payload = body.encode() if isinstance(body, str) else bytes(body or b"")
        try:
            self._pool.register(self._source(record))
            result = self._pool.invoke(
                record.function_name,
                payload or b"{}",
                cast(InvocationType, invocation_type),
                tail=headers.get("X-Amz-Log-Type") == "Tail",
            )
        except InvocationRefusedError as refusal:
            raise _client_error(refusal.code, refusal.message, refusal.status) from refusal
        except ForkServerGoneError as error:
            raise _client_error("ServiceException", str(error), 500) from error
        response_headers["x-amz-executed-version"] = "$LATEST"
        if result.function_error:
            response_headers[ERROR_HEADER] = result.function_error
        if result.log_tail:
            response_headers[LOG_HEADER] = result.log_tail
        return result.payload

    def _source(self, record: Any) -> FunctionSource:
        """The registered code with the settings that the Lambda API shows now."""
        known = self._pool.source(record.function_name)
        empty: tuple[Path, ...] = ()
        if known is None or known.code_dir.is_relative_to(self._unpacked):
            code_dir, layer_dirs = self._unpack(record), empty
        else:
            code_dir, layer_dirs = known.code_dir, known.layer_dirs
        return FunctionSource(
            name=record.function_name,
            code_dir=code_dir,
            layer_dirs=layer_dirs,
            handler=record.handler,
            role_arn=record.role,
            environment=tuple(sorted(record.environment_vars.items())),
            timeout=float(record.timeout),
            memory=int(record.memory_size),
            runtime=record.run_time,
            reserved_concurrency=None if record.reserved_concurrency is None else int(record.reserved_concurrency),
            asynchronous=_policy(record),
        )

    def _unpack(self, record: Any) -> Path:
        archive = getattr(record, "code_bytes", None)
        if not archive or record.layers:
            what = "does not unpack the layers of" if archive else "has no code for"
            raise InvocationRefusedError(
                "ServiceException", f"The local stack {what} {record.function_name}", status=500
            )
        directory: Path = self._unpacked / record.function_name / hashlib.sha256(archive).hexdigest()[:16]
        if not directory.is_dir():
            with zipfile.ZipFile(io.BytesIO(archive)) as package:
                package.extractall(directory)
        return directory

    def _deleting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def delete_function(backend: Any, function_name: str, qualifier: str | None = None) -> None:
            name = backend.get_function(function_name, qualifier).function_name
            original(backend, function_name, qualifier)
            if qualifier is None:
                self._pool.unregister(name)

        return delete_function


def _policy(record: Any) -> AsyncPolicy:
    policy = AsyncPolicy(dead_letter_target=getattr(record, "dead_letter_target", None))
    if not record.event_invoke_config:
        return policy
    # moto appends to this list and answers from its first entry; the last one is what was configured last.
    config = record.event_invoke_config[-1].config
    destinations = config.get("DestinationConfig") or {}
    return replace(
        policy,
        maximum_retry_attempts=config.get("MaximumRetryAttempts", policy.maximum_retry_attempts),
        maximum_event_age_seconds=config.get("MaximumEventAgeInSeconds", policy.maximum_event_age_seconds),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination"),
    )


def _keeping_dead_letter(original: Callable[..., None]) -> Callable[..., None]:
    def init(record: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        original(record, account_id, spec, *args, **kwargs)
        record.dead_letter_target = (spec.get("DeadLetterConfig") or {}).get("TargetArn") or None

    return init


def _updating(original: Callable[..., Any]) -> Callable[..., Any]:
    def update_configuration(record: Any, config_updates: dict[str, Any]) -> Any:
        if "DeadLetterConfig" in config_updates:
            record.dead_letter_target = config_updates["DeadLetterConfig"].get("TargetArn") or None
        return original(record, config_updates)

    return update_configuration


def _showing(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def get_configuration(record: Any, on_create: bool = False) -> dict[str, Any]:
        configuration = original(record, on_create)
        if record.dead_letter_target:
            configuration["DeadLetterConfig"] = {"TargetArn": record.dead_letter_target}
        return configuration

    return get_configuration


def _refuse_invoke_async(*_args: Any, **_kwargs: Any) -> None:
    raise _client_error("ServiceException", "InvokeAsync is deprecated: use Invoke with InvocationType=Event", 501)


def _client_error(code: str, message: str, status: int) -> Exception:
    error: Exception = LambdaClientError(code, message)
    error.code = status  # type: ignore[attr-defined]  # the HTTP status of werkzeug's exception
    error.description = json.dumps({"__type": code, "message": message})  # type: ignore[attr-defined]
    return error
