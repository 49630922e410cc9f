"""The processes of one function: an idle one is reused, a second simultaneous invocation gets a second process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trellis_local.workers.function import FunctionSource, InvocationRefusedError
from trellis_local.workers.process import FunctionProcess

# Lambda would go on to an account's 1,000; beyond this many the invocations of one function wait for each other.
MAX_PROCESSES = 16

StartedProcess = tuple[FunctionProcess, str]


class FunctionFleet:
    """One version of one function; thread-safe."""

    def __init__(self, source: FunctionSource, *, start: Callable[[FunctionSource], StartedProcess]) -> None:
        """`start` makes a new process and names its log stream."""
        self.source = source
        self._start = start
        self._idle: list[StartedProcess] = []
        self._busy: set[FunctionProcess] = set()
        self._taken = 0
        self._retired = False
        self._freed = threading.Condition()

    @contextmanager
    def process(self) -> Iterator[StartedProcess]:
        """Borrow a process; raise InvocationRefusedError when reserved concurrency is used up."""
        idle = self._take()
        try:
            started = idle or self._start(self.source)
        except BaseException:
            self._give_back(None)
            raise
        with self._freed:
            self._busy.add(started[0])
        try:
            yield started
        finally:
            self._give_back(started)

    def kill(self) -> int:
        """Kill all processes, idle and busy; how many there were."""
        with self._freed:
            processes = [process for process, _stream in self._idle] + list(self._busy)
            self._idle.clear()
        for process in processes:
            process.kill()
        return len(processes)

    def retire(self) -> None:
        """End idle processes now and busy ones when they have answered."""
        with self._freed:
            self._retired = True
            idle, self._idle = self._idle, []
        for process, _stream in idle:
            process.retire()

    def _take(self) -> StartedProcess | None:
        reserved = self.source.reserved_concurrency
        with self._freed:
            if reserved is not None and self._taken >= reserved:
                raise InvocationRefusedError("TooManyRequestsException", "Rate Exceeded.", status=429)
            self._freed.wait_for(lambda: self._taken < MAX_PROCESSES)
            self._taken += 1
            return self._idle.pop() if self._idle else None

    def _give_back(self, started: StartedProcess | None) -> None:
        with self._freed:
            self._taken -= 1
            self._freed.notify()
            if started is None:
                return
            self._busy.discard(started[0])
            if started[0].alive and not self._retired:
                self._idle.append(started)
            else:
                started[0].retire()
