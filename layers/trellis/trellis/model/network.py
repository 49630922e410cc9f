"""Service networks and the VPCs associated with them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServiceNetwork:
    """A VPC Lattice service network, known by its name."""

    name: str
    arn: str = field(default="", compare=False)
    id: str = field(default="", compare=False)
    owner: str = field(default="", compare=False)


@dataclass(frozen=True)
class VpcAssociation:
    """The one association that a VPC may have with a service network."""

    vpc_id: str
    service_network: str
    arn: str = field(default="", compare=False)
    id: str = field(default="", compare=False)
    status: str = field(default="", compare=False)
    owner: str = field(default="", compare=False)
