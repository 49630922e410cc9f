"""What EKS looks up and makes in EC2 for a cluster: the VPC of its subnets, and the cluster security group.

https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_errors import InvalidParameterError


@dataclass(frozen=True)
class ClusterNetwork:
    """The VPC that a cluster's subnets are in."""

    vpc_id: str
    cidr_blocks: tuple[str, ...]


def network_of(subnet_ids: Sequence[str], *, region: str) -> ClusterNetwork:
    """The VPC of the subnets; raises InvalidParameterError unless they exist and share one."""
    if not subnet_ids:
        raise InvalidParameterError("Subnets specified must not be empty.")
    ec2 = moto.ec2_backends[moto.ACCOUNT][region]
    found = {subnet.id: subnet for subnets in ec2.subnets.values() for subnet in subnets.values()}
    for subnet_id in subnet_ids:
        if subnet_id not in found:
            raise InvalidParameterError(f"The subnet ID '{subnet_id}' does not exist")
    vpc_ids = {found[subnet_id].vpc_id for subnet_id in subnet_ids}
    if len(vpc_ids) != 1:
        raise InvalidParameterError("Subnets specified must belong to the same VPC.")
    vpc_id = vpc_ids.pop()
    blocks = ec2.vpcs[vpc_id].get_cidr_block_association_set()
    cidrs = tuple(str(item["cidr_block"]) for item in blocks if item["cidr_block_state"]["state"] == "associated")
    return ClusterNetwork(vpc_id, cidrs)


def require_security_groups(group_ids: Sequence[str], *, vpc_id: str, region: str) -> None:
    """Raise InvalidParameterError unless the groups exist in the VPC."""
    groups = moto.ec2_backends[moto.ACCOUNT][region].groups.get(vpc_id, {})
    for group_id in group_ids:
        if group_id not in groups:
            raise InvalidParameterError(f"The security group '{group_id}' does not exist in {vpc_id}")


def create_cluster_security_group(cluster: str, *, vpc_id: str, region: str, suffix: int) -> str:
    """Make the group that EKS makes, which admits all traffic from itself; its id."""
    ec2 = moto.ec2_backends[moto.ACCOUNT][region]
    name = f"eks-cluster-sg-{cluster}-{suffix}"
    group = ec2.create_security_group(
        name,
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any "
        "managed workloads.",
        vpc_id=vpc_id,
        tags={
            "Name": name,
            "aws:eks:cluster-name": cluster,
            f"kubernetes.io/cluster/{cluster}": "owned",
        },
    )
    ec2.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}])
    return str(group.id)


def delete_cluster_security_group(group_id: str, *, vpc_id: str, region: str) -> None:
    """Remove the group with the cluster, as EKS does; a group that somebody removed before is no error."""
    moto.ec2_backends[moto.ACCOUNT][region].groups.get(vpc_id, {}).pop(group_id, None)
