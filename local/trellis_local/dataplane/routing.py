"""What VPC Lattice does with a request: association -> service -> listener -> rule -> target.

Statuses that AWS does not document are chosen in `statuses`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trellis_local.dataplane import lattice_headers, matching, statuses
from trellis_local.dataplane.authorization import Authorization, Authorizer, Invocation
from trellis_local.dataplane.balancing import Balancer
from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.exchanges import Routed
from trellis_local.dataplane.forwarding import Forwarding, Passage
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, text
from trellis_local.dataplane.pod_network import PodNetwork
from trellis_local.lattice.view import ListenerView, NetworkView, ServiceView, TargetGroupView, TargetView

# An association that is being updated keeps carrying traffic.
CONNECTED = ("ACTIVE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
DEFAULT_PORT, DEFAULT_TLS_PORT = 80, 443


class LatticeRouter:
    """Routes the requests of all VPCs; one instance holds the turns of all target groups."""

    def __init__(
        self, surroundings: Surroundings, *, pods: PodNetwork, balancer: Balancer, authorizer: Authorizer
    ) -> None:
        self._view, self._vpcs = surroundings.view, surroundings.vpcs
        self._authorize = authorizer
        self._forwarding = Forwarding(pods, surroundings.functions)
        self._balancer = balancer

    def route(self, vpc_id: str, *, host: str, port: int, request: Request) -> Routed:
        """Answer a request that a client in the VPC sent to a link-local address; NoAnswer without a connection."""
        network = self.connected_network(vpc_id)
        identifier = lattice_headers.request_id(request)
        service = self._view.find_service(vpc_id=vpc_id, host=host)
        if service is None:
            routed = Routed(text(statuses.NOT_FOUND, f"no service of {network.name} has the domain name {host}\n"))
        elif not self._is_named_by_sni(service, vpc_id, request):
            routed = Routed(text(statuses.MISDIRECTED, f"{host} is not the service that the connection is for\n"))
        else:
            passage = Passage(vpc_id, port, identifier, network, service, request)
            routed = replace(self._through(passage), service=service)
        headers = (*routed.answer.headers, (lattice_headers.REQUEST_ID, identifier))
        answer = replace(routed.answer, headers=headers)
        return replace(routed, answer=answer, network=network, request_id=identifier)

    def connected_network(self, vpc_id: str) -> NetworkView:
        """The service network that the VPC reaches; NoAnswer when packets to VPC Lattice are lost."""
        network = self._view.network_of(vpc_id)
        if network is None:
            raise NoAnswer(f"time-out: {vpc_id} is not associated with a service network", timed_out=True)
        if network.association_status not in CONNECTED:
            reason = f"time-out: the association of {vpc_id} with {network.name} is {network.association_status}"
            raise NoAnswer(reason, timed_out=True)
        return network

    def authorize(self, vpc_id: str, *, port: int, service: ServiceView, request: Request) -> Authorization:
        """What the auth policies say to the request."""
        return self._authorize(
            Invocation(
                request=request,
                port=port,
                vpc_id=vpc_id,
                vpc_arn=self._vpcs.vpc_arn(vpc_id),
                network=self.connected_network(vpc_id),
                service=service,
            )
        )

    def choose(self, action: Mapping[str, Any]) -> tuple[TargetGroupView, TargetView] | Routed:
        """The target of a forward action, or the answer when there is none."""
        identifier = self._balancer.pick_group(action["forward"]["targetGroups"])
        if identifier is None:
            return Routed(text(statuses.NO_TARGET, "all target groups of the rule have weight 0\n"))
        group = self._view.target_group(identifier)
        if group is None:
            return Routed(text(statuses.NO_TARGET, f"target group {identifier} does not exist\n"))
        target = self._balancer.pick_target(group)
        if target is None:
            return Routed(text(statuses.NO_TARGET, f"target group {group.name} has no targets\n"), target_group=group)
        return group, target

    def _is_named_by_sni(self, service: ServiceView, vpc_id: str, request: Request) -> bool:
        tls = request.transport.tls
        if tls is None:
            return True
        named = self._view.find_service(vpc_id=vpc_id, host=tls.server_name)
        return named is not None and named.arn == service.arn

    def _through(self, passage: Passage) -> Routed:
        service, request = passage.service, passage.request
        listener = listener_at(service, passage.port)
        expected = "HTTPS" if request.transport.tls else "HTTP"
        if listener.protocol != expected:
            raise NoAnswer(f"listener {listener.id} speaks {listener.protocol}, the client {expected}")
        authorization = self.authorize(passage.vpc_id, port=passage.port, service=service, request=request)
        if authorization.is_denied:
            answer = text(statuses.DENIED, f"{authorization.message}\n")
            return Routed(answer, listener=listener, authorization=authorization, failure="ClientAccessDenied")
        passage = replace(passage, vpc_arn=self._vpcs.vpc_arn(passage.vpc_id), authorization=authorization)
        routed = self._act(matching.select_action(listener, request), passage)
        return replace(routed, listener=listener, authorization=authorization)

    def _act(self, action: Mapping[str, Any], passage: Passage) -> Routed:
        if "fixedResponse" in action:
            return Routed(Answer(int(action["fixedResponse"]["statusCode"]), (), b""))
        chosen = self.choose(action)
        return chosen if isinstance(chosen, Routed) else self._forwarding(*chosen, passage)


def listener_at(service: ServiceView, port: int) -> ListenerView:
    """The listener of a service on a port; NoAnswer when there is none."""
    for listener in service.listeners:
        if listener.port == port:
            return listener
    raise NoAnswer(f"connection refused: service {service.name} has no listener on port {port}")
