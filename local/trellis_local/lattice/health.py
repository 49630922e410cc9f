"""Runs the health checks of target groups that are in use, on the virtual clock, with a probe that it is given.

It knows nothing of how a target is reached. Without it targets stay INITIAL.
"""

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .. import clock
from .agenda import Agenda
from .backend import LatticeBackend, all_backends
from .health_status import CheckHistory
from .moto_seam import instance_address
from .resources import Target, TargetGroup

Probe = Callable[..., int | None]
_LOOK_EVERY_SECONDS = 0.5  # virtual; checks are at least 5 virtual seconds apart
_SHORTEST_WAIT = 0.02  # real seconds, so that a very fast clock does not keep a processor busy
_PROBES_AT_ONCE = 8

Key = tuple[str, str, int | None]


@dataclass(eq=False)
class _Check:
    """The repeated check of one target, and what it has shown so far."""

    backend: LatticeBackend
    group: TargetGroup
    target: Target
    history: CheckHistory
    in_flight: bool = False

    @property
    def key(self) -> Key:
        return self.group.arn, self.target.id, self.target.port

    @property
    def is_wanted(self) -> bool:
        """Whether the target is still there and still to be checked."""
        group, target = self.group, self.target
        is_there = self.backend.target_groups.get(group.id) is group and group.targets.get(target.key) is target
        return is_there and group.in_use and group.is_health_checked and target.leaves_at is None


class HealthChecker:
    """Probes targets; `probe(vpc_id=, ip=, port=, path=, timeout=, protocol=)` returns the HTTP status, or None for
    no answer.

    `timeout` is in seconds as configured; an OSError of the probe counts as no answer.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._checks: dict[Key, _Check] = {}
        self._agenda: Agenda[_Check] = Agenda()
        self._started: queue.SimpleQueue[tuple[_Check, dict[str, Any]] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start checking in the background; a checker is started once."""
        bodies = [self._schedule, *[self._work] * _PROBES_AT_ONCE]
        self._threads = [threading.Thread(target=body, name="lattice-health", daemon=True) for body in bodies]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop checking, and wait for the probes that are under way."""
        self._stopping.set()
        for _ in range(_PROBES_AT_ONCE):
            self._started.put(None)
        for thread in self._threads:
            thread.join()

    def _schedule(self) -> None:
        for backend in all_backends():
            with backend.lock:
                self._admit(backend, backend.target_groups.values(), now=clock.current().time())
        while not self._stopping.is_set():
            self.look(clock.current().time())
            self._stopping.wait(max(_SHORTEST_WAIT, clock.current().real_seconds(_LOOK_EVERY_SECONDS)))

    def look(self, now: float) -> None:
        """Hand out the checks that are due; it costs nothing for targets that are not."""
        for backend in all_backends():
            with backend.lock:
                backend.settle()
                self._admit(backend, backend.take_groups_to_check(), now=now)
        for check in self._agenda.take_due(now):
            with check.backend.lock:
                self._start(check, now=now)

    def _admit(self, backend: LatticeBackend, groups: Iterable[TargetGroup], *, now: float) -> None:
        """Begin to check targets that are new, and anew those whose health was forgotten."""
        for group in groups:
            for target in group.targets.values():
                check = _Check(backend, group, target, CheckHistory(target.health))
                known = self._checks.get(check.key)
                goes_on = known is not None and known.target is target and known.history.health == target.health
                if check.is_wanted and not goes_on:
                    self._checks[check.key] = check
                    self._agenda.add(now, check)

    def _start(self, check: _Check, *, now: float) -> None:
        """Let a check be made, and again after its interval; one that is no longer wanted ends here."""
        if self._checks.get(check.key) is not check:
            return
        if not check.is_wanted:
            del self._checks[check.key]
            return
        config = check.group.config["healthCheck"]
        self._agenda.add(now + config["healthCheckIntervalSeconds"], check)
        address = _address(check.backend, check.group, check.target)
        if check.in_flight or address is None:
            return
        check.in_flight = True
        arguments = {
            "vpc_id": check.group.vpc_id,
            "ip": address,
            "port": config.get("port", check.target.port),
            "path": config["path"],
            "timeout": config["healthCheckTimeoutSeconds"],
            "protocol": config["protocol"],
        }
        self._started.put((check, arguments))

    def _work(self) -> None:
        while (started := self._started.get()) is not None:
            if self._stopping.is_set():
                return
            check, arguments = started
            try:
                status_code = self._probe(**arguments)
            except OSError:
                status_code = None
            self._record(check, status_code)

    def _record(self, check: _Check, status_code: int | None) -> None:
        with check.backend.lock:
            check.in_flight = False
            is_current = self._checks.get(check.key) is check and check.history.health == check.target.health
            if is_current and check.group.in_use:
                check.history = check.history.after(status_code, config=check.group.config["healthCheck"])
                if check.target.health != check.history.health:
                    check.target.health = check.history.health
                    check.backend.note_change()


def _address(backend: LatticeBackend, group: TargetGroup, target: Target) -> str | None:
    if group.type == "IP":
        return target.id
    return instance_address(account=backend.account_id, region=backend.region_name, instance_id=target.id)
