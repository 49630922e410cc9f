"""TLS_PASSTHROUGH listeners: the bytes of a connection go to a target unread.

Source: VPC Lattice User Guide, TLS listeners: the custom domain is matched with the SNI, the default action forwards to
a TCP target group, auth policies see an anonymous caller, and a connection lasts ten minutes at most.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from trellis_local import clock
from trellis_local.dataplane import pod_server, statuses
from trellis_local.dataplane.channels import Channel, Counted, Link
from trellis_local.dataplane.exchanges import Exchange, Routed
from trellis_local.dataplane.http_messages import Respond
from trellis_local.dataplane.messages import Answer, NoAnswer, Request
from trellis_local.dataplane.vpc_network import VpcNetwork
from trellis_local.kubernetes.contract import PodInfo
from trellis_local.lattice.view import ListenerView, ServiceView

PodRespond = Callable[[PodInfo], Respond]


@dataclass(frozen=True)
class Passthrough:
    """One connection to a TLS_PASSTHROUGH listener; `request` has its transport and neither method nor target."""

    network: VpcNetwork
    vpc_id: str
    service: ServiceView
    listener: ListenerView
    request: Request

    def serve(self, channel: Channel, *, link: Link, respond: PodRespond) -> None:
        """Let the connection through until it ends, then tell the observers."""
        counted, started_at, started = Counted(channel), clock.current().now(), clock.current().time()
        routed, pod = self._route()
        if pod is not None and routed.target is not None:
            client = (link.client_ip, link.client_port)
            with suppress(OSError, ValueError):  # however a connection ends, it was one
                port = routed.target.port
                pod_server.serve(pod, port=port, channel=counted, respond=respond(pod), client=client)
            if not link.seconds_left():
                routed = replace(routed, failure="ConnectionDurationExceeded")
        milliseconds = (clock.current().time() - started) * 1000
        self.network.observe(
            Exchange(
                vpc_id=self.vpc_id,
                vpc_arn=self.network.vpcs.vpc_arn(self.vpc_id),
                request=self.request,
                routed=routed,
                started_at=started_at,
                milliseconds=milliseconds,
                target_milliseconds=milliseconds if pod is not None else 0.0,
                bytes_received=counted.received,
                bytes_sent=counted.sent,
            )
        )

    def _route(self) -> tuple[Routed, PodInfo | None]:
        """What becomes of the connection, and the pod that it leads to."""
        router, port = self.network.router, self.listener.port
        authorization = router.authorize(self.vpc_id, port=port, service=self.service, request=self.request)
        routed = Routed(
            Answer(statuses.CLOSED, (), b""),
            network=router.connected_network(self.vpc_id),
            service=self.service,
            listener=self.listener,
            authorization=authorization,
        )
        if authorization.is_denied:
            return replace(routed, failure="ClientAccessDenied"), None
        chosen = router.choose(self.listener.default_action)
        if isinstance(chosen, Routed):
            return replace(routed, target_group=chosen.target_group, failure="TargetConnectionError"), None
        group, target = chosen
        routed = replace(routed, target_group=group, target=target)
        try:
            pod = self.network.pods.reachable_from_lattice(group.vpc_id, target.id, port=target.port)
        except NoAnswer as error:
            connection = "timed out" if error.timed_out else "refused"
            return replace(routed, connection=connection, failure="TargetConnectionError"), None
        return replace(routed, connection="made"), pod
