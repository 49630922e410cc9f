"""Names, units, dimensions and values: VPC Lattice User Guide, "CloudWatch metrics for Amazon VPC Lattice"."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dataplane_clock import SteppedClock, stepped_clock
from dataplane_fakes import ACCOUNT, NETWORK, service, target_group

from trellis_local.dataplane.exchanges import Exchange, Routed
from trellis_local.dataplane.messages import Answer, Request
from trellis_local.dataplane.metrics import QUIET_MINUTES, LatticeMetrics
from trellis_local.lattice.view import TargetView

START = datetime(2026, 7, 29, 12, 0, 10, tzinfo=UTC)
SERVICE = service()
REQUEST = Request("POST", "/", (("Host", "a"),), body=b"12345")
ROUTED = Routed(
    Answer(200, (("A", "b"),), b"123"),
    network=NETWORK,
    service=SERVICE,
    target_group=target_group("v1"),
    target=TargetView("10.0.0.1", 80, "HEALTHY"),
    connection="made",
)
EXCHANGE = Exchange("vpc-a", "arn:aws:ec2:x", REQUEST, ROUTED, START, 25.0, 5.0)
SENT, RECEIVED = len("POST / HTTP/1.1\r\nHost: a\r\n\r\n12345"), len("HTTP/1.1 200 OK\r\nA: b\r\n\r\n123")

STATUS_CLASSES = {"HTTPCode_2XX_Count", "HTTPCode_3XX_Count", "HTTPCode_4XX_Count", "HTTPCode_5XX_Count"}
LATTICE_CODES = {f"HTTPCode_VpcLattice_{code}_Count" for code in (400, 403, 404, 429, 500, 502, 504)}
OF_SERVICES = {"RequestTimeoutCount", "TotalRequestCount", "RequestTime"} | STATUS_CLASSES | LATTICE_CODES
OF_CONNECTIONS = {
    "TotalConnectionCount",
    "ActiveConnectionCount",
    "ConnectionErrorCount",
    "ConnectionTimeoutCount",
    "TotalReceivedConnectionBytes",
    "TotalSentConnectionBytes",
    "TLSConnectionErrorCount",
    "TotalTLSConnectionHandshakeCount",
}
OF_HTTP_GROUPS = {
    "HTTP1_ConnectionCount",
    "HTTP2_ConnectionCount",
    "TotalRequestCount",
    "ActiveRequestCount",
    "RequestTime",
} | STATUS_CLASSES


class Published:
    """What reached CloudWatch."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []

    def __call__(self, account: str, data: list[dict[str, Any]]) -> None:
        self.data += [datum | {"Account": account} for datum in data]

    def of(self, dimension: str) -> list[dict[str, Any]]:
        return [datum for datum in self.data if [d["Name"] for d in datum["Dimensions"]] == [dimension]]

    def totals(self, dimension: str, *, minute: int | None = None) -> dict[str, float]:
        totals: dict[str, float] = {}
        for datum in self.of(dimension):
            if minute in (None, datum["Timestamp"].minute):
                name = datum["MetricName"]
                totals[name] = totals.get(name, 0) + datum["StatisticValues"]["Sum"]
        return totals


@pytest.fixture
def stepped() -> Iterator[SteppedClock]:
    with stepped_clock(START) as stepped:
        yield stepped


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def metrics(stepped: SteppedClock, published: Published) -> LatticeMetrics:
    """Without its thread: the tests say when a minute has ended."""
    return LatticeMetrics(published)


def totals(dimension: str, *exchanges: Exchange) -> dict[str, float]:
    """The metrics of these exchanges that are not 0."""
    published = Published()
    metrics = LatticeMetrics(published)
    for exchange in exchanges:
        metrics.observe(exchange)
    metrics.flush()
    return {name: total for name, total in published.totals(dimension).items() if total}


