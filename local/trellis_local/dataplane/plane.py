"""The data plane as the rest of the local stack uses it.

Each VPC has one loopback URL that stands for a client inside it. A request's Host header is resolved as that VPC sees
it; link-local addresses lead to VPC Lattice, other addresses to the pods of the same VPC, and everything else nowhere.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

from trellis_local import clock
from trellis_local.dataplane import client, names
from trellis_local.dataplane.auth_policies import PolicyAuthorizer
from trellis_local.dataplane.authorization import Authorizer
from trellis_local.dataplane.balancing import Balancer
from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.exchanges import Exchange, Observer
from trellis_local.dataplane.http_server import HttpServer
from trellis_local.dataplane.identities import NoIdentities
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, split_host, text, values
from trellis_local.dataplane.pod_network import PodNetwork
from trellis_local.dataplane.routing import DEFAULT_PORT, LatticeRouter


class DataPlane:
    """HTTP for clients in VPCs, from start() to stop(); the port of a VPC never changes."""

    def __init__(
        self,
        surroundings: Surroundings,
        *,
        observers: Sequence[Observer],
        random: Random,
        authorizer: Authorizer = PolicyAuthorizer(NoIdentities()),  # noqa: B008 - it has no state
    ) -> None:
        self._view, self._vpcs = surroundings.view, surroundings.vpcs
        self._observers = tuple(observers)
        self._pods = PodNetwork(directory=surroundings.pods, admits=surroundings.admits, call=self.exchange)
        self._router = LatticeRouter(
            view=self._view, vpcs=self._vpcs, pods=self._pods, balancer=Balancer(random), authorizer=authorizer
        )
        self._servers: dict[str, HttpServer] = {}
        self._ports: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start the observers and open the ports of the VPCs that exist."""
        self._stopped.clear()
        for observer in self._observers:
            observer.start()
        self.ports()

    def stop(self) -> None:
        """Close all ports and connections and stop the observers."""
        self._stopped.set()
        with self._lock:
            if self._servers:
                with ThreadPoolExecutor(len(self._servers)) as stoppers:
                    list(stoppers.map(HttpServer.stop, self._servers.values()))
            self._servers.clear()
        for observer in self._observers:
            observer.stop()

    def ports(self) -> dict[str, str]:
        """The URL of each VPC that exists, by VPC id."""
        return {vpc_id: self.url_for(vpc_id) for vpc_id in self._vpcs.vpc_ids()}

    def url_for(self, vpc_id: str) -> str:
        """The URL of a client in this VPC; KeyError when there is no such VPC."""
        return f"http://127.0.0.1:{self._port_of(vpc_id)}"

    def resolve(self, vpc_id: str, name: str) -> names.Resolution:
        """What the name means in this VPC, with the reason."""
        return names.resolve(
            name.lower().removesuffix("."), zones=self._vpcs.zones(vpc_id), is_lattice_name=self._is_lattice_name
        )

    def request(self, vpc_id: str, method: str, url: str, headers: Mapping[str, str] | None = None) -> client.Response:
        """Send a real HTTP request as a client in the VPC; NoAnswer when there is no connection."""
        return client.send(self._port_of(vpc_id), method, url=url, headers=headers or {})

    def probe(self, vpc_id: str, ip: str, port: int, path: str, timeout: float) -> int | None:
        """The HTTP status of a VPC Lattice health check, None without an answer in `timeout` virtual seconds."""
        return self._pods.probe(vpc_id, ip, port=port, path=path, timeout=timeout)

    def exchange(self, vpc_id: str, request: Request) -> Answer:
        """Answer a request of a client in the VPC, without the pods' latency; NoAnswer without a connection."""
        hosts = values(request.headers, "host")
        try:
            if len(hosts) != 1:
                raise ValueError(f"expected one Host header, not {len(hosts)}")
            name, port = split_host(hosts[0])
        except ValueError as error:
            return text(400, f"{error}\n")
        resolution = self.resolve(vpc_id, name)
        if not resolution.addresses:
            raise NoAnswer(resolution.reason)
        address = resolution.addresses[0]
        if not names.is_lattice_address(address):
            return self._pods.within_vpc(vpc_id, address, port=port or DEFAULT_PORT, request=request)
        started_at, started = clock.current().now(), time.perf_counter()
        routed = self._router.route(vpc_id, host=name, port=port, request=request)
        exchange = Exchange(
            vpc_id=vpc_id,
            vpc_arn=self._vpcs.vpc_arn(vpc_id),
            request=request,
            routed=routed,
            started_at=started_at,
            milliseconds=(time.perf_counter() - started + routed.answer.waited) * 1000,
            target_milliseconds=routed.answer.waited * 1000,
        )
        for observer in self._observers:
            observer.observe(exchange)
        return routed.answer

    def _is_lattice_name(self, name: str) -> bool:
        # Custom domains are no public names: only a private hosted zone can lead to them.
        return ".vpc-lattice-svcs." in name and self._view.service_by_domain(name) is not None

    def _port_of(self, vpc_id: str) -> int:
        if vpc_id not in self._vpcs.vpc_ids():
            raise KeyError(f"there is no VPC {vpc_id}")
        with self._lock:
            if vpc_id not in self._servers:
                server = HttpServer(
                    port=self._ports.get(vpc_id, 0), exchange=lambda request: self._serve(vpc_id, request)
                )
                server.start()
                self._servers[vpc_id] = server
                self._ports[vpc_id] = server.port
            return self._ports[vpc_id]

    def _serve(self, vpc_id: str, request: Request) -> Answer:
        """The answer to a request that came over HTTP, after the pods' latency."""
        answer = self.exchange(vpc_id, request)
        if answer.waited:
            clock.current().sleep(answer.waited, interrupt=self._stopped)
        return answer
