"""Which requests a target group of each protocol version takes.

Source: VPC Lattice User Guide, Target groups, Protocol version.
"""

from collections.abc import Callable

from trellis_local.dataplane import grpc
from trellis_local.dataplane.messages import Request

_IS_TAKEN: dict[str, Callable[[Request], bool]] = {
    "HTTP1": lambda request: not grpc.is_grpc(request),
    "HTTP2": lambda request: request.transport.protocol == "HTTP/2",
    "GRPC": lambda request: request.transport.protocol == "HTTP/2" and request.method == "POST",
}
_SPOKEN = {"HTTP1": "HTTP/1.1", "HTTP2": "HTTP/2", "GRPC": "HTTP/2"}


def takes(version: str, request: Request) -> bool:
    """Whether a target group of this version takes the request; a version that is not set is HTTP1."""
    return _IS_TAKEN[version or "HTTP1"](request)


def spoken_to_target(version: str) -> str:
    """The protocol that VPC Lattice speaks to the group's targets."""
    return _SPOKEN[version or "HTTP1"]