def routed(**changes: Any) -> Exchange:
    return replace(EXCHANGE, routed=replace(ROUTED, **changes))


@pytest.mark.parametrize(
    ("dimension", "names"), [("Service", OF_SERVICES), ("TargetGroup", OF_CONNECTIONS | OF_HTTP_GROUPS)]
)
def test_one_request_reports_every_documented_metric(metrics, published, dimension, names):
    metrics.observe(EXCHANGE)
    metrics.flush()
    assert {datum["MetricName"] for datum in published.of(dimension)} == names


def test_metrics_have_the_dimensions_and_the_account_of_their_resource(metrics, published):
    metrics.observe(EXCHANGE)
    metrics.flush()
    dimensions = {(d["Name"], d["Value"]) for datum in published.data for d in datum["Dimensions"]}
    assert dimensions == {("Service", "svc-1"), ("TargetGroup", "tg-v1")}
    assert {datum["Account"] for datum in published.data} == {ACCOUNT}


def test_times_and_bytes_have_their_units_and_the_rest_are_counts(metrics, published):
    metrics.observe(EXCHANGE)
    metrics.flush()
    units = {datum["MetricName"]: datum["Unit"] for datum in published.data}
    other = {name: unit for name, unit in units.items() if unit != "Count"}
    assert other == {
        "RequestTime": "Milliseconds",
        "TotalReceivedConnectionBytes": "Bytes",
        "TotalSentConnectionBytes": "Bytes",
    }


def test_a_target_that_answers_is_counted_as_connection_request_and_bytes():
    assert totals("TargetGroup", EXCHANGE) == {
        "TotalConnectionCount": 1,
        "HTTP1_ConnectionCount": 1,
        "TotalRequestCount": 1,
        "RequestTime": 25.0,
        "HTTPCode_2XX_Count": 1,
        "TotalSentConnectionBytes": SENT,
        "TotalReceivedConnectionBytes": RECEIVED,
    }


@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_connections_to_http2_and_grpc_groups_are_http2(version):
    found = totals("TargetGroup", routed(target_group=replace(target_group("v1"), protocol_version=version)))
    assert found["HTTP2_ConnectionCount"] == 1
    assert "HTTP1_ConnectionCount" not in found


@pytest.mark.parametrize(
    ("connection", "name"), [("refused", "ConnectionErrorCount"), ("timed out", "ConnectionTimeoutCount")]
)
def test_a_connection_that_fails_is_an_error_or_a_timeout(connection, name):
    exchange = routed(answer=Answer(500, (), b""), connection=connection, failure="TargetConnectionError")
    assert totals("TargetGroup", exchange) == {
        name: 1,
        "TotalRequestCount": 1,
        "RequestTime": 25.0,
        "HTTPCode_5XX_Count": 1,
    }


def test_https_groups_count_handshakes_and_their_failures():
    group = replace(target_group("v1"), protocol="HTTPS")
    made = totals("TargetGroup", routed(target_group=group))
    assert (made["TotalTLSConnectionHandshakeCount"], made.get("TLSConnectionErrorCount")) == (1, None)
    failed = totals("TargetGroup", routed(target_group=group, failure="TargetConnectionError"))
    assert (failed.get("TotalTLSConnectionHandshakeCount"), failed["TLSConnectionErrorCount"]) == (None, 1)


def test_a_tcp_group_has_the_metrics_of_connections_only(metrics, published):
    passed = routed(target_group=replace(target_group("v1"), protocol="TCP"), answer=Answer(0, (), b"123"))
    metrics.observe(replace(passed, request=Request("", "", body=b"12345")))
    metrics.flush()
    assert set(published.totals("TargetGroup")) == OF_CONNECTIONS
    assert published.totals("TargetGroup")["TotalSentConnectionBytes"] == 5
    assert set(published.totals("Service").values()) == {0}


