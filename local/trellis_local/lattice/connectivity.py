"""The records of what connects clients to resources other than services: gateways, configurations, verified domains.

As in `resources`, they hold data; the module of each family decides what may be done with them.
"""

from dataclasses import dataclass
from datetime import datetime

from . import kinds
from .kinds import id_of
from .resources import Document, Resource


@dataclass(kw_only=True)
class ResourceGateway(Resource):
    """A point of ingress into a VPC; `ipv4_addresses_per_eni` is None for one that has IPv6 only."""

    kind = kinds.RESOURCE_GATEWAY
    vpc_id: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    ip_address_type: str
    ipv4_addresses_per_eni: int | None
    dns_resolution: str


@dataclass(kw_only=True)
class ResourceConfiguration(Resource):
    """A resource, or a group of them. `gateway_arn` of a child is that of its group, None for an ARN without one."""

    kind = kinds.RESOURCE_CONFIGURATION
    type: str
    gateway_arn: str | None
    group_arn: str | None
    definition: Document | None
    port_ranges: list[str]
    protocol: str | None
    shareable: bool
    custom_domain_name: str | None = None
    group_domain: str | None = None
    verification_arn: str | None = None


@dataclass(kw_only=True)
class ResourceAssociation(Resource):
    """A resource configuration's association to a service network.

    `parent_arn` is set for a child configuration, whose association comes and goes with that of its group.
    """

    kind = kinds.RESOURCE_ASSOCIATION
    network_arn: str
    configuration_arn: str
    private_dns_enabled: bool
    parent_arn: str | None = None

    @property
    def dns_entry(self) -> Document:
        """The generated name (VPC Lattice User Guide, "Resource configurations"), and its zone, of our choosing."""
        configuration = id_of(self.configuration_arn)
        name = f"{self.id}.{configuration}.{_DOMAIN_HASH}.vpc-lattice-rsc.{self.region}.on.aws"
        return {"domainName": name, "hostedZoneId": _ZONE}


@dataclass(kw_only=True)
class DomainVerification(Resource):
    """Proof that a domain is the account's own: a TXT record `txt_name` with the value `txt_value`."""

    kind = kinds.DOMAIN_VERIFICATION
    domain_name: str
    txt_name: str
    txt_value: str
    started_at: float
    verification_status: str = "PENDING"
    last_verified_at: datetime | None = None


_DOMAIN_HASH = "4232ccc"
_ZONE = "Z09999999VPCLATTICERSC"
