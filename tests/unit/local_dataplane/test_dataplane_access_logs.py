"""Who gets a record, and when: VPC Lattice User Guide, "Access log destinations"."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dataplane_clock import SteppedClock, stepped_clock
from dataplane_fakes import ACCOUNT, HOST, NETWORK, service

from trellis_local.dataplane import access_logs
from trellis_local.dataplane.access_logs import AccessLogs, LogLine
from trellis_local.dataplane.exchanges import Exchange, Routed
from trellis_local.dataplane.messages import Request, text
from trellis_local.lattice import configuration
from trellis_local.lattice.log_destinations import parse_destination
from trellis_local.lattice.view import LogSubscriptionView

SERVICE = service()
START = datetime(2026, 7, 29, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def stepped() -> Iterator[SteppedClock]:
    with stepped_clock(START) as stepped:
        yield stepped


def subscription(name: str, destination: str) -> LogSubscriptionView:
    return LogSubscriptionView(f"als-{name}", ACCOUNT, "us-west-2", name, parse_destination(destination))


BUCKET = subscription("bucket", "arn:aws:s3:::access-logs")
LOG_GROUP = subscription("group", f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:access:*")
STREAM = subscription("stream", f"arn:aws:firehose:us-west-2:{ACCOUNT}:deliverystream/access")


class Deliveries:
    """Takes note of what is delivered, and lets a test wait for it."""

    def __init__(self, *, broken: tuple[str, ...] = ()) -> None:
        self.lines: dict[str, list[LogLine]] = {}
        self.broken = broken
        self._arrived = threading.Condition()

    def __call__(self, item: LogSubscriptionView, lines: list[LogLine]) -> None:
        if item.id in self.broken:
            raise RuntimeError("the destination is broken")
        with self._arrived:
            self.lines.setdefault(item.id, []).extend(lines)
            self._arrived.notify_all()

    def wait_for(self, item: LogSubscriptionView) -> bool:
        with self._arrived:
            return self._arrived.wait_for(lambda: item.id in self.lines, timeout=5)

    def paths(self, item: LogSubscriptionView) -> list[str]:
        return [json.loads(line.text)["requestPath"] for line in self.lines.get(item.id, ())]


def exchange(path: str = "/", *, seconds: float = 0, routed: Routed | None = None) -> Exchange:
    routed = routed or Routed(text(404, "no"), network=NETWORK, service=SERVICE)
    request = Request("GET", path, (("host", HOST),))
    return Exchange("vpc-a", "arn:aws:ec2:x", request, routed, START + timedelta(seconds=seconds), 1.0)


@pytest.fixture
def deliveries() -> Deliveries:
    return Deliveries()


@pytest.fixture
def logs_of(stepped: SteppedClock, deliveries: Deliveries) -> Callable[..., AccessLogs]:
    """Access logs with these subscriptions of the network and of the service, without their thread."""

    def make(network=(), service=()) -> AccessLogs:
        subscriptions = {NETWORK.arn: network, SERVICE.arn: service}
        return AccessLogs(subscriptions=subscriptions.__getitem__, deliver=deliveries)

    return make


def test_a_request_is_logged_once_for_each_subscription_of_its_network_and_its_service(logs_of, deliveries):
    logs = logs_of(network=(BUCKET, STREAM), service=(LOG_GROUP,))
    logs.observe(exchange("/popular"))
    logs.stop()
    assert {item.id: deliveries.paths(item) for item in (BUCKET, STREAM, LOG_GROUP)} == {
        "als-bucket": ["/popular"],
        "als-stream": ["/popular"],
        "als-group": ["/popular"],
    }


def test_a_host_that_the_network_does_not_know_is_logged_for_the_network_only(logs_of, deliveries):
    logs = logs_of(network=(BUCKET,), service=(LOG_GROUP,))
    logs.observe(exchange("/unknown", routed=Routed(text(404, "no"), network=NETWORK)))
    logs.stop()
    assert (deliveries.paths(BUCKET), deliveries.paths(LOG_GROUP)) == (["/unknown"], [])


@pytest.mark.parametrize(("item", "minutes"), [(LOG_GROUP, 2), (STREAM, 2), (BUCKET, 6)])
def test_records_arrive_when_the_time_of_their_destination_is_over(logs_of, deliveries, stepped, item, minutes):
    logs = logs_of(network=(item,))
    logs.observe(exchange("/one"))
    stepped.advance(minutes * 60 - 1)
    logs.observe(exchange("/two"))
    logs.deliver_due()
    assert deliveries.paths(item) == []
    stepped.advance(1)
    logs.deliver_due()
    assert deliveries.paths(item) == ["/one", "/two"]


def test_the_time_of_a_destination_can_be_chosen(logs_of, deliveries, stepped):
    before = configuration.current()
    configuration.reconfigure(access_log_seconds={"BUCKET": 5.0})
    logs = logs_of(network=(BUCKET, LOG_GROUP))
    logs.observe(exchange("/one"))
    configuration.use(before)
    stepped.advance(5)
    logs.deliver_due()
    assert (deliveries.paths(BUCKET), deliveries.paths(LOG_GROUP)) == (["/one"], [])


def test_a_destination_of_unknown_type_has_no_time_to_choose():
    with pytest.raises(KeyError):
        configuration.reconfigure(access_log_seconds={"QUEUE": 5.0})


def test_records_that_come_after_a_delivery_wait_for_the_next(logs_of, deliveries, stepped):
    logs = logs_of(network=(LOG_GROUP,))
    logs.observe(exchange("/one"))
    stepped.advance(120)
    logs.deliver_due()
    logs.observe(exchange("/two"))
    logs.deliver_due()
    assert deliveries.paths(LOG_GROUP) == ["/one"]


def test_records_are_delivered_in_the_background(logs_of, deliveries, stepped):
    logs = logs_of(network=(LOG_GROUP,))
    logs.start()
    logs.observe(exchange("/one"))
    stepped.advance(120)
    assert deliveries.wait_for(LOG_GROUP)
    logs.stop()
    assert not any(thread.name == "dataplane-access-logs" for thread in threading.enumerate())


def test_a_long_batch_does_not_wait(logs_of, deliveries, monkeypatch):
    monkeypatch.setattr(access_logs, "MOST_LINES", 3)
    logs = logs_of(network=(BUCKET,))
    for path in ("/one", "/two"):
        logs.observe(exchange(path))
    logs.deliver_due()
    assert deliveries.paths(BUCKET) == []
    logs.observe(exchange("/three"))
    logs.deliver_due()
    assert deliveries.paths(BUCKET) == ["/one", "/two", "/three"]


def test_records_are_delivered_in_the_order_in_which_the_requests_began(logs_of, deliveries):
    logs = logs_of(network=(BUCKET,))
    for path, seconds in (("/late", 2.0), ("/early", 0.5), ("/middle", 1.0)):
        logs.observe(exchange(path, seconds=seconds))
    logs.stop()
    assert deliveries.paths(BUCKET) == ["/early", "/middle", "/late"]
    first = deliveries.lines["als-bucket"][0]
    assert first.milliseconds == START.timestamp() * 1000 + 500


def test_a_destination_that_fails_loses_its_records_and_no_other(logs_of, deliveries, caplog):
    deliveries.broken = ("als-bucket",)
    logs = logs_of(network=(BUCKET, LOG_GROUP))
    with caplog.at_level(logging.WARNING):
        logs.observe(exchange("/one"))
        logs.stop()
    assert (deliveries.paths(BUCKET), deliveries.paths(LOG_GROUP)) == ([], ["/one"])
    assert "arn:aws:s3:::access-logs are dropped" in caplog.text


def test_nothing_is_kept_for_requests_that_nobody_logs(logs_of, deliveries):
    logs = logs_of()
    logs.observe(exchange())
    logs.stop()
    assert deliveries.lines == {}


def test_an_updated_destination_gets_the_records_from_then_on(stepped, deliveries):
    current = [BUCKET]
    logs = AccessLogs(subscriptions=lambda arn: current if arn == NETWORK.arn else (), deliver=deliveries)
    logs.observe(exchange("/before"))
    current[0] = replace(BUCKET, id="als-moved", destination=parse_destination("arn:aws:s3:::other-logs"))
    logs.observe(exchange("/after"))
    logs.stop()
    assert (deliveries.paths(BUCKET), deliveries.paths(current[0])) == (["/before"], ["/after"])
