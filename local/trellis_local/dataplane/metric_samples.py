"""What one exchange adds to the metrics of its service and of its target group.

Names and meanings: VPC Lattice User Guide, "CloudWatch metrics for Amazon VPC Lattice". Bytes are those of the
connection to the target, as with the other connection metrics: sent to it, received from it. Every exchange has a
connection to its target of its own here.
"""

from collections.abc import Mapping

from trellis_local.dataplane.exchanges import Exchange
from trellis_local.dataplane.message_sizes import answer_bytes, request_bytes

REQUEST_TIME = "RequestTime"
# Sampled when a minute ends, so that an exchange within one minute is a 0.
GAUGES = ("ActiveConnectionCount", "ActiveRequestCount")
UNITS: Mapping[str, str] = {
    REQUEST_TIME: "Milliseconds",
    "TotalReceivedConnectionBytes": "Bytes",
    "TotalSentConnectionBytes": "Bytes",
}

_STATUS_CLASSES = (2, 3, 4, 5)
_LATTICE_CODES = (400, 403, 404, 429, 500, 502, 504)

Samples = dict[str, float]


def unit(name: str) -> str:
    """The unit of a metric."""
    return UNITS.get(name, "Count")


def service_samples(exchange: Exchange) -> Samples:
    """The metrics with the dimension Service; a connection that is passed through has no request to count."""
    routed = exchange.routed
    of_lattice = routed.answer.status if not _is_answered_by_target(exchange) else 0
    return {
        "RequestTimeoutCount": routed.failure == "TargetDataTimeout",
        **_request_samples(exchange),
        **{f"HTTPCode_VpcLattice_{code}_Count": of_lattice == code for code in _LATTICE_CODES},
    }


def target_group_samples(exchange: Exchange) -> Samples:
    """The metrics with the dimension TargetGroup, of which TCP groups have those of connections only."""
    group = exchange.routed.target_group
    if group is None or group.protocol == "TCP":
        return _connection_samples(exchange)
    is_made, is_http1 = exchange.routed.connection == "made", group.protocol_version in ("", "HTTP1")
    return {
        **_connection_samples(exchange),
        **_request_samples(exchange),
        "HTTP1_ConnectionCount": is_made and is_http1,
        "HTTP2_ConnectionCount": is_made and not is_http1,
        "ActiveRequestCount": 0,
    }


def _connection_samples(exchange: Exchange) -> Samples:
    routed = exchange.routed
    is_made = routed.connection == "made"
    speaks_tls = is_made and routed.target_group is not None and routed.target_group.protocol == "HTTPS"
    tls_failed = speaks_tls and routed.failure == "TargetConnectionError"
    return {
        "TotalConnectionCount": is_made,
        "ActiveConnectionCount": 0,
        "ConnectionErrorCount": routed.connection == "refused",
        "ConnectionTimeoutCount": routed.connection == "timed out",
        "TotalReceivedConnectionBytes": _received(exchange) if is_made else 0,
        "TotalSentConnectionBytes": (exchange.bytes_received or request_bytes(exchange.request)) if is_made else 0,
        "TLSConnectionErrorCount": tls_failed,
        "TotalTLSConnectionHandshakeCount": speaks_tls and not tls_failed,
    }


def _request_samples(exchange: Exchange) -> Samples:
    is_request = bool(exchange.request.method)
    status_class = exchange.routed.answer.status // 100 if is_request else 0
    return {
        "TotalRequestCount": is_request,
        **({REQUEST_TIME: exchange.milliseconds} if is_request else {}),
        **{f"HTTPCode_{each}XX_Count": each == status_class for each in _STATUS_CLASSES},
    }


def _received(exchange: Exchange) -> int:
    if exchange.bytes_sent:
        return exchange.bytes_sent
    answered = _is_answered_by_target(exchange)
    return answer_bytes(exchange.routed.answer, method=exchange.request.method) if answered else 0


def _is_answered_by_target(exchange: Exchange) -> bool:
    return exchange.routed.connection == "made" and not exchange.routed.failure
