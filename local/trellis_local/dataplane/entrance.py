"""A client's connection to the loopback port of its VPC: what does it speak, and where does it lead?

The first bytes decide: a ClientHello is TLS to the server it names, port 443; the preface of HTTP/2 is HTTP/2; all else
is HTTP/1, where CONNECT opens a tunnel to any name and port that the VPC reaches. Within a tunnel bytes mean the same,
but for where they lead.
"""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from trellis_local import clock
from trellis_local.dataplane import client_hello, http1, pod_server, statuses
from trellis_local.dataplane.channels import Channel, Link, Reader
from trellis_local.dataplane.http2 import PREFACE, Http2Server
from trellis_local.dataplane.http_messages import Respond
from trellis_local.dataplane.messages import Answer, NoAnswer, Request, TlsSession, Transport, split_host
from trellis_local.dataplane.passthrough import Passthrough
from trellis_local.dataplane.routing import DEFAULT_TLS_PORT, listener_at
from trellis_local.dataplane.tls_channel import HANDSHAKE_FAILURE, UNRECOGNIZED_NAME, TlsChannel, alert
from trellis_local.dataplane.vpc_network import Destination, VpcNetwork
from trellis_local.kubernetes.contract import PodInfo
from trellis_local.lattice.view import ServiceView

Terminate = Callable[[ServiceView, str], ssl.SSLContext | None]  # None without a certificate for the name


@dataclass(frozen=True)
class Entrance:
    """Serves the connections of one VPC; `stopped` ends the waits for slow pods."""

    vpc_id: str
    network: VpcNetwork
    terminate: Terminate
    stopped: threading.Event

    def serve(self, link: Link) -> None:
        """Serve one connection until it ends; an OSError when it broke or reached a time limit."""
        _Connection(self, link).serve(Reader(link), destination=None)


@dataclass(frozen=True)
class _Connection:
    entrance: Entrance
    link: Link

    def serve(self, reader: Reader, *, destination: Destination | None) -> None:
        """Look at the first bytes and go on accordingly."""
        if reader.peek(1)[:1] == bytes((client_hello.HANDSHAKE,)):
            try:
                self._serve_tls(reader, client_hello.server_name(reader), destination=destination)
            except (NoAnswer, ValueError):
                return  # the connection ends, as it would where nothing listens
        elif destination is not None and not destination.is_lattice:
            self._serve_pod(reader, destination)
        else:
            self._serve_plain(reader, destination)

    def _serve_plain(self, reader: Reader, destination: Destination | None) -> None:
        request = self._shared(None)
        respond = partial(self._respond, destination)
        if reader.peek(3) == PREFACE[:3] and reader.peek(len(PREFACE)) == PREFACE:
            self._serve_http2(reader, respond, request)
            return
        tunnel = partial(self._open_tunnel, reader) if destination is None else None
        http1.serve(reader, respond, request=request, tunnel=tunnel)

    def _serve_http2(self, channel: Channel, respond: Respond, request: Request) -> None:
        request = replace(request, transport=replace(request.transport, protocol="HTTP/2"))
        server = Http2Server(channel, respond, request=request)
        self.link.busy = server.is_busy
        server.serve()

    def _open_tunnel(self, reader: Reader, target: str) -> None:
        try:
            name, port = split_host(target)
            if port is None:
                raise ValueError("CONNECT needs a name and a port")
            destination = self.entrance.network.connect(self.entrance.vpc_id, name, port=port)
        except ValueError as error:
            http1.refuse(reader, 400, str(error))
        except NoAnswer as error:
            status = statuses.TUNNEL_TIMED_OUT if error.timed_out else statuses.TUNNEL_REFUSED
            http1.refuse(reader, status, error.reason)
        else:
            reader.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.serve(reader, destination=destination)

    def _serve_tls(self, reader: Reader, name: str, *, destination: Destination | None) -> None:
        network, vpc_id = self.entrance.network, self.entrance.vpc_id
        if destination is None:
            destination = network.connect(vpc_id, name, port=DEFAULT_TLS_PORT)
        if not destination.is_lattice:
            self._serve_pod(reader, destination)
            return
        network.router.connected_network(vpc_id)
        service = network.view.find_service(vpc_id=vpc_id, host=name) if name else None
        if service is None:
            reader.send(alert(UNRECOGNIZED_NAME))
            return
        self.link.idle_seconds = float(service.idle_timeout_seconds)
        listener = listener_at(service, destination.port)
        if listener.protocol == "HTTPS":
            self._terminate(reader, service, name=name, destination=destination)
        elif listener.protocol == "TLS_PASSTHROUGH" and name == service.custom_domain_name:
            request = self._shared(TlsSession("", "", name), method="")
            passthrough = Passthrough(network, vpc_id, service, listener, request)
            passthrough.serve(reader, link=self.link, respond=self._pod_responder)

    def _terminate(self, reader: Reader, service: ServiceView, *, name: str, destination: Destination) -> None:
        context = self.entrance.terminate(service, name)
        if context is None:
            reader.send(alert(HANDSHAKE_FAILURE))
            return
        tls = TlsChannel(reader, context)
        tls.handshake()
        request, respond = self._shared(tls.session(name)), partial(self._respond, destination)
        if tls.protocol == "h2":
            self._serve_http2(tls, respond, request)
        else:
            http1.serve(Reader(tls), respond, request=request)
        tls.close()

    def _serve_pod(self, reader: Reader, destination: Destination) -> None:
        network, client = self.entrance.network, (self.link.client_ip, self.link.client_port)
        pod = network.pods.reachable_within_vpc(self.entrance.vpc_id, destination.address, port=destination.port)
        respond = self._pod_responder(pod)
        pod_server.serve(pod, port=destination.port, channel=reader, respond=respond, client=client)

    def _shared(self, tls: TlsSession | None, *, method: str = "GET") -> Request:
        """The members that all requests of the connection have in common."""
        transport = Transport(client_port=self.link.client_port, tls=tls)
        return Request(method, "", client_ip=self.link.client_ip, transport=transport)

    def _pod_responder(self, pod: PodInfo) -> Respond:
        return lambda request: self._after_latency(self.entrance.network.pods.respond(pod, request))

    def _respond(self, destination: Destination | None, request: Request) -> Answer:
        """The answer to a request, after the pods' latency; NoAnswer when the connection is to end."""
        routed = self.entrance.network.exchange(
            self.entrance.vpc_id, request, destination=destination, seconds_left=self.link.seconds_left()
        )
        if routed.service is not None:
            self.link.idle_seconds = float(routed.service.idle_timeout_seconds)
        answer = self._after_latency(routed.answer)
        if answer.status == statuses.CLOSED:
            raise NoAnswer("the connection has lasted as long as it may")
        return answer

    def _after_latency(self, answer: Answer) -> Answer:
        if answer.waited:
            clock.current().sleep(answer.waited, interrupt=self.entrance.stopped)
        return answer
