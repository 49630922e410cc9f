"""What VPC Lattice does with a request: association -> service -> listener -> rule -> target.

Auth policies are not evaluated: where the network or the service has the auth type AWS_IAM every request is denied,
since an open door would be the worse mistake. TLS is not spoken either: a listener that is not HTTP gives no
connection. Undocumented by AWS and chosen here: an empty target group and a forward whose weights are all 0 answer 503.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trellis_local.dataplane import lattice_headers, matching
from trellis_local.dataplane.balancing import Balancer
from trellis_local.dataplane.contract import LatticeView, Vpcs
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, text
from trellis_local.dataplane.pod_network import PodNetwork
from trellis_local.lattice.view import ListenerView, NetworkView, ServiceView, TargetGroupView, TargetView

# An association that is being updated keeps carrying traffic.
CONNECTED = ("ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
DEFAULT_PORT = 80


@dataclass(frozen=True)
class Routed:
    """An answer and whom to count it for; `connection` is what became of the connection to the target."""

    answer: Answer
    service: ServiceView | None = None
    target_group: TargetGroupView | None = None
    connection: str = ""  # "", "made", "refused" or "timed out"


class LatticeRouter:
    """Routes the requests of all VPCs; one instance holds the turns of all target groups."""

    def __init__(self, *, view: LatticeView, vpcs: Vpcs, pods: PodNetwork, balancer: Balancer) -> None:
        self._view = view
        self._vpcs = vpcs
        self._pods = pods
        self._balancer = balancer

    def route(self, vpc_id: str, *, host: str, port: int | None, request: Request) -> Routed:
        """Answer a request that a client in the VPC sent to a link-local address; NoAnswer without a connection."""
        network = self._connected_network(vpc_id)
        identifier = lattice_headers.request_id(request)
        service = self._view.find_service(vpc_id=vpc_id, host=host)
        if service is None:
            routed = Routed(text(404, f"no service of {network.name} has the domain name {host}\n"))
        else:
            passage = _Passage(vpc_id, DEFAULT_PORT if port is None else port, identifier, network, service, request)
            routed = self._through(passage)
        headers = (*routed.answer.headers, (lattice_headers.REQUEST_ID, identifier))
        return replace(routed, answer=replace(routed.answer, headers=headers))

    def _through(self, passage: "_Passage") -> Routed:
        listener = _listener(passage.service, passage.port)
        denied = _denied(passage)
        if denied is not None:
            return Routed(denied, passage.service)
        return self._act(matching.select_action(listener, passage.request), passage)

    def _connected_network(self, vpc_id: str) -> NetworkView:
        network = self._view.network_of(vpc_id)
        if network is None:
            raise NoAnswer(f"time-out: {vpc_id} is not associated with a service network", timed_out=True)
        if network.association_status not in CONNECTED:
            reason = f"time-out: the association of {vpc_id} with {network.name} is {network.association_status}"
            raise NoAnswer(reason, timed_out=True)
        return network

    def _act(self, action: Mapping[str, Any], passage: "_Passage") -> Routed:
        if "fixedResponse" in action:
            return Routed(Answer(int(action["fixedResponse"]["statusCode"]), (), b""), passage.service)
        identifier = self._balancer.pick_group(action["forward"]["targetGroups"])
        if identifier is None:
            return Routed(text(503, "all target groups of the rule have weight 0\n"), passage.service)
        group = self._view.target_group(identifier)
        if group is None:
            return Routed(text(503, f"target group {identifier} does not exist\n"), passage.service)
        target = self._balancer.pick_target(group)
        if target is None:
            return Routed(text(503, f"target group {group.name} has no targets\n"), passage.service, group)
        return self._forward(group, target, passage)

    def _forward(self, group: TargetGroupView, target: TargetView, passage: "_Passage") -> Routed:
        if group.protocol != "HTTP":
            reason = f"target group {group.name} has protocol {group.protocol or 'none'}; pods speak plain HTTP only\n"
            return Routed(text(500, reason), passage.service, group, "refused")
        request = passage.for_target(group, self._vpcs.vpc_arn(passage.vpc_id))
        try:
            answer = self._pods.from_lattice(group.vpc_id, target.id, port=target.port, request=request)
        except NoAnswer as error:
            connection = "timed out" if error.timed_out else "refused"
            return Routed(text(500, f"{error.reason}\n"), passage.service, group, connection)
        return Routed(answer, passage.service, group, "made")


@dataclass(frozen=True)
class _Passage:
    """One request on its way through VPC Lattice; `identifier` is its request id."""

    vpc_id: str
    port: int
    identifier: str
    network: NetworkView
    service: ServiceView
    request: Request

    def for_target(self, group: TargetGroupView, source_vpc_arn: str) -> Request:
        """The request as the target receives it."""
        arns = f"ServiceArn={self.service.arn};ServiceNetworkArn={self.network.arn};TargetGroupArn={group.arn}"
        headers = lattice_headers.to_target(
            self.request,
            port=self.port,
            identifier=self.identifier,
            network=f"SourceVpcArn={source_vpc_arn}",
            target=arns,
        )
        return replace(self.request, headers=headers)


def _listener(service: ServiceView, port: int) -> ListenerView:
    for listener in service.listeners:
        if listener.port == port:
            if listener.protocol != "HTTP":
                raise NoAnswer(f"listener {listener.id} speaks {listener.protocol}, the client plain HTTP")
            return listener
    raise NoAnswer(f"connection refused: service {service.name} has no listener on port {port}")


def _denied(passage: _Passage) -> Answer | None:
    for kind, auth_type in (("network", passage.network.auth_type), ("service", passage.service.auth_type)):
        if auth_type != "NONE":
            return text(
                403,
                "AccessDeniedException: User: anonymous is not authorized to perform: vpc-lattice-svcs:Invoke on "
                f"resource: {passage.service.arn}{passage.request.path} because no {kind}-based policy allows the "
                "vpc-lattice-svcs:Invoke action\n",
            )
    return None
