"""Stand-ins for `time`, `datetime` and `threading` that follow the stack's clock, put into the interpreter's modules.

The interpreter waits, retries, times out and stamps with the standard modules; each name below is replaced in the one
module that uses it, so nothing else in the process sees the virtual time.
"""

import datetime as real_datetime
import threading as real_threading
from collections.abc import Callable
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

from trellis_local import clock

ASL = "moto.stepfunctions.parser.asl"
EXEC = f"{ASL}.component.state.exec"
# A child execution wakes its waiting parent, so a poll that finds nothing is rare and needs no virtual pause.
POLL_REAL_SECONDS = 0.02


_TASK = real_threading.local()


class VirtualEvent(real_threading.Event):
    """An Event whose timeouts are virtual seconds."""

    def wait(self, timeout: float | None = None) -> bool:
        """As Event.wait."""
        return super().wait(None if timeout is None else max(0.0, clock.current().real_seconds(timeout)))


class TaskEvent(VirtualEvent):
    """Tells a state that its work is done; for a task that works in real time, the time-out is real too.

    A call of an API or a function takes as long as it takes, however fast the clock runs, as the time-outs of functions
    do. What waits for something else - a child execution, a task token - waits in virtual seconds.
    """

    def wait(self, timeout: float | None = None) -> bool:
        """As Event.wait."""
        real = getattr(_TASK, "works_in_real_time", False)
        return real_threading.Event.wait(self, timeout) if real else super().wait(timeout)


def time_out_as_it_works(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap a task's evaluation under its time-out."""

    def evaluate(task: Any, env: Any) -> None:
        _TASK.works_in_real_time = task.resource.condition is None
        try:
            original(task, env)
        finally:
            _TASK.works_in_real_time = False

    return evaluate


def seconds_after_the_end(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Wrap the evaluation of a time-out or heartbeat, which leaves seconds on the stack.

    In an execution that has been stopped meanwhile moto evaluates nothing, and takes whatever lies there for seconds.
    """

    def evaluate(limit: Any, env: Any) -> None:
        height = len(env.stack)
        original(limit, env)
        if len(env.stack) == height:
            env.stack.append(0)

    return evaluate


class VirtualThread(real_threading.Thread):
    """A Thread that is joined for virtual seconds."""

    def join(self, timeout: float | None = None) -> None:
        """As Thread.join."""
        super().join(None if timeout is None else max(0.0, clock.current().real_seconds(timeout)))


class VirtualDatetime(real_datetime.datetime):
    """A datetime that prints itself as Step Functions prints times."""

    @classmethod
    def now(cls, tz: real_datetime.tzinfo | None = None) -> "VirtualDatetime":
        """Without a time zone: UTC, because the interpreter compares it with parsed `Z` timestamps."""
        return cls.fromtimestamp(clock.current().time(), real_datetime.UTC).replace(tzinfo=tz)

    def isoformat(self, sep: str = "T", timespec: str = "milliseconds") -> str:
        """`2026-01-31T12:00:00.000Z`."""
        return self.replace(tzinfo=None).strftime(f"%Y-%m-%d{sep}%H:%M:%S.{self.microsecond // 1000:03d}Z")


VIRTUAL_TIME = SimpleNamespace(
    time=lambda: clock.current().time(), sleep=lambda seconds: clock.current().sleep(seconds)
)
POLLING = SimpleNamespace(sleep=lambda _seconds: real_threading.Event().wait(POLL_REAL_SECONDS))
VIRTUAL_DATETIME = SimpleNamespace(
    datetime=VirtualDatetime, timezone=real_datetime.timezone, timedelta=real_datetime.timedelta
)
VIRTUAL_THREADING = SimpleNamespace(
    Event=VirtualEvent, Thread=VirtualThread, Lock=real_threading.Lock, RLock=real_threading.RLock
)
TASK_THREADING = SimpleNamespace(
    Event=TaskEvent, Thread=VirtualThread, Lock=real_threading.Lock, RLock=real_threading.RLock
)

# module -> the names to replace in it
REPLACED: dict[str, dict[str, object]] = {
    f"{ASL}.component.program.program": {"threading": VIRTUAL_THREADING},
    f"{EXEC}.execute_state": {"threading": TASK_THREADING},
    f"{ASL}.eval.environment": {"threading": VIRTUAL_THREADING},
    f"{ASL}.eval.callback.callback": {"Event": VirtualEvent},
    f"{ASL}.component.state.wait.wait_function.wait_function": {"time": VIRTUAL_TIME},
    f"{ASL}.component.common.retry.retrier_decl": {"time": VIRTUAL_TIME},
    f"{EXEC}.state_task.service.state_task_service_callback": {"time": POLLING},
    f"{ASL}.component.state.wait.wait_function.timestamp": {"datetime": VIRTUAL_DATETIME},
    f"{ASL}.component.state.state": {"datetime": VIRTUAL_DATETIME},
    f"{ASL}.eval.event.event_manager": {"datetime": VIRTUAL_DATETIME},
    f"{EXEC}.state_map.iteration.itemprocessor.map_run_record": {"datetime": VIRTUAL_DATETIME},
    "moto.stepfunctions.parser.backend.execution": {"datetime": VIRTUAL_DATETIME},
    "moto.stepfunctions.parser.models": {"datetime": VIRTUAL_DATETIME},
}


def replacements() -> list[tuple[ModuleType, str, object]]:
    """(module, name, stand-in); raise RuntimeError when a module no longer uses the name."""
    found = []
    for module_name, names in REPLACED.items():
        module = import_module(module_name)
        for name, stand_in in names.items():
            if not hasattr(module, name):
                raise RuntimeError(f"{module_name} no longer uses {name}: the virtual-time seam must be revised")
            found.append((module, name, stand_in))
    return found
