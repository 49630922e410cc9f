"""The ingress rule that lets VPC Lattice reach the pods of a cluster."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LinkLocalRule:
    """One ingress rule of the cluster security group, from a managed prefix list (`pl-…`) or a CIDR.

    `protocol` is as in EC2: `tcp`, or `-1` for all, with ports from -1 to -1.
    """

    group_id: str
    source: str
    protocol: str = "tcp"
    from_port: int = 0
    to_port: int = 65535
    id: str = field(default="", compare=False)
    owner: str = field(default="", compare=False)
