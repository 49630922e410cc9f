"""Calls that are slowed down, throttled or failed on order, for every service alike: in front of it, not in it.

A call that IAM refuses is not touched. Such an error has no effect on the service: it never sees the call.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from trellis_local import clock
from trellis_local.aws.fault_errors import failed, throttled
from trellis_local.aws.identity import Principal
from trellis_local.aws.wire import AwsError, WireCall
from trellis_local.chance import Chance

EVERY = "*"


@dataclass(frozen=True)
class Calls:
    """Which calls: `service` as in the call log; `operation` and `caller` are patterns with * and ?.

    `caller` is the ARN of a role for its sessions, and of the user for a user.
    """

    service: str = EVERY
    operation: str = EVERY
    caller: str = EVERY

    def include(self, call: WireCall, principal: Principal) -> bool:
        """Whether this call is one of them."""
        return (
            self.service in (EVERY, call.api.service)
            and fnmatchcase(call.api.operation, self.operation)
            and fnmatchcase(principal.role_arn or principal.arn, self.caller)
        )


@dataclass(frozen=True)
class Latency:
    """Calls take that much longer, in seconds of the stack's clock."""

    seconds: float
    calls: Calls = Calls()


@dataclass(frozen=True)
class Refusal:
    """Calls are throttled, or fail in the service; `retry_after_seconds` is sent by the services that know it."""

    reason: Literal["throttle", "server-error"]
    calls: Calls = Calls()
    retry_after_seconds: int = 1

    def error(self, call: WireCall) -> AwsError:
        """The error in the words of the service."""
        make = throttled if self.reason == "throttle" else failed
        return make(call, retry_after_seconds=self.retry_after_seconds)


CallFault = Latency | Refusal


class CallFaults:
    """What is ordered at present; safe to use from any thread."""

    def __init__(self) -> None:
        self._ordered: tuple[tuple[CallFault, Chance], ...] = ()
        self._lock = threading.Lock()

    def order(self, fault: CallFault, chance: Chance | None = None) -> Callable[[], None]:
        """Order a fault, for every call if there is no `chance`; call the result to take it back."""
        entry = (fault, chance or Chance())
        with self._lock:
            self._ordered = (*self._ordered, entry)

        def withdraw() -> None:
            with self._lock:
                self._ordered = tuple(other for other in self._ordered if other is not entry)

        return withdraw

    def meet(self, call: WireCall, principal: Principal) -> AwsError | None:
        """Hold the call up as long as all latencies together say; the error of the first refusal that strikes it."""
        seconds, error = 0.0, None
        for fault, chance in self._ordered:
            if not fault.calls.include(call, principal):
                continue
            if isinstance(fault, Latency):
                seconds += fault.seconds if chance.strikes() else 0.0
            elif error is None and chance.strikes():
                error = fault.error(call)
        if seconds:
            clock.current().sleep(seconds)
        return error
