"""The way from an address in a VPC to a simulated pod: the pod, its declared ports, and its security group.

Only traffic from VPC Lattice is held against the security group here. A client inside the VPC stands for a workload of
the cluster, which the cluster security group's own rule admits.
"""

from trellis_local.dataplane import pods
from trellis_local.dataplane.contract import PodFinder, SecurityGroups
from trellis_local.dataplane.messages import Answer, NoAnswer, Request
from trellis_local.kubernetes.contract import PodInfo


class ProtocolMismatch(NoAnswer):
    """The connection was made, but the port speaks TLS and the request came without it."""


class PodNetwork:
    """Connects to pods. `call` is how a pod reaches its upstream."""

    def __init__(self, *, directory: PodFinder, admits: SecurityGroups, call: pods.Call) -> None:
        self._directory = directory
        self._admits = admits
        self._call = call

    def from_lattice(self, vpc_id: str, ip: str, *, port: int, request: Request, tls: bool = False) -> Answer:
        """The pod's answer to VPC Lattice, which accepts any certificate; NoAnswer as reachable_from_lattice()."""
        pod = self.reachable_from_lattice(vpc_id, ip, port=port)
        return self._ask(pod, port=port, request=request, tls=tls)

    def reachable_from_lattice(self, vpc_id: str, ip: str, *, port: int) -> PodInfo:
        """The pod; NoAnswer, with `timed_out` where the security group drops the packets, when it is out of reach."""
        pod = self._pod_at(vpc_id, ip)
        if not self._admits(vpc_id, ip, port):
            raise NoAnswer(f"time-out: no security group rule lets VPC Lattice reach {ip}:{port}", timed_out=True)
        return _listening(pod, port)

    def within_vpc(self, vpc_id: str, ip: str, *, port: int, request: Request) -> Answer:
        """The pod's answer to a plain request of its own VPC; NoAnswer when nothing of the kind listens there."""
        return self._ask(self.reachable_within_vpc(vpc_id, ip, port=port), port=port, request=request, tls=False)

    def reachable_within_vpc(self, vpc_id: str, ip: str, *, port: int) -> PodInfo:
        """The pod; NoAnswer when nothing listens there."""
        return _listening(self._pod_at(vpc_id, ip), port)

    def respond(self, pod: PodInfo, request: Request) -> Answer:
        """What a pod answers on a connection of its own."""
        return pods.respond(pod, request, call=self._call)

    def probe(self, vpc_id: str, ip: str, *, port: int, request: Request, tls: bool) -> Answer | None:
        """The answer to a health check, None without one."""
        try:
            return self.from_lattice(vpc_id, ip, port=port, request=request, tls=tls)
        except NoAnswer:
            return None

    def _pod_at(self, vpc_id: str, ip: str) -> PodInfo:
        pod = self._directory.find(vpc_id, ip)
        if pod is None:
            raise NoAnswer(f"time-out: no pod in {vpc_id} has the address {ip}", timed_out=True)
        return pod

    def _ask(self, pod: PodInfo, *, port: int, request: Request, tls: bool) -> Answer:
        speaks_tls = pods.speaks_tls(pod, port)
        if tls and not speaks_tls:
            raise NoAnswer(f"TLS handshake failed: port {port} of pod {pod.name} does not speak TLS")
        if speaks_tls and not tls:
            raise ProtocolMismatch(f"port {port} of pod {pod.name} speaks TLS, the request came without")
        return self.respond(pod, request)


def _listening(pod: PodInfo, port: int) -> PodInfo:
    if port not in pod.ports:
        raise NoAnswer(f"connection refused: pod {pod.name} declares no port {port}")
    return pod
