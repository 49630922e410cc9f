"""The headers that VPC Lattice adds to a request and strips from it.

Source: docs.aws.amazon.com/vpc-lattice/latest/ug/http-targets.html. The identity headers of a client are always
removed; none is added, because auth policies are not evaluated here.
"""

import re
import uuid

from trellis_local.dataplane.messages import Headers, Request, values

REQUEST_ID = "x-amzn-requestid"
LONGEST_REQUEST_ID = 512
_OWNED = re.compile(r"x-forwarded-(for|port|proto)|x-amzn-requestid|x-amzn-lattice-.*|connection", re.IGNORECASE)


def request_id(request: Request) -> str:
    """The client's request id when it is at most 512 bytes, else a new one."""
    sent = values(request.headers, REQUEST_ID)
    return sent[0] if sent and 0 < len(sent[0].encode()) <= LONGEST_REQUEST_ID else str(uuid.uuid4())


def to_target(request: Request, *, port: int, identifier: str, network: str, target: str) -> Headers:
    """The headers a target sees; `network` and `target` are the values of the two x-amzn-lattice headers."""
    kept = tuple((name, value) for name, value in request.headers if not _OWNED.fullmatch(name))
    forwarded_for = ", ".join((*values(request.headers, "x-forwarded-for"), request.client_ip))
    return (
        *kept,
        ("x-forwarded-for", forwarded_for),
        ("x-forwarded-port", str(port)),
        ("x-forwarded-proto", "https" if request.transport.tls else "http"),
        ("x-amzn-lattice-network", network),
        ("x-amzn-lattice-target", target),
        (REQUEST_ID, identifier),
    )