@pytest.mark.parametrize("status", [204, 301, 404, 503])
def test_status_codes_are_counted_by_class_for_service_and_group(status):
    exchange = routed(answer=Answer(status, (), b""))
    for dimension in ("Service", "TargetGroup"):
        codes = {name for name in totals(dimension, exchange) if name.startswith("HTTPCode")}
        assert codes == {f"HTTPCode_{status // 100}XX_Count"}


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 504])
def test_the_codes_of_vpc_lattice_itself_are_counted_one_by_one(status):
    own = routed(answer=Answer(status, (), b""), connection="", target=None, target_group=None)
    of_target = routed(answer=Answer(status, (), b""))
    assert totals("Service", own)[f"HTTPCode_VpcLattice_{status}_Count"] == 1
    assert f"HTTPCode_VpcLattice_{status}_Count" not in totals("Service", of_target)


def test_a_target_that_does_not_answer_in_time_is_a_request_timeout():
    assert totals("Service", routed(answer=Answer(504, (), b""), failure="TargetDataTimeout")) == {
        "RequestTimeoutCount": 1,
        "TotalRequestCount": 1,
        "RequestTime": 25.0,
        "HTTPCode_5XX_Count": 1,
        "HTTPCode_VpcLattice_504_Count": 1,
    }


def test_request_time_tells_count_sum_and_extremes(metrics, published):
    for milliseconds in (10.0, 40.0, 20.0):
        metrics.observe(replace(EXCHANGE, milliseconds=milliseconds))
    metrics.flush()
    (datum,) = [datum for datum in published.of("Service") if datum["MetricName"] == "RequestTime"]
    assert datum["StatisticValues"] == {"SampleCount": 3, "Sum": 70.0, "Minimum": 10.0, "Maximum": 40.0}


def test_a_request_counts_in_the_minute_in_which_it_ends(metrics, published):
    metrics.observe(replace(EXCHANGE, milliseconds=55_000.0))
    metrics.flush()
    assert published.totals("Service", minute=1)["TotalRequestCount"] == 1
    assert "TotalRequestCount" not in published.totals("Service", minute=0)


def test_what_goes_on_when_a_minute_ends_is_active_in_it(metrics, published):
    metrics.observe(replace(EXCHANGE, milliseconds=120_000.0))
    metrics.flush()
    for name in ("ActiveConnectionCount", "ActiveRequestCount"):
        assert [published.totals("TargetGroup", minute=minute)[name] for minute in (0, 1, 2)] == [1, 1, 0]


def test_a_minute_is_published_once_it_is_over(metrics, published, stepped):
    metrics.observe(EXCHANGE)
    stepped.advance(49)
    metrics.publish_ended()
    assert published.data == []
    stepped.advance(1)
    metrics.publish_ended()
    assert {datum["Timestamp"] for datum in published.data} == {START.replace(second=0)}


def test_zeros_are_reported_from_the_first_traffic_on(metrics, published, stepped):
    metrics.observe(EXCHANGE)
    stepped.advance(180)
    metrics.publish_ended()
    for dimension, names in (("Service", OF_SERVICES), ("TargetGroup", OF_CONNECTIONS | OF_HTTP_GROUPS)):
        for minute in (1, 2):
            quiet = published.totals(dimension, minute=minute)
            assert set(quiet) == names - {"RequestTime"}
            assert set(quiet.values()) == {0}


def test_zeros_end_some_time_after_the_last_traffic(metrics, published, stepped):
    metrics.observe(EXCHANGE)
    stepped.advance((QUIET_MINUTES + 10) * 60)
    metrics.publish_ended()
    last = max(datum["Timestamp"] for datum in published.data)
    assert last == START.replace(second=0) + timedelta(minutes=QUIET_MINUTES)


def test_a_host_that_is_no_service_has_no_metrics(metrics, published):
    metrics.observe(replace(EXCHANGE, routed=Routed(Answer(404, (), b""), network=NETWORK)))
    metrics.flush()
    assert published.data == []
