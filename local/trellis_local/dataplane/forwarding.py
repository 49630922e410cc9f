"""What VPC Lattice does with a request once it has chosen a target: it calls a pod over HTTP, or a Lambda function.

Protocol versions, time-outs and statuses: see `protocol_versions` and `statuses`.
"""

from dataclasses import dataclass, field, replace

from trellis_local.dataplane import lambda_events, lattice_headers, protocol_versions, statuses
from trellis_local.dataplane.authorization import Authorization
from trellis_local.dataplane.contract import FunctionFailedError, Functions
from trellis_local.dataplane.exchanges import Routed
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, text
from trellis_local.dataplane.pod_network import PodNetwork, ProtocolMismatch
from trellis_local.lattice.view import NetworkView, ServiceView, TargetGroupView, TargetView


@dataclass(frozen=True)
class Forwarding:
    """Calls targets."""

    pods: PodNetwork
    functions: Functions

    def __call__(self, group: TargetGroupView, target: TargetView, passage: "Passage") -> Routed:
        """What becomes of a request that goes to this target."""
        routed = Routed(Answer(statuses.CLOSED, (), b""), target_group=group, target=target, connection="refused")
        if group.type == "LAMBDA":
            return self._invoke(routed, passage, group)
        return self._send(routed, passage, group)

    def _send(self, routed: Routed, passage: "Passage", group: TargetGroupView) -> Routed:
        """The answer of a target that is called over HTTP."""
        target = routed.target
        assert target is not None, "__call__"
        if group.protocol not in ("HTTP", "HTTPS"):
            return _failed(routed, f"targets of {group.name} cannot be called: protocol {group.protocol or 'none'}")
        if not protocol_versions.takes(group.protocol_version, passage.request):
            reason = f"target group {group.name} takes {group.protocol_version or 'HTTP1'}, which the request is not"
            return _failed(replace(routed, connection=""), reason, protocol=True)
        request, tls = passage.for_target(group), group.protocol == "HTTPS"
        try:
            answer = self.pods.from_lattice(group.vpc_id, target.id, port=target.port, request=request, tls=tls)
        except ProtocolMismatch as error:
            return _failed(replace(routed, connection="made"), error.reason, protocol=True)
        except NoAnswer as error:
            return _failed(replace(routed, connection="timed out" if error.timed_out else "refused"), error.reason)
        limit = float(passage.service.idle_timeout_seconds)
        if answer.waited > limit:
            answer = replace(text(statuses.TARGET_TOO_SLOW, f"no data from {target.id} in time\n"), waited=limit)
            return replace(routed, answer=answer, connection="made", failure="TargetDataTimeout")
        return replace(routed, answer=answer, connection="made")

    def _invoke(self, routed: Routed, passage: "Passage", group: TargetGroupView) -> Routed:
        """The answer of a Lambda function, whose time passes while it is invoked."""
        assert routed.target is not None, "__call__"
        if len(passage.request.body) > lambda_events.MOST_BODY_BYTES:
            reason = f"a body of more than {lambda_events.MOST_BODY_BYTES} bytes cannot go to a function\n"
            return replace(routed, answer=text(statuses.BODY_TOO_LARGE, reason), connection="")
        version, request = group.lambda_event_structure_version, passage.for_target(group)
        try:
            result = self.functions(routed.target.id, lambda_events.event(version, request, passage.origin(group)))
            answer = lambda_events.answer(result)
        except NoAnswer as error:
            return _failed(routed, error.reason)
        except (FunctionFailedError, ValueError) as error:
            return _failed(replace(routed, connection="made"), str(error), protocol=True)
        return replace(routed, answer=answer, connection="made")


def _failed(routed: Routed, reason: str, *, protocol: bool = False) -> Routed:
    status = statuses.PROTOCOL_ERROR if protocol else statuses.CANNOT_CONNECT
    failure = "TargetProtocolError" if protocol else "TargetConnectionError"
    return replace(routed, answer=text(status, f"{reason}\n"), failure=failure)


@dataclass(frozen=True)
class Passage:
    """One request on its way through VPC Lattice; `identifier` is its request id."""

    vpc_id: str
    port: int
    identifier: str
    network: NetworkView
    service: ServiceView
    request: Request
    vpc_arn: str = ""
    authorization: Authorization = field(default_factory=Authorization)

    def origin(self, group: TargetGroupView) -> lambda_events.Origin:
        """What a Lambda function learns of the request's way."""
        return lambda_events.Origin(
            network_arn=self.network.arn,
            service_arn=self.service.arn,
            target_group_arn=group.arn,
            vpc_arn=self.vpc_arn,
            caller=self.authorization.caller,
        )

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
        headers = (*headers, *lattice_headers.identity(self.authorization.caller))
        protocol = protocol_versions.spoken_to_target(group.protocol_version)
        return replace(self.request, headers=headers, transport=replace(self.request.transport, protocol=protocol))
