"""The data plane as the rest of the local stack uses it.

Each VPC has one loopback URL that stands for a client inside it; `entrance` says what can be done there.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

from trellis_local.dataplane import client, names
from trellis_local.dataplane.auth_policies import PolicyAuthorizer
from trellis_local.dataplane.authorization import Authorizer
from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.entrance import Entrance
from trellis_local.dataplane.exchanges import Observer
from trellis_local.dataplane.identities import NoIdentities
from trellis_local.dataplane.loopback import LoopbackServer
from trellis_local.dataplane.messages import Answer, Request
from trellis_local.dataplane.termination import Termination
from trellis_local.dataplane.vpc_network import VpcNetwork

_HEALTH_CHECKER = "169.254.171.1"


class DataPlane:
    """Traffic for clients in VPCs, from start() to stop(); the port of a VPC never changes."""

    def __init__(
        self,
        surroundings: Surroundings,
        *,
        observers: Sequence[Observer],
        random: Random,
        authorizer: Authorizer = PolicyAuthorizer(NoIdentities()),  # noqa: B008 - it has no state
    ) -> None:
        self._vpcs = surroundings.vpcs
        self._observers = tuple(observers)
        self._network = VpcNetwork(surroundings, observers=observers, random=random, authorizer=authorizer)
        self._termination = Termination(surroundings.certificates)
        self._servers: dict[str, LoopbackServer] = {}
        self._ports: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def authority_pem(self) -> str:
        """The certificate of the local authority, which signs those of VPC Lattice and of ACM."""
        return self._termination.authority.pem.decode()

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
                    list(stoppers.map(LoopbackServer.stop, self._servers.values()))
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
        return self._network.resolve(vpc_id, name)

    def request(
        self,
        vpc_id: str,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes = b"",
    ) -> client.Response:
        """Send a real request for an http or https URL as a client in the VPC; NoAnswer when there is no connection.

        The client trusts the local authority and nothing else; `client.send` takes other certificates.
        """
        message = client.Message(method, url, headers or {}, body)
        return client.send(self._port_of(vpc_id), message, trust=self.authority_pem)

    def probe(self, vpc_id: str, ip: str, port: int, path: str, timeout: float, protocol: str = "HTTP") -> int | None:
        """The HTTP status of a VPC Lattice health check, None without an answer in `timeout` virtual seconds.

        Nobody waits: a pod that is slower than the time-out is known to be so. Its protocol version makes no
        difference, because simulated pods speak both versions of HTTP.
        """
        request = Request("GET", path, (("host", f"{ip}:{port}"),), client_ip=_HEALTH_CHECKER)
        answer = self._network.pods.probe(vpc_id, ip, port=port, request=request, tls=protocol == "HTTPS")
        return answer.status if answer is not None and answer.waited <= timeout else None

    def exchange(self, vpc_id: str, request: Request) -> Answer:
        """Answer a request of a client in the VPC, without the pods' latency; NoAnswer without a connection."""
        return self._network.call(vpc_id, request)

    def _port_of(self, vpc_id: str) -> int:
        if vpc_id not in self._vpcs.vpc_ids():
            raise KeyError(f"there is no VPC {vpc_id}")
        with self._lock:
            if vpc_id not in self._servers:
                entrance = Entrance(vpc_id, self._network, self._termination, self._stopped)
                server = LoopbackServer(port=self._ports.get(vpc_id, 0), serve=entrance.serve)
                server.start()
                self._servers[vpc_id] = server
                self._ports[vpc_id] = server.port
            return self._ports[vpc_id]
