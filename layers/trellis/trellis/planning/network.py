"""The service network of a cluster and the association of its VPC: what differs from what the cluster wants."""

from dataclasses import dataclass

from trellis.model import Cluster, ClusterState, ServiceNetwork, VpcAssociation, cluster_owner, fleet_owner
from trellis.planning.work import Description, Refusal, described


@dataclass(frozen=True)
class ObservedNetwork:
    """`association` is that of the cluster's VPC, with whatever network; `others` counts what else uses the network.

    `vpc_is_shared` says that another registered cluster in the same VPC still wants the association.
    """

    network: ServiceNetwork | None = None
    association: VpcAssociation | None = None
    others: int = 0
    vpc_is_shared: bool = False
    network_is_wanted: bool = False


@dataclass(frozen=True)
class CreateServiceNetwork:
    """Create the network; it belongs to the fleet, and is closed when there is to be an auth policy."""

    name: str
    auth_policy: str = ""

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("CreateServiceNetwork", f"service network {self.name}", expected=self.name)


@dataclass(frozen=True)
class AssociateVpc:
    """Associate the cluster's VPC with the network."""

    network: str
    vpc_id: str

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("AssociateVpc", f"VPC {self.vpc_id} in {self.network}", expected=self.network)


@dataclass(frozen=True)
class DisassociateVpc:
    """Delete the association of the cluster's VPC."""

    association: VpcAssociation

    def describe(self) -> Description:
        """Describe the change for reports."""
        found = f"{self.association.service_network} ({self.association.status})"
        return described("DisassociateVpc", f"VPC {self.association.vpc_id}", found=found, deletes=True)


@dataclass(frozen=True)
class DeleteServiceNetwork:
    """Delete the network after its last member has left."""

    network: ServiceNetwork

    def describe(self) -> Description:
        """Describe the change for reports."""
        name = self.network.name
        return described("DeleteServiceNetwork", f"service network {name}", found=name, deletes=True)


NetworkChange = CreateServiceNetwork | AssociateVpc | DisassociateVpc | DeleteServiceNetwork


@dataclass(frozen=True)
class NetworkDiff:
    """The changes that can be applied now, what AWS is still busy with, and what is refused."""

    changes: tuple[NetworkChange, ...] = ()
    waiting_for: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def diff_network(cluster: Cluster, observed: ObservedNetwork, auth_policy: str = "") -> NetworkDiff:
    """Compare the cluster's network with what is there; `auth_policy` names what asks for a policy of the network."""
    if cluster.state is ClusterState.LEAVING:
        return _leave(cluster, observed)
    association = observed.association
    if association is not None and association.service_network != cluster.service_network:
        message = (
            f"VPC {cluster.vpc_id} already belongs to the service network {association.service_network}; "
            f"VPC Lattice allows one network for each VPC, and this association is not changed"
        )
        return NetworkDiff(refusals=(Refusal(f"VPC {cluster.vpc_id}", "VpcBelongsToOtherNetwork", message),))
    changes: list[NetworkChange] = []
    if observed.network is None:
        changes.append(CreateServiceNetwork(cluster.service_network, auth_policy))
    if association is None:
        changes.append(AssociateVpc(cluster.service_network, cluster.vpc_id))
        return NetworkDiff(tuple(changes))
    if association.status == "CREATE_FAILED":
        return _replace(cluster, association)
    if association.status.endswith("_IN_PROGRESS"):
        return NetworkDiff(waiting_for=(f"association {association.id}: {association.status}",))
    return NetworkDiff(tuple(changes))


def _replace(cluster: Cluster, association: VpcAssociation) -> NetworkDiff:
    if association.owner != cluster_owner(cluster.account, cluster.name):
        message = f"association {association.id} of VPC {cluster.vpc_id} failed, and somebody else made it"
        return NetworkDiff(refusals=(Refusal(f"VPC {cluster.vpc_id}", "NotOwned", message),))
    return NetworkDiff((DisassociateVpc(association),))


def _leave(cluster: Cluster, observed: ObservedNetwork) -> NetworkDiff:
    association = observed.association
    if association is not None and association.owner == cluster_owner(cluster.account, cluster.name):
        if association.status.endswith("_IN_PROGRESS"):
            return NetworkDiff(waiting_for=(f"association {association.id}: {association.status}",))
        if not observed.vpc_is_shared:
            return NetworkDiff((DisassociateVpc(association),))
    network = observed.network
    if (
        network is not None
        and network.owner == fleet_owner(cluster.account)
        and not observed.others
        and not observed.network_is_wanted
    ):
        return NetworkDiff((DeleteServiceNetwork(network),))
    return NetworkDiff()
