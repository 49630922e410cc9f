"""Service networks and the VPCs associated with them."""

from dataclasses import dataclass, field

NETWORKS_OF_OTHERS = "service networks of other accounts"
"""Stands in the inventory for the network of a cluster that another account shares: a share names no network when it is
withdrawn."""


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
