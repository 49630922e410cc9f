"""Runs the controllers after a write until nothing is left to do.

Events are queued by key and handled level-triggered, so a controller sees the latest state and never the event itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from trellis_local.kubernetes.store import StoreEvent

Reconcile = Callable[[StoreEvent], None]


class ControllerLoop:
    """The queue of one cluster; `observe` and `drain` run under the store's lock."""

    def __init__(self) -> None:
        self._controllers: list[Reconcile] = []
        self._queue: deque[StoreEvent] = deque()
        self._running = False

    def add(self, controller: Reconcile) -> None:
        """Let a controller hear of every change."""
        self._controllers.append(controller)

    def observe(self, event: StoreEvent) -> None:
        """Queue a change."""
        self._queue.append(event)

    def drain(self) -> None:
        """Handle every queued change, and the changes that follow from them."""
        if self._running:
            return
        self._running = True
        try:
            while self._queue:
                event = self._queue.popleft()
                for controller in self._controllers:
                    controller(event)
        finally:
            self._running = False
