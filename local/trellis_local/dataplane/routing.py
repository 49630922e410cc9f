"""What VPC Lattice does with a request: association -> service -> listener -> rule -> target.

TLS is not spoken: a listener that is not HTTP gives no connection. Undocumented by AWS and chosen here: an empty target
group and a forward whose weights are all 0 answer 503.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trellis_local.dataplane import lattice_headers, matching
from trellis_local.dataplane.authorization import Authorization, Authorizer, Invocation
from trellis_local.dataplane.balancing import Balancer
from trellis_local.dataplane.contract import LatticeView, Vpcs
from trellis_local.dataplane.exchanges import Routed
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, text
from trellis_local.dataplane.pod_network import PodNetwork
from trellis_local.lattice.view import ListenerView, NetworkView, ServiceView, TargetGroupView, TargetView

# An association that is being updated keeps carrying traffic.
CONNECTED = ("ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
DEFAULT_PORT = 80


class LatticeRouter:
    """Routes the requests of all VPCs; one instance holds the turns of all target groups."""

    def __init__(
        self, *, view: LatticeView, vpcs: Vpcs, pods: PodNetwork, balancer: Balancer, authorizer: Authorizer
    ) -> None:
        self._view = view
        self._authorize = authorizer
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
            routed = replace(self._through(passage), service=service)
        headers = (*routed.answer.headers, (lattice_headers.REQUEST_ID, identifier))
        answer = replace(routed.answer, headers=headers)
        return replace(routed, answer=answer, network=network, request_id=identifier)

    def _through(self, passage: "_Passage") -> Routed:
        listener = _listener(passage.service, passage.port)
        vpc_arn = self._vpcs.vpc_arn(passage.vpc_id)
        authorization = self._authorize(
            Invocation(
                request=passage.request,
                port=passage.port,
                vpc_id=passage.vpc_id,
                vpc_arn=vpc_arn,
                network=passage.network,
                service=passage.service,
            )
        )
        if authorization.is_denied:
            answer = text(403, f"{authorization.message}\n")
            return Routed(answer, listener=listener, authorization=authorization, failure="ClientAccessDenied")
        passage = replace(passage, vpc_arn=vpc_arn, authorization=authorization)
        routed = self._act(matching.select_action(listener, passage.request), passage)
        return replace(routed, listener=listener, authorization=authorization)

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
            return Routed(Answer(int(action["fixedResponse"]["statusCode"]), (), b""))
        identifier = self._balancer.pick_group(action["forward"]["targetGroups"])
        if identifier is None:
            return Routed(text(503, "all target groups of the rule have weight 0\n"))
        group = self._view.target_group(identifier)
        if group is None:
            return Routed(text(503, f"target group {identifier} does not exist\n"))
        target = self._balancer.pick_target(group)
        if target is None:
            return Routed(text(503, f"target group {group.name} has no targets\n"), target_group=group)
        return self._forward(group, target, passage)

    def _forward(self, group: TargetGroupView, target: TargetView, passage: "_Passage") -> Routed:
        if group.protocol != "HTTP":
            reason = f"target group {group.name} has protocol {group.protocol or 'none'}; pods speak plain HTTP only\n"
            return _failed(reason, group, target, connection="refused")
        request = passage.for_target(group)
        try:
            answer = self._pods.from_lattice(group.vpc_id, target.id, port=target.port, request=request)
        except NoAnswer as error:
            return _failed(f"{error.reason}\n", group, target, connection="timed out" if error.timed_out else "refused")
        return Routed(answer, target_group=group, target=target, connection="made")


def _failed(reason: str, group: TargetGroupView, target: TargetView, *, connection: str) -> Routed:
    return Routed(
        text(500, reason), target_group=group, target=target, connection=connection, failure="TargetConnectionError"
    )


@dataclass(frozen=True)
class _Passage:
    """One request on its way through VPC Lattice; `identifier` is its request id."""

    vpc_id: str
    port: int
    identifier: str
    network: NetworkView
    service: ServiceView
    request: Request
    vpc_arn: str = ""
    authorization: Authorization = field(default_factory=Authorization)

    def for_target(self, group: TargetGroupView) -> Request:
        """The request as the target receives it."""
        arns = f"ServiceArn={self.service.arn};ServiceNetworkArn={self.network.arn};TargetGroupArn={group.arn}"
        headers = lattice_headers.to_target(
            self.request,
            port=self.port,
            identifier=self.identifier,
            network=f"SourceVpcArn={self.vpc_arn}",
            target=arns,
        )
        return replace(self.request, headers=(*headers, *lattice_headers.identity(self.authorization.caller)))


def _listener(service: ServiceView, port: int) -> ListenerView:
    for listener in service.listeners:
        if listener.port == port:
            if listener.protocol != "HTTP":
                raise NoAnswer(f"listener {listener.id} speaks {listener.protocol}, the client plain HTTP")
            return listener
    raise NoAnswer(f"connection refused: service {service.name} has no listener on port {port}")
