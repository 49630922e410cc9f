"""A registered EKS cluster: what Trellis must know of it to work for it, also when the cluster is gone."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """Whether a run only reports (`plan`) or also repairs (`remediate`)."""

    PLAN = "plan"
    REMEDIATE = "remediate"


class ClusterState(StrEnum):
    """`LEAVING` clusters want nothing any more: their runs delete what Trellis made for them."""

    ACTIVE = "ACTIVE"
    LEAVING = "LEAVING"


@dataclass(frozen=True)
class Cluster:
    """One registered EKS cluster.

    `service_network` is the name of the VPC Lattice service network that its VPC joins.
    """

    name: str
    account: str
    region: str
    vpc_id: str
    security_group_id: str
    service_network: str
    mode: Mode = Mode.REMEDIATE
    state: ClusterState = ClusterState.ACTIVE
