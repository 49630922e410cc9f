"""The last step of the walk-through, after all tests that need the clusters."""

from trellis_local.walkthrough import Walkthrough, World

_GATEWAY = "/apis/gateway.networking.k8s.io/v1/namespaces/apps/gateways/eks-lattice-network"


def test_clusters_that_leave_take_everything_of_trellis_with_them_and_nothing_else(left: Walkthrough) -> None:
    checks = [check for check in left.checks if check.step == "Leave"]
    assert checks
    assert [check for check in checks if not check.passed] == []


def test_the_gateway_of_a_cluster_that_lives_on_does_not_claim_to_be_programmed(
    world: World, left: Walkthrough
) -> None:
    gateway = world.kubernetes("EKS-CLUSTER-A").get(_GATEWAY)
    assert gateway is not None
    conditions = {found["type"]: found["status"] for found in gateway["status"]["conditions"]}
    assert (conditions["Programmed"], gateway["status"]["addresses"]) == ("False", [])
