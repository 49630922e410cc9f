"""Runs the health checks of target groups that are in use, on the virtual clock, with a probe that it is given.

It knows nothing of how a target is reached. Without it targets stay INITIAL.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import clock
from .backend import LatticeBackend, all_backends
from .health_status import CheckHistory
from .moto_seam import instance_address
from .resources import Target, TargetGroup

Probe = Callable[..., int | None]
_LOOK_EVERY_SECONDS = 0.5  # virtual; checks are at least 5 virtual seconds apart
_SHORTEST_WAIT = 0.02  # real seconds, so that a very fast clock does not keep a processor busy
_PROBES_AT_ONCE = 8

Key = tuple[str, str, int | None]


@dataclass
class _Progress:
    next_check: float
    history: CheckHistory = field(default_factory=CheckHistory)
    in_flight: bool = False


@dataclass(frozen=True)
class _Check:
    key: Key
    backend: LatticeBackend
    group: TargetGroup
    target: Target
    arguments: dict[str, Any]


class HealthChecker:
    """Probes targets; `probe(vpc_id=, ip=, port=, path=, timeout=, protocol=)` returns the HTTP status, or None for
    no answer.

    `timeout` is in seconds as configured; an OSError of the probe counts as no answer.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._progress: dict[Key, _Progress] = {}
        self._checks: queue.SimpleQueue[_Check | None] = queue.SimpleQueue()
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
            self._checks.put(None)
        for thread in self._threads:
            thread.join()

    def _schedule(self) -> None:
        while not self._stopping.is_set():
            for check in self._due_checks():
                self._checks.put(check)
            self._stopping.wait(max(_SHORTEST_WAIT, clock.current().real_seconds(_LOOK_EVERY_SECONDS)))

    def _due_checks(self) -> list[_Check]:
        now = clock.current().time()
        due: list[_Check] = []
        present: set[Key] = set()
        for backend in all_backends():
            with backend.lock:
                backend.settle()
                for check in _possible_checks(backend):
                    present.add(check.key)
                    if self._is_due(check, now=now):
                        due.append(check)
        self._progress = {key: progress for key, progress in self._progress.items() if key in present}
        return due

    def _is_due(self, check: _Check, *, now: float) -> bool:
        progress = self._progress.get(check.key)
        if progress is None or progress.history.health != check.target.health:
            progress = _Progress(next_check=now, history=CheckHistory(check.target.health))
            self._progress[check.key] = progress
        if progress.in_flight or now < progress.next_check:
            return False
        progress.in_flight = True
        progress.next_check = now + check.group.config["healthCheck"]["healthCheckIntervalSeconds"]
        return True

    def _work(self) -> None:
        while (check := self._checks.get()) is not None:
            if self._stopping.is_set():
                return
            try:
                status_code = self._probe(**check.arguments)
            except OSError:
                status_code = None
            self._record(check, status_code)

    def _record(self, check: _Check, status_code: int | None) -> None:
        with check.backend.lock:
            progress = self._progress.get(check.key)
            if progress is None:
                return
            progress.in_flight = False
            if progress.history.health == check.target.health and check.group.in_use:
                progress.history = progress.history.after(status_code, config=check.group.config["healthCheck"])
                check.target.health = progress.history.health


def _possible_checks(backend: LatticeBackend) -> Iterator[_Check]:
    for group in backend.target_groups.values():
        if not (group.in_use and group.is_health_checked):
            continue
        for target in group.targets.values():
            address = _address(backend, group, target)
            if target.leaves_at is None and address is not None:
                config = group.config["healthCheck"]
                yield _Check(
                    key=(group.arn, target.id, target.port),
                    backend=backend,
                    group=group,
                    target=target,
                    arguments={
                        "vpc_id": group.vpc_id,
                        "ip": address,
                        "port": config.get("port", target.port),
                        "path": config["path"],
                        "timeout": config["healthCheckTimeoutSeconds"],
                        "protocol": config["protocol"],
                    },
                )


def _address(backend: LatticeBackend, group: TargetGroup, target: Target) -> str | None:
    if group.type == "IP":
        return target.id
    return instance_address(account=backend.account_id, region=backend.region_name, instance_id=target.id)
