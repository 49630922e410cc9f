"""What the data plane needs from the other parts of the local stack, so that tests can put fakes in their place.

`trellis_local.lattice.view` (the module itself) is a `LatticeView`; the embedded Kubernetes' PodDirectory is a
`PodFinder`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from trellis_local.dataplane.certificates import CertificateStore, no_certificates
from trellis_local.dataplane.messages import NoAnswer
from trellis_local.dataplane.names import Zone
from trellis_local.kubernetes.contract import PodInfo
from trellis_local.lattice.view import LogSubscriptionView, NetworkView, ServiceView, TargetGroupView


class LatticeView(Protocol):
    """The VPC Lattice resources that carry traffic."""

    def find_service(self, *, vpc_id: str, host: str) -> ServiceView | None:
        """The service that a client in the VPC reaches under this host name."""

    def service_by_domain(self, host: str) -> ServiceView | None:
        """The service with this generated or custom domain name, associated or not."""

    def network_of(self, vpc_id: str) -> NetworkView | None:
        """The service network that the VPC is associated with, whatever the state of the association."""

    def target_group(self, identifier: str) -> TargetGroupView | None:
        """The target group with this id or ARN."""

    def access_log_subscriptions(self, resource_arn: str) -> tuple[LogSubscriptionView, ...]:
        """Who wants the logs of requests to services: of a service, or of all services in a network."""


class PodFinder(Protocol):
    """The running pods by VPC and address; the same address may exist in several VPCs."""

    def find(self, vpc_id: str, ip: str) -> PodInfo | None:
        """The pod with this address in this VPC."""


class Vpcs(Protocol):
    """The VPCs that exist and the private hosted zones they see."""

    def vpc_ids(self) -> Iterable[str]:
        """The ids of all VPCs."""

    def vpc_arn(self, vpc_id: str) -> str:
        """The ARN of a VPC; KeyError when it does not exist."""

    def zones(self, vpc_id: str) -> Iterable[Zone]:
        """The private hosted zones associated with a VPC."""


class SecurityGroups(Protocol):
    """Whether security groups let VPC Lattice reach an address."""

    def __call__(self, vpc_id: str, ip: str, port: int) -> bool:
        """True when TCP from the link-local range of VPC Lattice may reach the port."""


class FunctionFailedError(Exception):
    """A Lambda function was invoked and raised an error."""


class Functions(Protocol):
    """Invokes Lambda functions."""

    def __call__(self, arn: str, payload: bytes) -> bytes:
        """The function's result; NoAnswer when it cannot be invoked, FunctionFailedError when it fails."""


def no_functions(arn: str, payload: bytes) -> bytes:
    """A Lambda without functions (Functions)."""
    raise NoAnswer(f"there is no function {arn}")


@dataclass(frozen=True)
class Surroundings:
    """The neighbours of the data plane."""

    view: LatticeView
    pods: PodFinder
    vpcs: Vpcs
    admits: SecurityGroups
    certificates: CertificateStore = no_certificates
    functions: Functions = no_functions
