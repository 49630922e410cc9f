"""What the platform team says for all: who may have which hostname, and who may call at least, seen on the wire."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from manifests import apply, backend, delete, gateway, namespace, route
from observing import CLUSTER_A, CLUSTER_B, NETWORK, conditions, events_kept_away, execute, service_of
from parameters import parameters_set
from test_auth_policies import allow, iam_auth_policy
from test_client_identity import document

from trellis_local.walkthrough import Walkthrough, World

DATASTORE, CART = "datastore.lattice-test.io", "cart.shop.lattice-test.io"
PAY, AWAY = "pay.shop.lattice-test.io", "away.shop.lattice-test.io"
SHOP, OTHERS = "shop", "others"
ONLY_FROM_A = allow(Condition={"StringEquals": {"vpc-lattice-svcs:SourceVpc": "${trellis:vpc/EKS-CLUSTER-A}"}})
CLOSED, OPEN = {"a": 200, "b": 403}, {"a": 200, "b": 200}


@dataclass(frozen=True)
class Platform:
    """The fleet, and requests of clients in the VPCs of both clusters."""

    world: World
    vpcs: dict[str, str]

    def reconcile(self, *clusters: str) -> None:
        for cluster in clusters or (CLUSTER_A, CLUSTER_B):
            assert self.world.run("reconcile-cluster", {"cluster": cluster})["status"] != "FAILED"

    def answers(self, hostname: str) -> dict[str, int]:
        return {place: self.world.get(self.vpcs[place], f"http://{hostname}/popular").status for place in ("a", "b")}

    def network(self) -> tuple[str, str]:
        """Its auth type and the source of its policy."""
        lattice = self.world.aws("vpc-lattice")
        (network,) = (item for item in lattice.list_service_networks()["items"] if item["name"] == NETWORK)
        tags = lattice.list_tags_for_resource(resourceArn=network["arn"])["tags"]
        found = lattice.get_service_network(serviceNetworkIdentifier=network["id"])
        return found["authType"], tags.get("trellis:auth-policy", "")


@pytest.fixture
def platform(world: World, onboarded: Walkthrough) -> Iterator[Platform]:
    found = Platform(world, onboarded.vpcs)
    with events_kept_away(world):
        yield found
        found.reconcile()
    assert found.network() == ("NONE", "")
    assert found.answers(DATASTORE) == OPEN


class present:  # noqa: N801 - reads as the adjective that it is
    """Meanwhile the objects exist in a cluster, which is reconciled before and after."""

    def __init__(self, platform: Platform, *documents: dict[str, Any], cluster: str = CLUSTER_B) -> None:
        self._platform, self._documents, self._cluster = platform, documents, cluster

    def __enter__(self) -> None:
        apply(self._platform.world.kubernetes(self._cluster), *self._documents)
        self._platform.reconcile(self._cluster)

    def __exit__(self, *_: object) -> None:
        delete(self._platform.world.kubernetes(self._cluster), *self._documents)
        self._platform.reconcile(self._cluster)


def team(place: str, *routes: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return namespace(place), gateway(place), *backend(place), *routes


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_the_baseline_refuses_for_every_service_of_the_network(platform: Platform) -> None:
    cart = route(f"{SHOP}/cart", hostname=CART)
    everybody = iam_auth_policy("HTTPRoute/cart", allow(), namespace=SHOP)
    with present(platform, *team(SHOP, cart)):
        assert (platform.answers(DATASTORE), platform.answers(CART)) == (OPEN, OPEN)
        with parameters_set(platform.world, NetworkBaselinePolicy=policy(ONLY_FROM_A)):
            platform.reconcile()
            assert platform.network() == ("AWS_IAM", "NetworkBaselinePolicy")
            assert (platform.answers(DATASTORE), platform.answers(CART)) == (CLOSED, CLOSED)
            with present(platform, everybody):  # What a service's own policy allows, the network's still refuses.
                assert platform.answers(CART) == CLOSED
            assert platform.world.run("reconcile-cluster", {"cluster": CLUSTER_B})["status"] == "CONVERGED"
        platform.reconcile()
        assert (platform.answers(DATASTORE), platform.answers(CART)) == (OPEN, OPEN)


def test_a_service_that_is_new_is_refused_from_its_first_moment(platform: Platform) -> None:
    with parameters_set(platform.world, NetworkBaselinePolicy=policy(ONLY_FROM_A)):
        platform.reconcile()
        with present(platform, *team(SHOP, route(f"{SHOP}/cart", hostname=CART))):
            assert platform.answers(CART) == CLOSED


def test_the_baseline_counts_again_when_no_gateway_has_a_policy_any_more(platform: Platform) -> None:
    nobody = iam_auth_policy(f"Gateway/{NETWORK}", allow(Principal={"AWS": "444455556666"}), name="net")
    with parameters_set(platform.world, NetworkBaselinePolicy=policy(ONLY_FROM_A)):
        with present(platform, nobody):
            assert platform.answers(DATASTORE) == {"a": 403, "b": 403}
            assert "IAMAuthPolicy apps/net" in platform.network()[1]
        assert (platform.answers(DATASTORE), platform.network()[1]) == (CLOSED, "NetworkBaselinePolicy")


def test_a_baseline_that_is_no_policy_changes_nothing_and_is_told(platform: Platform) -> None:
    with parameters_set(platform.world, NetworkBaselinePolicy=policy(ONLY_FROM_A)):
        platform.reconcile()
        with parameters_set(platform.world, NetworkBaselinePolicy='{"Statement": {"Effect": "Permit"}}'):
            execution = execute(platform.world, "reconcile-cluster", {"cluster": CLUSTER_B})
            told = json.loads(document(platform.world, json.loads(execution["output"])["report"]))
            refusals = [found for item in told["items"] for found in item["plan"]["refusals"]]
            (found,) = (found for found in refusals if found["resource"] == f"auth policy of network {NETWORK}")
            assert found["reason"] == "Invalid"
            assert "NetworkBaselinePolicy: /Statement/Effect" in found["message"]
            assert platform.answers(DATASTORE) == CLOSED


RULES = f"EKS-CLUSTER-B/apps: {DATASTORE}; EKS-CLUSTER-B/{SHOP}: *.shop.lattice-test.io"


def test_a_hostname_that_is_not_allowed_gets_a_condition_and_no_service(platform: Platform, world: World) -> None:
    pay = route(f"{OTHERS}/pay", hostname=PAY)
    with (
        parameters_set(world, AllowedHostnames=RULES),
        # The older route of a namespace that may not have the hostname does not stand in the way.
        present(platform, *team(OTHERS, pay, route(f"{OTHERS}/older", hostname=CART))),
        present(platform, *team(SHOP, route(f"{SHOP}/cart", hostname=CART))),
    ):
        for name in ("pay", "older"):
            found = conditions(world, CLUSTER_B, "HTTPRoute", f"{OTHERS}/{name}")["Accepted"]
            assert (found["status"], found["reason"]) == ("False", "HostnameNotAllowed")
            assert f"namespace {OTHERS} of cluster {CLUSTER_B}" in found["message"]
        assert service_of(world, PAY) is None
        assert set(platform.answers(PAY).values()) == {0}
        assert conditions(world, CLUSTER_B, "HTTPRoute", f"{SHOP}/cart")["Accepted"]["status"] == "True"
        assert (platform.answers(CART), platform.answers(DATASTORE)) == (OPEN, OPEN)


def test_what_one_cluster_may_have_another_may_not(platform: Platform, world: World) -> None:
    documents = team(SHOP, route(f"{SHOP}/away", hostname=AWAY))
    with parameters_set(world, AllowedHostnames=RULES):
        with present(platform, *documents, cluster=CLUSTER_A):
            found = conditions(world, CLUSTER_A, "HTTPRoute", f"{SHOP}/away")["Accepted"]
            assert (found["reason"], service_of(world, AWAY)) == ("HostnameNotAllowed", None)
        with present(platform, *documents):
            assert platform.answers(AWAY) == OPEN


def test_a_hostname_that_is_taken_back_is_served_no_longer(platform: Platform, world: World) -> None:
    with present(platform, *team(OTHERS, route(f"{OTHERS}/pay", hostname=PAY))):
        assert platform.answers(PAY) == OPEN
        with parameters_set(world, AllowedHostnames=RULES):
            platform.reconcile(CLUSTER_B)
            assert (service_of(world, PAY), set(platform.answers(PAY).values())) == (None, {0})
            assert platform.answers(DATASTORE) == OPEN
        platform.reconcile(CLUSTER_B)
        assert platform.answers(PAY) == OPEN
