"""What HTTP/1.1 and HTTP/2 have in common: limits, and how a request is answered.

Limits: VPC Lattice User Guide, HTTP status codes: 400 for more than 60 K of header fields or more than 100 of them.
"""

from collections.abc import Callable

from trellis_local.dataplane.messages import Answer, Request

MOST_HEADERS = 100
MOST_HEADER_BYTES = 60 * 1024
MOST_BODY_BYTES = 64 * 1024 * 1024  # our choice: bodies are held in memory, and AWS documents no limit

Respond = Callable[[Request], Answer]  # raises NoAnswer

# RFC 9110, 7.6.1, and RFC 9113, 8.2.2: they belong to one connection of HTTP/1.1
OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})


class MalformedRequestError(ValueError):
    """The client's request breaks HTTP or the limits of VPC Lattice: answer `status` and close."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status
