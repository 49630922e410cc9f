"""Whether a request may pass the auth policies of a service network and of a service, and who sent it: the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trellis_local.dataplane.messages import Request
from trellis_local.lattice.view import NetworkView, ServiceView


@dataclass(frozen=True)
class Invocation:
    """A request that reached a listener of a service, as auth policies see it."""

    request: Request
    port: int
    vpc_id: str
    vpc_arn: str
    network: NetworkView
    service: ServiceView


@dataclass(frozen=True)
class Caller:
    """Who sent a request; `resolved_user` is an ARN, Anonymous or Unknown as access logs say, empty without auth.

    The other members are those of x-amzn-lattice-identity and -identity-tags, empty where they have no value.
    """

    resolved_user: str = ""
    principal: str = ""
    principal_org_id: str = ""
    principal_org_path: str = ""
    session_name: str = ""
    type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Authorization:
    """The verdict; `denied_by` is Network, Service or Identity (authDeniedReason).

    It is empty when the request may pass, and when its signature is not accepted, since no policy denies it then.
    """

    caller: Caller = field(default_factory=Caller)
    denied_by: str = ""
    message: str = ""

    @property
    def is_denied(self) -> bool:
        """Whether VPC Lattice answers 403, with `message` as the body."""
        return bool(self.message)


class Authorizer(Protocol):
    """Judges a request before a rule is looked for."""

    def __call__(self, invocation: Invocation) -> Authorization:
        """The verdict for one request."""
