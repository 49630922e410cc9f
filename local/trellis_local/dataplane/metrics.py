"""The metrics of namespace AWS/VpcLattice, summed for each virtual minute and published when the minute is over.

Names and dimensions: docs.aws.amazon.com/vpc-lattice/latest/ug/monitoring-cloudwatch.html. The AvailabilityZone
dimension is left out, because a client here has a VPC but no zone. RequestTime is published as a statistic set, because
moto's CloudWatch computes no percentiles.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from trellis_local import clock
from trellis_local.dataplane.exchanges import Exchange
from trellis_local.dataplane.metric_samples import (
    GAUGES,
    REQUEST_TIME,
    Samples,
    service_samples,
    target_group_samples,
    unit,
)

NAMESPACE = "AWS/VpcLattice"
MINUTE = 60
# VPC Lattice reports zeros from the first traffic on and does not say how long; moto keeps every data point for ever.
QUIET_MINUTES = 60

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
        value = float(value)
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)

    def document(self) -> dict[str, float]:
        return {"SampleCount": self.sample_count, "Sum": self.total, "Minimum": self.low, "Maximum": self.high}


@dataclass(frozen=True)
class _Resource:
    account: str
    dimension: str
    id: str


@dataclass
class _Traffic:
    """What a resource reports in each minute after its first traffic, up to QUIET_MINUTES after its last traffic."""

    first_minute: int
    last_minute: int
    names: set[str] = field(default_factory=set)


class LatticeMetrics:
    """Counts requests and publishes them from a thread that runs between start() and stop() (Observer)."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._pending: dict[int, dict[_Resource, dict[str, _Sum]]] = defaultdict(_sums_by_resource)
        self._traffic: dict[_Resource, _Traffic] = {}
        self._next_minute = _minute_of(clock.current().time())
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Publish each minute that ends from now on."""
        self._stopped.clear()
        self._next_minute = _minute_of(clock.current().time())
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
        """Count a finished request for its service and its target group."""
        service, group = exchange.routed.service, exchange.routed.target_group
        if service is None:
            return
        with self._lock:
            self._count(_Resource(service.account, "Service", service.id), exchange, service_samples(exchange))
            if group is not None:
                resource = _Resource(service.account, "TargetGroup", group.id)
                self._count(resource, exchange, target_group_samples(exchange))

    def flush(self) -> None:
        """Publish everything that was counted, also of the minute that still runs."""
        self._publish_before(float("inf"))

    def _count(self, resource: _Resource, exchange: Exchange, samples: Samples) -> None:
        first = _minute_of(exchange.started_at.timestamp())
        last = _minute_of((exchange.started_at + timedelta(milliseconds=exchange.milliseconds)).timestamp())
        for name, value in samples.items():
            self._pending[last][resource][name].add(value)
        for minute in range(first, last, MINUTE):
            for name in samples.keys() & set(GAUGES):
                self._pending[minute][resource][name].add(1)
        traffic = self._traffic.setdefault(resource, _Traffic(last, last))
        traffic.last_minute = max(traffic.last_minute, last)
        traffic.names |= samples.keys() - {REQUEST_TIME}

    def _run(self) -> None:
        while True:
            now = clock.current().time()
            if clock.current().sleep(MINUTE - now % MINUTE, interrupt=self._stopped):
                return
            self.publish_ended()

    def publish_ended(self) -> None:
        """Publish the minutes that are over, with zeros for resources that had traffic before."""
        end = _minute_of(clock.current().time())
        with self._lock:
            for minute in range(self._next_minute, end, MINUTE):
                self._fill_up(minute)
            self._next_minute = max(self._next_minute, end)
        self._publish_before(end)

    def _fill_up(self, minute: int) -> None:
        for resource, traffic in list(self._traffic.items()):
            if minute > traffic.last_minute + QUIET_MINUTES * MINUTE:
                del self._traffic[resource]
            elif minute > traffic.first_minute:
                sums = self._pending[minute][resource]
                for name in traffic.names - sums.keys():
                    sums[name].add(0)

    def _publish_before(self, end: float) -> None:
        with self._lock:
            ended = {minute: self._pending.pop(minute) for minute in sorted(self._pending) if minute < end}
        for minute, resources in ended.items():
            timestamp = datetime.fromtimestamp(minute, UTC)
            for resource, sums in resources.items():
                self._publish(resource.account, [_datum(resource, name, sums[name], timestamp) for name in sums])


def _minute_of(time: float) -> int:
    return int(time) // MINUTE * MINUTE


def _sums_by_resource() -> dict[_Resource, dict[str, _Sum]]:
    return defaultdict(lambda: defaultdict(_Sum))


def _datum(resource: _Resource, name: str, values: _Sum, timestamp: datetime) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": [{"Name": resource.dimension, "Value": resource.id}],
        "Timestamp": timestamp,
        "Unit": unit(name),
        "StatisticValues": values.document(),
    }
