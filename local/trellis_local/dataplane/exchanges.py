"""What became of a request in VPC Lattice, for metrics and access logs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from trellis_local.dataplane.authorization import Authorization
from trellis_local.dataplane.messages import Answer, Request
from trellis_local.lattice.view import ListenerView, NetworkView, ServiceView, TargetGroupView, TargetView


@dataclass(frozen=True)
class Routed:
    """An answer and the resources it came by; None where the request did not get that far.

    `connection` is what became of the connection to the target: "", "made", "refused" or "timed out". `failure` is the
    failureReason of access logs, empty when there was none (VPC Lattice User Guide, Access logs).
    """

    answer: Answer
    network: NetworkView | None = None
    service: ServiceView | None = None
    listener: ListenerView | None = None
    target_group: TargetGroupView | None = None
    target: TargetView | None = None
    authorization: Authorization = field(default_factory=Authorization)
    connection: str = ""
    failure: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Exchange:
    """A finished request; `started_at` is virtual time, durations are virtual milliseconds, pods' latency included.

    A connection through a TLS_PASSTHROUGH listener is one exchange: a request without method, target and body,
    answered with status 0, since VPC Lattice sees no HTTP in it. Only there the two byte counts are set. Status 0 also
    stands for a connection that ended before there was an answer.
    """

    vpc_id: str
    vpc_arn: str
    request: Request
    routed: Routed
    started_at: datetime
    milliseconds: float
    target_milliseconds: float = 0.0
    bytes_received: int = 0
    bytes_sent: int = 0


class Observer(Protocol):
    """Takes note of every request that reached VPC Lattice, from start() to stop()."""

    def start(self) -> None:
        """Begin to publish what is observed."""

    def observe(self, exchange: Exchange) -> None:
        """Take note of one request; must not wait."""

    def stop(self) -> None:
        """Publish what is left, and end all threads."""
