"""The way from an address in a VPC to a simulated pod: the pod, its declared ports, and its security group.

Only traffic from VPC Lattice is held against the security group here. A client inside the VPC stands for a workload of
the cluster, which the cluster security group's own rule admits.
"""

from trellis_local.dataplane import pods
from trellis_local.dataplane.contract import PodFinder, SecurityGroups
from trellis_local.dataplane.messages import Answer, NoAnswer, Request
from trellis_local.kubernetes.contract import PodInfo


class PodNetwork:
    """Connects to pods. `call` is how a pod reaches its upstream."""

    def __init__(self, *, directory: PodFinder, admits: SecurityGroups, call: pods.Call) -> None:
        self._directory = directory
        self._admits = admits
        self._call = call

    def from_lattice(self, vpc_id: str, ip: str, *, port: int, request: Request) -> Answer:
        """The pod's answer to VPC Lattice; NoAnswer with `timed_out` where the security group drops the packets."""
        pod = self._pod_at(vpc_id, ip)
        if not self._admits(vpc_id, ip, port):
            raise NoAnswer(f"time-out: no security group rule lets VPC Lattice reach {ip}:{port}", timed_out=True)
        return self._connect(pod, port=port, request=request)

    def within_vpc(self, vpc_id: str, ip: str, *, port: int, request: Request) -> Answer:
        """The pod's answer to a client of its own VPC; NoAnswer when nothing listens there."""
        return self._connect(self._pod_at(vpc_id, ip), port=port, request=request)

    def probe(self, vpc_id: str, ip: str, *, port: int, path: str, timeout: float) -> int | None:
        """The status of a health check, or None without an answer within `timeout` virtual seconds.

        Nobody waits: a pod that is slower than the time-out is known to be so.
        """
        request = Request("GET", path, (("host", f"{ip}:{port}"),), client_ip="169.254.171.1")
        try:
            answer = self.from_lattice(vpc_id, ip, port=port, request=request)
        except NoAnswer:
            return None
        return answer.status if answer.waited <= timeout else None

    def _pod_at(self, vpc_id: str, ip: str) -> PodInfo:
        pod = self._directory.find(vpc_id, ip)
        if pod is None:
            raise NoAnswer(f"time-out: no pod in {vpc_id} has the address {ip}", timed_out=True)
        return pod

    def _connect(self, pod: PodInfo, *, port: int, request: Request) -> Answer:
        if port not in pod.ports:
            raise NoAnswer(f"connection refused: pod {pod.name} declares no port {port}")
        return pods.respond(pod, request, call=self._call)
