"""The network as clients in VPCs see it: names, then VPC Lattice or the pods of the same VPC, and nothing else.

Link-local addresses lead to VPC Lattice, whose exchanges the observers are told of.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from trellis_local import clock
from trellis_local.dataplane import names, statuses
from trellis_local.dataplane.authorization import Authorizer
from trellis_local.dataplane.balancing import Balancer
from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.exchanges import Exchange, Observer, Routed
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, split_host, text, values
from trellis_local.dataplane.pod_network import PodNetwork
from trellis_local.dataplane.routing import DEFAULT_PORT, DEFAULT_TLS_PORT, LatticeRouter, listener_at


@dataclass(frozen=True)
class Destination:
    """The address and port that a client's connection leads to."""

    address: str
    port: int

    @property
    def is_lattice(self) -> bool:
        """Whether VPC Lattice is there."""
        return names.is_lattice_address(self.address)


class VpcNetwork:
    """Where the connections and requests of clients end up."""

    def __init__(
        self, surroundings: Surroundings, *, observers: Sequence[Observer], random: Random, authorizer: Authorizer
    ) -> None:
        self.view, self.vpcs = surroundings.view, surroundings.vpcs
        self._observers = tuple(observers)
        self.pods = PodNetwork(directory=surroundings.pods, admits=surroundings.admits, call=self.call)
        self.router = LatticeRouter(surroundings, pods=self.pods, balancer=Balancer(random), authorizer=authorizer)

    def resolve(self, vpc_id: str, name: str) -> names.Resolution:
        """What the name means in this VPC, with the reason."""
        return names.resolve(
            name.lower().removesuffix("."), zones=self.vpcs.zones(vpc_id), is_lattice_name=self._is_lattice_name
        )

    def connect(self, vpc_id: str, name: str, *, port: int) -> Destination:
        """Where a connection to a name leads; NoAnswer when it cannot be made."""
        resolution = self.resolve(vpc_id, name)
        if not resolution.addresses:
            raise NoAnswer(resolution.reason)
        destination = Destination(resolution.addresses[0], port)
        if not destination.is_lattice:
            self.pods.reachable_within_vpc(vpc_id, destination.address, port=port)
            return destination
        self.router.connected_network(vpc_id)
        service = self.view.find_service(vpc_id=vpc_id, host=name)
        if service is not None:
            listener_at(service, port)
        return destination

    def call(self, vpc_id: str, request: Request) -> Answer:
        """The answer to a plain request of a workload in the VPC, without latencies; NoAnswer without a connection."""
        return self.exchange(vpc_id, request).answer

    def exchange(
        self, vpc_id: str, request: Request, *, destination: Destination | None = None, seconds_left: float = math.inf
    ) -> Routed:
        """What becomes of a request, without latencies; without a destination its Host says where it goes.

        NoAnswer without a connection, or when it may not last for `seconds_left` virtual seconds more.
        """
        hosts = values(request.headers, "host")
        try:
            if len(hosts) != 1:
                raise ValueError(f"expected one Host header, not {len(hosts)}")
            name, port = split_host(hosts[0])
        except ValueError as error:
            return Routed(text(400, f"{error}\n"))
        if destination is None:
            destination = self._named(vpc_id, name, port, request)
        if not destination.is_lattice:
            address, port = destination.address, destination.port
            return Routed(self.pods.within_vpc(vpc_id, address, port=port, request=request))
        started_at, started = clock.current().now(), time.perf_counter()
        routed = self.router.route(vpc_id, host=name, port=destination.port, request=request)
        routed = _cut_short(routed, seconds_left)
        waited = routed.answer.waited
        self.observe(
            Exchange(
                vpc_id=vpc_id,
                vpc_arn=self.vpcs.vpc_arn(vpc_id),
                request=request,
                routed=routed,
                started_at=started_at,
                milliseconds=(time.perf_counter() - started + waited) * 1000,
                target_milliseconds=waited * 1000,
            )
        )
        return routed

    def observe(self, exchange: Exchange) -> None:
        """Tell all observers."""
        for observer in self._observers:
            observer.observe(exchange)

    def _named(self, vpc_id: str, name: str, port: int | None, request: Request) -> Destination:
        resolution = self.resolve(vpc_id, name)
        if not resolution.addresses:
            raise NoAnswer(resolution.reason)
        default = DEFAULT_TLS_PORT if request.transport.tls else DEFAULT_PORT
        return Destination(resolution.addresses[0], port or default)

    def _is_lattice_name(self, name: str) -> bool:
        # Custom domains are no public names: only a private hosted zone can lead to them.
        return ".vpc-lattice-svcs." in name and self.view.service_by_domain(name) is not None


def _cut_short(routed: Routed, seconds_left: float) -> Routed:
    """The exchange when its connection reaches its longest duration before the answer."""
    if routed.answer.waited <= seconds_left:
        return routed
    answer = Answer(statuses.CLOSED, (), b"", waited=seconds_left)
    return replace(routed, answer=answer, failure="ConnectionDurationExceeded")
