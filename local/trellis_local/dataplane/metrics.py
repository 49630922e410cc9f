"""The metrics of namespace AWS/VpcLattice, summed for each virtual minute and published when the minute is over.

Names and dimensions: docs.aws.amazon.com/vpc-lattice/latest/ug/monitoring-cloudwatch.html. The AvailabilityZone
dimension is left out, because a client here has a VPC but no zone; RequestTime is published as a statistic set, so it
has no percentiles; minutes without traffic have no data points.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trellis_local import clock
from trellis_local.dataplane.exchanges import Exchange

NAMESPACE = "AWS/VpcLattice"
MINUTE = 60
STATUS_CLASSES = (2, 3, 4, 5)
_CONNECTIONS = {
    "made": "TotalConnectionCount",
    "refused": "ConnectionErrorCount",
    "timed out": "ConnectionTimeoutCount",
}

Publish = Callable[[str, list[dict[str, Any]]], None]  # account and MetricDatum documents as PutMetricData takes them


@dataclass
class _Sum:
    """A StatisticSet in the making."""

    sample_count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        self.sample_count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)

    def document(self) -> dict[str, float]:
        return {"SampleCount": self.sample_count, "Sum": self.total, "Minimum": self.low, "Maximum": self.high}


@dataclass(frozen=True)
class _Resource:
    account: str
    dimension: str
    id: str


class LatticeMetrics:
    """Counts requests and publishes them from a thread that runs between start() and stop()."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._pending: dict[int, dict[_Resource, dict[str, _Sum]]] = defaultdict(_sums_by_resource)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Publish each minute that ends from now on."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, name="dataplane-metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and publish what is left."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.flush()

    def observe(self, exchange: Exchange) -> None:
        """Count a finished request for its service and its target group (Observer)."""
        routed, milliseconds = exchange.routed, exchange.milliseconds
        if routed.service is None:
            return
        now = int(clock.current().time()) // MINUTE * MINUTE
        with self._lock:
            resources = self._pending[now]
            service = resources[_Resource(routed.service.account, "Service", routed.service.id)]
            _count_request(service, routed.answer.status, milliseconds)
            if routed.target_group is not None:
                group = resources[_Resource(routed.service.account, "TargetGroup", routed.target_group.id)]
                _count_request(group, routed.answer.status, milliseconds)
                _count_connection(group, routed.connection)

    def flush(self) -> None:
        """Publish everything that was counted, also of the minute that still runs."""
        self._publish_before(float("inf"))

    def _run(self) -> None:
        while True:
            now = clock.current().time()
            if clock.current().sleep(MINUTE - now % MINUTE, interrupt=self._stopped):
                return
            self._publish_before(clock.current().time() // MINUTE * MINUTE)

    def _publish_before(self, end: float) -> None:
        with self._lock:
            ended = {minute: self._pending.pop(minute) for minute in sorted(self._pending) if minute < end}
        for minute, resources in ended.items():
            timestamp = datetime.fromtimestamp(minute, UTC)
            for resource, sums in resources.items():
                self._publish(resource.account, [_datum(resource, name, sums[name], timestamp) for name in sums])


def _sums_by_resource() -> dict[_Resource, dict[str, _Sum]]:
    return defaultdict(lambda: defaultdict(_Sum))


def _count_request(sums: dict[str, _Sum], status: int, milliseconds: float) -> None:
    sums["TotalRequestCount"].add(1)
    sums["RequestTime"].add(milliseconds)
    for status_class in STATUS_CLASSES:
        sums[f"HTTPCode_{status_class}XX_Count"].add(1 if status // 100 == status_class else 0)


def _count_connection(sums: dict[str, _Sum], connection: str) -> None:
    for outcome, name in _CONNECTIONS.items():
        sums[name].add(1 if connection == outcome else 0)
    sums["HTTP1_ConnectionCount"].add(1 if connection == "made" else 0)


def _datum(resource: _Resource, name: str, values: _Sum, timestamp: datetime) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": [{"Name": resource.dimension, "Value": resource.id}],
        "Timestamp": timestamp,
        "Unit": "Milliseconds" if name == "RequestTime" else "Count",
        "StatisticValues": values.document(),
    }
