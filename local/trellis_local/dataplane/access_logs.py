"""Access logs: a record of each request goes to all who subscribed to the service or to the network it came through.

Records wait for the others of their subscription and are delivered together, on the clock of the stack. Delivery is
best effort, as AWS says: what cannot be delivered is dropped.
"""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trellis_local import clock
from trellis_local.dataplane.access_log_records import record_of
from trellis_local.dataplane.exchanges import Exchange
from trellis_local.lattice import configuration
from trellis_local.lattice.view import LogSubscriptionView

# A batch that is this long does not wait for its time; AWS does not say when it closes a file early.
MOST_LINES = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogLine:
    """One record as JSON; `milliseconds` is the Unix time at which the request began."""

    milliseconds: int
    text: str


Subscriptions = Callable[[str], Sequence[LogSubscriptionView]]  # those of a network or a service, by its ARN
Deliver = Callable[[LogSubscriptionView, Sequence[LogLine]], None]


@dataclass
class _Batch:
    due: float
    lines: list[LogLine] = field(default_factory=list)


class AccessLogs:
    """Collects records and delivers them from a thread that runs between start() and stop() (Observer)."""

    def __init__(self, *, subscriptions: Subscriptions, deliver: Deliver) -> None:
        self._subscriptions = subscriptions
        self._deliver = deliver
        self._batches: dict[LogSubscriptionView, _Batch] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver each batch when its time has come."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="dataplane-access-logs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and deliver what is left."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._deliver_until(float("inf"))

    def observe(self, exchange: Exchange) -> None:
        """Keep the record of a request for everybody who wants it.

        The owner of a network sees all traffic that originates from its VPCs (API reference of
        CreateAccessLogSubscription), so also requests to hosts that the network does not know.
        """
        sources = (exchange.routed.network, exchange.routed.service)
        subscribed = [item for source in sources if source is not None for item in self._subscriptions(source.arn)]
        if not subscribed:
            return
        line = LogLine(int(exchange.started_at.timestamp() * 1000), json.dumps(record_of(exchange)))
        with self._changed:
            for subscription in subscribed:
                self._add(subscription, line)

    def deliver_due(self) -> None:
        """Deliver the batches whose time has come."""
        self._deliver_until(clock.current().time())

    def _add(self, subscription: LogSubscriptionView, line: LogLine) -> None:
        batch = self._batches.get(subscription)
        if batch is None:
            delay = configuration.current().access_log_seconds[subscription.destination.type]
            batch = self._batches[subscription] = _Batch(due=clock.current().time() + delay)
            self._changed.notify()
        batch.lines.append(line)
        if len(batch.lines) >= MOST_LINES:
            batch.due = clock.current().time()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._stopping:
                    self._changed.wait(self._seconds_to_next())
                if self._stopping:
                    return
            self.deliver_due()

    def _seconds_to_next(self) -> float | None:
        """Real seconds until a batch is due, None when there is no batch."""
        if not self._batches:
            return None
        now = clock.current()
        return max(0.0, now.real_seconds(min(batch.due for batch in self._batches.values()) - now.time()))

    def _deliver_until(self, moment: float) -> None:
        with self._changed:
            due = [(item, batch) for item, batch in self._batches.items() if batch.due <= moment]
            for subscription, _ in due:
                del self._batches[subscription]
        for subscription, batch in due:
            lines = sorted(batch.lines, key=lambda line: line.milliseconds)
            try:
                self._deliver(subscription, lines)
            except Exception as error:  # noqa: BLE001 - a thread's entry point: one destination must not end the others
                _log.warning("access logs for %s are dropped: %s", subscription.destination.arn, error)
