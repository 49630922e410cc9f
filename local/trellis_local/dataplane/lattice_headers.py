"""The headers that VPC Lattice adds to a request and strips from it.

Source: docs.aws.amazon.com/vpc-lattice/latest/ug/http-targets.html. The identity headers of a client are always
removed; they are added where AWS authentication was successful.
"""

import re
import uuid

from trellis_local.dataplane.authorization import Caller
from trellis_local.dataplane.messages import Headers, Request, values

REQUEST_ID = "x-amzn-requestid"
LONGEST_REQUEST_ID = 512
_OWNED = re.compile(r"x-forwarded-(for|port|proto)|x-amzn-requestid|x-amzn-lattice-.*|connection", re.IGNORECASE)


def request_id(request: Request) -> str:
    """The client's request id when it is at most 512 bytes, else a new one."""
    sent = values(request.headers, REQUEST_ID)
    return sent[0] if sent and 0 < len(sent[0].encode()) <= LONGEST_REQUEST_ID else str(uuid.uuid4())


def identity(caller: Caller) -> Headers:
    """The headers that tell who was authenticated; none for an anonymous caller, or where auth is off.

    The separators and the order of x-amzn-lattice-identity are those that were observed, the guide has only the names.
    """
    if not caller.principal:
        return ()
    fields = {
        "Principal": caller.principal,
        "PrincipalOrgID": caller.principal_org_id,
        "PrincipalOrgPaths": caller.principal_org_path,
        "SessionName": caller.session_name,
        "Type": caller.type,
    }
    tags = {
        "principal": caller.principal,
        "principalorgid": caller.principal_org_id,
        "principalorgpath": caller.principal_org_path,
        **caller.tags,
    }
    return (
        ("x-amzn-lattice-identity", "; ".join(f"{name}={value}" for name, value in fields.items())),
        ("x-amzn-lattice-identity-tags", ";".join(f"{name}={_escaped(value)}" for name, value in tags.items())),
    )


def _escaped(value: str) -> str:
    return value.replace(";", "\\;")


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
