"""What a function is, what an invocation answers, and Lambda's limits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

InvocationType = Literal["RequestResponse", "Event", "DryRun"]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024
MAX_ASYNCHRONOUS_BYTES = 1024 * 1024
LOG_TAIL_BYTES = 4096


@dataclass(frozen=True)
class AsyncPolicy:
    """What Lambda does with an event that the function did not manage; destinations are ARNs."""

    maximum_retry_attempts: int = 2
    maximum_event_age_seconds: int = 6 * 3600
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter_target: str | None = None


@dataclass(frozen=True)
class FunctionSource:
    """A function as the pool runs it; `timeout` in real seconds, `memory` in MB.

    A layer directory is either a Python path itself or has the `python/` folder of a layer archive.
    """

    name: str
    code_dir: Path
    handler: str
    role_arn: str
    layer_dirs: tuple[Path, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    timeout: float = 3
    memory: int = 128
    runtime: str = "python3.13"
    reserved_concurrency: int | None = None
    asynchronous: AsyncPolicy = field(default_factory=AsyncPolicy)


@dataclass(frozen=True)
class InvokeResult:
    """`status` is the HTTP status of the Invoke API; `function_error` is None when the handler returned."""

    status: int
    payload: bytes = b""
    function_error: str | None = None
    log_tail: str = ""
    request_id: str = ""


class InvocationRefusedError(Exception):
    """Lambda did not take the invocation: the API answers `code` with `status`."""

    def __init__(self, code: str, message: str, *, status: int) -> None:
        """`code` is the error code of the Invoke API."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
