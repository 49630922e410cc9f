"""Everything that one cluster's intent asks AWS for."""

from dataclasses import dataclass

from trellis.model.auth_policy import AuthPolicy
from trellis.model.client_identity import ClientIdentity
from trellis.model.service import Service


@dataclass(frozen=True)
class DnsName:
    """A hostname that must lead to a service's generated domain name, which AWS chooses when it creates the service."""

    hostname: str
    service: str
    stands_for: str


@dataclass(frozen=True)
class Desired:
    """The services, names, auth policies and client identities of one cluster.

    Network, association and security-group rule follow from the cluster.
    """

    services: tuple[Service, ...] = ()
    names: tuple[DnsName, ...] = ()
    auth_policies: tuple[AuthPolicy, ...] = ()
    clients: tuple[ClientIdentity, ...] = ()
