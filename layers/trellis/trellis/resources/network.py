"""Service networks and VPC associations: observe, compare, change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trellis.errors import ServiceUnavailableError
from trellis.model import (
    AUTH_POLICY_TAG,
    NETWORKS_OF_OTHERS,
    OWNER_TAG,
    Cluster,
    ClusterState,
    ServiceNetwork,
    VpcAssociation,
    cluster_owner,
    fleet_owner,
    ownership_tags,
)
from trellis.planning.network import (
    AssociateVpc,
    CreateServiceNetwork,
    DeleteServiceNetwork,
    DisassociateVpc,
    NetworkChange,
    ObservedNetwork,
    diff_network,
)
from trellis.planning.work import Description, KindPlan, Outcome, Refusal, Status
from trellis.resources.client_token import client_token
from trellis.resources.service_errors import is_absent

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

KIND = "associate_vpc"

PERMISSIONS = ("vpc-lattice:TagResource", "ec2:DescribeVpcs", "iam:CreateServiceLinkedRole")
"""What the calls need beside the actions of their own names."""

_ROUNDS = 4


def observe(lattice: "VPCLatticeClient", cluster: Cluster, members: Sequence[Cluster]) -> ObservedNetwork:
    """Read the network of the cluster and the association of its VPC; `members` are the registered clusters."""
    association = _association(lattice, cluster)
    found, users = _network(lattice, cluster)
    # Clusters that leave together want the network no more; whose association goes last deletes it.
    others = [member for member in members if member.name != cluster.name and member.state is not ClusterState.LEAVING]
    return ObservedNetwork(
        network=found,
        association=association,
        others=users,
        vpc_is_shared=any(member.vpc_id == cluster.vpc_id for member in others),
        network_is_wanted=any(member.service_network == cluster.service_network for member in others),
    )


def plan(
    lattice: "VPCLatticeClient", cluster: Cluster, members: Sequence[Cluster], *, auth_policy: str = ""
) -> KindPlan:
    """What a run would change; `auth_policy` names what asks for a policy of the network."""
    observed = observe(lattice, cluster, members)
    diff = diff_network(cluster, observed, auth_policy)
    owner = cluster_owner(cluster.account, cluster.name)
    return KindPlan(
        changes=tuple(change.describe() for change in diff.changes),
        refusals=diff.refusals,
        owned=int(observed.association is not None and observed.association.owner == owner),
        waiting=bool(diff.waiting_for),
        ids=_ids(cluster, observed),
    )


def _ids(cluster: Cluster, observed: ObservedNetwork) -> tuple[str, ...]:
    """The VPC too: whoever disassociates it in another account names nothing else."""
    found = (observed.association, observed.network)
    shared = observed.network is not None and observed.network.arn.split(":")[4] != cluster.account
    own = (cluster.vpc_id, *(resource.id for resource in found if resource is not None))
    return (*own, NETWORKS_OF_OTHERS) if shared else own


def reconcile(
    lattice: "VPCLatticeClient", cluster: Cluster, members: Sequence[Cluster], *, run: str, auth_policy: str = ""
) -> Outcome:
    """Apply what can be applied now; the outcome says whether AWS is still busy. `run` names the execution."""
    done: list[Description] = []
    for _ in range(_ROUNDS):
        diff = diff_network(cluster, observe(lattice, cluster, members), auth_policy)
        if diff.refusals:
            return Outcome(KIND, cluster.name, Status.REFUSED, tuple(done), diff.refusals)
        if diff.waiting_for:
            return Outcome(KIND, cluster.name, Status.IN_PROGRESS, tuple(done), waiting_for=diff.waiting_for)
        if not diff.changes:
            break
        refusal = _apply_all(_Call(lattice, cluster, run), diff.changes, done)
        if refusal:
            return Outcome(KIND, cluster.name, Status.REFUSED, tuple(done), (refusal,))
    return Outcome(KIND, cluster.name, Status.DONE, tuple(done))


@dataclass(frozen=True)
class _Call:
    """For whom a change is made, and in which run."""

    lattice: "VPCLatticeClient"
    cluster: Cluster
    run: str


def _apply_all(call: _Call, changes: Sequence[NetworkChange], done: list[Description]) -> Refusal | None:
    for change in changes:
        try:
            _apply(call, change)
        except ClientError as error:
            details = error.response["Error"]
            if is_absent(error) and change.describe()["deletes"]:
                continue
            if details["Code"] in {"ConflictException", "ServiceQuotaExceededException", "ValidationException"}:
                return Refusal(str(change.describe()["resource"]), details["Code"], details["Message"])
            raise
        done.append(change.describe())
    return None


def _apply(call: _Call, change: NetworkChange) -> None:
    lattice, cluster = call.lattice, call.cluster
    match change:
        case CreateServiceNetwork(name=name, auth_policy=source):
            tags = ownership_tags(fleet_owner(cluster.account), f"service network {name}")
            request: dict[str, Any] = {"name": name, "tags": tags}
            if source:
                request |= {"authType": "AWS_IAM", "tags": {**tags, AUTH_POLICY_TAG: source}}
            lattice.create_service_network(**request, clientToken=client_token(call.run, request))
        case AssociateVpc(network=network, vpc_id=vpc_id):
            tags = ownership_tags(cluster_owner(cluster.account, cluster.name), f"cluster {cluster.name}")
            lattice.create_service_network_vpc_association(
                serviceNetworkIdentifier=_identifier(lattice, network),
                vpcIdentifier=vpc_id,
                tags=tags,
                clientToken=client_token(call.run, network, vpc_id, tags),
            )
        case DisassociateVpc(association=association):
            lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=association.id)
        case DeleteServiceNetwork(network=found):
            lattice.delete_service_network(serviceNetworkIdentifier=found.id)


def _identifier(lattice: "VPCLatticeClient", name: str) -> str:
    summary = _network_summary(lattice, name)
    if summary is None:
        raise ServiceUnavailableError(f"service network {name} was created but is not listed yet")
    # An ARN also names a network that another account shares.
    return str(summary["arn"])


def _association(lattice: "VPCLatticeClient", cluster: Cluster) -> VpcAssociation | None:
    for item in lattice.list_service_network_vpc_associations(vpcIdentifier=cluster.vpc_id)["items"]:
        # The tags of a network that another account shares must not be read (403), an own association's may.
        owner = _owner(lattice, item["arn"]) if item["createdBy"] == cluster.account else ""
        if owner is not None:
            return VpcAssociation(
                vpc_id=cluster.vpc_id,
                service_network=item["serviceNetworkName"],
                arn=item["arn"],
                id=item["id"],
                status=item["status"],
                owner=owner,
            )
    return None


def _network(lattice: "VPCLatticeClient", cluster: Cluster) -> tuple[ServiceNetwork | None, int]:
    """The network of the cluster, and how many VPCs, services and resource configurations use it."""
    summary = _network_summary(lattice, cluster.service_network)
    if summary is None:
        return None, 0
    own = summary["arn"].split(":")[4] == cluster.account
    owner = _owner(lattice, summary["arn"]) if own else ""
    if owner is None:
        return None, 0
    network = ServiceNetwork(name=summary["name"], arn=summary["arn"], id=summary["id"], owner=owner)
    return network, _users(summary)


def _network_summary(lattice: "VPCLatticeClient", name: str) -> dict[str, Any] | None:
    for page in lattice.get_paginator("list_service_networks").paginate():
        for item in page["items"]:
            if item["name"] == name:
                return dict(item)
    return None


def _users(summary: dict[str, Any]) -> int:
    counts = ("numberOfAssociatedVPCs", "numberOfAssociatedServices", "numberOfAssociatedResourceConfigurations")
    return sum(int(summary.get(count, 0)) for count in counts)


def _owner(lattice: "VPCLatticeClient", arn: str) -> str | None:
    """The owner tag, empty without one; None when the resource is gone since it was listed."""
    try:
        return lattice.list_tags_for_resource(resourceArn=arn)["tags"].get(OWNER_TAG, "")
    except ClientError as error:
        if is_absent(error):
            return None
        raise


def names(lattice: "VPCLatticeClient") -> tuple[str, ...]:
    """The names of all service networks that this account sees, for Gateways that name one."""
    pages = lattice.get_paginator("list_service_networks").paginate()
    return tuple(sorted(item["name"] for page in pages for item in page["items"]))
