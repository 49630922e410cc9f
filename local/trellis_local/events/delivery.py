"""Worker threads that attempt deliveries, with EventBridge's retries on the virtual clock.

It knows neither rules nor targets: a `Delivery` attempts itself and gives itself up. It never drops one in silence.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from trellis_local import clock
from trellis_local.events.failures import DeliveryError

_LOGGER = logging.getLogger(__name__)
_FIRST_BACKOFF_SECONDS = 1.0
_LONGEST_BACKOFF_SECONDS = 600.0


@dataclass(frozen=True)
class RetryPolicy:
    """Retries after the first attempt, and for how many seconds after the event was accepted."""

    attempts: int = 185
    event_age_seconds: int = 86400

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> "RetryPolicy":
        """The policy of a target as the API stores it, with AWS' defaults."""
        stored = target.get("RetryPolicy") or {}
        return cls(
            attempts=stored.get("MaximumRetryAttempts", cls.attempts),
            event_age_seconds=stored.get("MaximumEventAgeInSeconds", cls.event_age_seconds),
        )


class Delivery(Protocol):
    """One event on its way to one target."""

    @property
    def accepted_at(self) -> float:
        """Virtual Unix time at which the event was accepted."""

    @property
    def retry(self) -> RetryPolicy:
        """How often and how long to try."""

    def attempt(self, number: int) -> None:
        """Try once (the first is 1); raise DeliveryError."""

    def give_up(self, error: DeliveryError, *, retries: int, exhausted: str | None) -> None:
        """Called once, when no attempt will follow; `exhausted` names the limit that ended it, if one did."""


class DeliveryQueue:
    """Deliveries in order of their next attempt, worked off by daemon threads until `stop`."""

    def __init__(self, *, workers: int = 8) -> None:
        self._due: list[tuple[float, int, Delivery, int]] = []
        self._order = itertools.count()
        self._busy = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"event-delivery-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, delivery: Delivery) -> None:
        """Attempt `delivery` at once."""
        self._schedule(delivery, attempt=1, at=clock.current().time())

    def wait_idle(self, real_seconds: float) -> bool:
        """Wait until nothing is queued or under way; False when it takes longer than real seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._busy, real_seconds)

    def stop(self) -> None:
        """End the workers; what is still queued is not delivered."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)

    def _schedule(self, delivery: Delivery, *, attempt: int, at: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (at, next(self._order), delivery, attempt))
            self._changed.notify()

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            try:
                self._attempt(*taken)
            except Exception:
                _LOGGER.exception("a delivery was lost in %s", threading.current_thread().name)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _take(self) -> tuple[Delivery, int] | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - clock.current().time() if self._due else None
                if wait is not None and wait <= 0:
                    _, _, delivery, attempt = heapq.heappop(self._due)
                    self._busy += 1
                    return delivery, attempt
                self._changed.wait(None if wait is None else clock.current().real_seconds(wait))
            return None

    def _attempt(self, delivery: Delivery, attempt: int) -> None:
        try:
            delivery.attempt(attempt)
        except DeliveryError as error:
            self._failed(delivery, attempt, error)
        except Exception as error:  # noqa: BLE001 - whatever failed, the event still has a dead-letter queue
            fault = DeliveryError("INTERNAL_ERROR", f"{type(error).__name__}: {error}")
            delivery.give_up(fault, retries=attempt - 1, exhausted=None)

    def _failed(self, delivery: Delivery, attempt: int, error: DeliveryError) -> None:
        retries = attempt - 1
        if not error.retryable:
            delivery.give_up(error, retries=retries, exhausted=None)
            return
        next_at = clock.current().time() + min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2 ** min(retries, 20))
        if retries >= delivery.retry.attempts:
            delivery.give_up(error, retries=retries, exhausted="MaximumRetryAttempts")
        elif next_at - delivery.accepted_at > delivery.retry.event_age_seconds:
            delivery.give_up(error, retries=retries, exhausted="MaximumEventAgeInSeconds")
        else:
            self._schedule(delivery, attempt=attempt + 1, at=next_at)
