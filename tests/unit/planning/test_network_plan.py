"""The service network and the VPC association: what a cluster's run changes."""

from dataclasses import replace

from trellis.model import Cluster, ClusterState, ServiceNetwork, VpcAssociation
from trellis.planning.network import (
    AssociateVpc,
    CreateServiceNetwork,
    DeleteServiceNetwork,
    DisassociateVpc,
    ObservedNetwork,
    diff_network,
)

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")
LEAVING = replace(CLUSTER, state=ClusterState.LEAVING)
OWN = VpcAssociation("vpc-1", "net", id="snva-1", status="ACTIVE", owner="111122223333/blue")
NETWORK = ServiceNetwork("net", id="sn-1", owner="111122223333/@fleet")


def test_a_new_cluster_gets_network_and_association() -> None:
    diff = diff_network(CLUSTER, ObservedNetwork())
    assert diff.changes == (CreateServiceNetwork("net"), AssociateVpc("net", "vpc-1"))


def test_a_network_that_is_to_have_a_policy_is_closed_from_its_creation() -> None:
    diff = diff_network(CLUSTER, ObservedNetwork(), "IAMAuthPolicy apps/net")
    assert diff.changes[0] == CreateServiceNetwork("net", "IAMAuthPolicy apps/net")


def test_an_associated_cluster_needs_nothing() -> None:
    diff = diff_network(CLUSTER, ObservedNetwork(NETWORK, OWN))
    assert diff.changes == diff.waiting_for == diff.refusals == ()


def test_a_vpc_of_another_network_is_reported_and_left_alone() -> None:
    other = replace(OWN, service_network="theirs", owner="")
    diff = diff_network(CLUSTER, ObservedNetwork(NETWORK, other))
    assert [refusal.reason for refusal in diff.refusals] == ["VpcBelongsToOtherNetwork"]
    assert diff.changes == ()


def test_an_association_in_the_making_is_waited_for() -> None:
    busy = replace(OWN, status="CREATE_IN_PROGRESS")
    assert diff_network(CLUSTER, ObservedNetwork(NETWORK, busy)).waiting_for


def test_a_failed_own_association_is_made_anew() -> None:
    failed = replace(OWN, status="CREATE_FAILED")
    assert diff_network(CLUSTER, ObservedNetwork(NETWORK, failed)).changes == (DisassociateVpc(failed),)


def test_a_failed_association_of_somebody_else_is_refused() -> None:
    failed = replace(OWN, status="CREATE_FAILED", owner="")
    diff = diff_network(CLUSTER, ObservedNetwork(NETWORK, failed))
    assert not diff.changes
    assert diff.refusals[0].reason == "NotOwned"


def test_a_leaving_cluster_gives_up_its_own_association() -> None:
    assert diff_network(LEAVING, ObservedNetwork(NETWORK, OWN, others=1)).changes == (DisassociateVpc(OWN),)


def test_a_leaving_cluster_keeps_the_association_that_another_cluster_of_the_vpc_needs() -> None:
    observed = ObservedNetwork(NETWORK, OWN, others=1, vpc_is_shared=True)
    assert diff_network(LEAVING, observed).changes == ()


def test_a_leaving_cluster_leaves_foreign_associations_and_networks() -> None:
    observed = ObservedNetwork(replace(NETWORK, owner=""), replace(OWN, owner=""))
    assert diff_network(LEAVING, observed).changes == ()


def test_the_last_cluster_deletes_the_network() -> None:
    assert diff_network(LEAVING, ObservedNetwork(NETWORK)).changes == (DeleteServiceNetwork(NETWORK),)


def test_a_network_in_use_stays() -> None:
    assert diff_network(LEAVING, ObservedNetwork(NETWORK, others=2)).changes == ()
    assert diff_network(LEAVING, ObservedNetwork(NETWORK, network_is_wanted=True)).changes == ()
