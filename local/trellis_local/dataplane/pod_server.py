"""A pod at the end of a connection: it terminates TLS itself where its port speaks TLS, then speaks HTTP/1.1."""

from trellis_local.dataplane import http1, pods
from trellis_local.dataplane.certificates import self_signed, server_context
from trellis_local.dataplane.channels import Channel, Reader
from trellis_local.dataplane.client_hello import server_name
from trellis_local.dataplane.http_messages import Respond
from trellis_local.dataplane.messages import Request, Transport
from trellis_local.dataplane.tls_channel import TlsChannel
from trellis_local.kubernetes.contract import PodInfo


def serve(pod: PodInfo, *, port: int, channel: Channel, respond: Respond, client: tuple[str, int]) -> None:
    """Serve one connection until it ends; OSError and ValueError when the client does not speak what the port does."""
    reader = Reader(channel)
    transport = Transport(client_port=client[1])
    if not pods.speaks_tls(pod, port):
        http1.serve(reader, respond, request=Request("", "", client_ip=client[0], transport=transport))
        return
    name = server_name(reader)
    certificate = self_signed(name or pod.name, pod.name)
    tls = TlsChannel(reader, server_context(certificate, protocols=("http/1.1",)))
    tls.handshake()
    transport = Transport(client_port=client[1], tls=tls.session(name))
    http1.serve(Reader(tls), respond, request=Request("", "", client_ip=client[0], transport=transport))
    tls.close()
