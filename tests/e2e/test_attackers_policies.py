"""IAMAuthPolicies that reach for the service of another namespace: refused with a condition, nothing changed there.

The victim has a policy that lets in cluster A. VPC Lattice has auth policies for services and networks
only, so that these are all that a policy can be for; the other policy kinds of the AWS Gateway API Controller are none
of Trellis'.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from attacking import MALLORY, VICTIM, Belongings, applied, belongings, race, unharmed, withdraw
from manifests import Document, apply, backend, gateway, namespace, route
from observing import CLUSTER_A, CLUSTER_B, NETWORK, conditions, events_kept_away, execute, report_of
from test_auth_policies import allow, iam_auth_policy

from trellis_local.walkthrough import Walkthrough, World

GROUP = "application-networking.k8s.aws"
POLICIES = f"/apis/{GROUP}/v1alpha1/namespaces/{MALLORY}/iamauthpolicies"
OWN = f"{MALLORY}/own"


def reaching(name: str, target: str, **ref: str) -> Document:
    """A policy of mallory's that lets everybody in; `ref` is added to its targetRef."""
    found = iam_auth_policy(target, allow(), name=name, namespace=MALLORY)
    found["spec"]["targetRef"] |= ref
    return found


def grant(place: str) -> Document:
    """A ReferenceGrant: even the victim's own opens nothing, because a policy is for its own namespace only."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "policies", "namespace": place},
        "spec": {
            "from": [{"group": GROUP, "kind": "IAMAuthPolicy", "namespace": MALLORY}],
            "to": [{"group": "gateway.networking.k8s.io", "kind": kind} for kind in ("HTTPRoute", "Gateway")],
        },
    }


ATTACKS = {
    "route-of-another": (reaching("route-of-another", "HTTPRoute/datastore", namespace="apps"), "Invalid"),
    "route-by-name": (reaching("route-by-name", "HTTPRoute/datastore"), "TargetNotFound"),
    "gateway-of-another": (reaching("gateway-of-another", f"Gateway/{NETWORK}", namespace="apps"), "Invalid"),
    "network": (reaching("network", f"Gateway/{NETWORK}"), "NotAllowed"),
    "network-of-others": (reaching("network-of-others", "Gateway/finance-network"), "NotAllowed"),
    "section": (reaching("section", "HTTPRoute/sectioned", sectionName="public"), "Invalid"),
    "service": (reaching("service", "Service/datastore-v1", group=""), "Invalid"),
    "everything": (reaching("everything", "Namespace/apps", group=""), "Invalid"),
    "b-second": (
        iam_auth_policy("HTTPRoute/own", allow(Principal={"AWS": "444455556666"}), name="b-second", namespace=MALLORY),
        "Conflicted",
    ),
}
FIRST = reaching("a-first", "HTTPRoute/own")
# Not accepted as a route, so that its policy has nothing to be put at.
NAMESAKE = reaching("namesake", "HTTPRoute/namesake")
ROUTES = (
    route(OWN, hostname="own.lattice-test.io"),
    route(f"{MALLORY}/sectioned", hostname="sectioned.lattice-test.io"),
    route(f"{MALLORY}/namesake", hostname=VICTIM),
)
PLACE = (namespace(MALLORY), gateway(MALLORY), gateway(MALLORY, "finance-network"), *backend(MALLORY), *ROUTES)
# The order of their creation.
MANIFESTS = (*PLACE, FIRST, NAMESAKE, *(document for document, _ in ATTACKS.values()))


@pytest.fixture(scope="module")
def guarded(onboarded: Walkthrough, world: World) -> Iterator[Walkthrough]:
    """The victim's service lets in cluster A only."""
    from_a = {"StringEquals": {"vpc-lattice-svcs:SourceVpc": "${trellis:vpc/EKS-CLUSTER-A}"}}
    with (
        events_kept_away(world),
        applied(world, CLUSTER_B, iam_auth_policy("HTTPRoute/datastore", allow(Condition=from_a))),
    ):
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        yield onboarded


@pytest.fixture(scope="module")
def attacked(guarded: Walkthrough, world: World) -> Iterator[tuple[Belongings, dict[str, Any]]]:
    """The victim's belongings before the attack, and the report of the run after it."""
    before, api = belongings(world), world.kubernetes(CLUSTER_B)
    apply(api, *MANIFESTS)
    for place in ("apps", MALLORY):
        api.apply(grant_path(place), grant(place), manager="tests")
    with unharmed(world, guarded.vpcs, a=200, b=403):
        execution = execute(world, "reconcile-cluster", {"cluster": CLUSTER_B})
    yield before, report_of(world, execution, CLUSTER_B)
    for place in ("apps", MALLORY):
        api.delete(grant_path(place))
    with unharmed(world, guarded.vpcs, a=200, b=403):
        withdraw(world, CLUSTER_B, *MANIFESTS)


def grant_path(place: str) -> str:
    return f"/apis/gateway.networking.k8s.io/v1beta1/namespaces/{place}/referencegrants/policies"


def policy_conditions(world: World, name: str, cluster: str = CLUSTER_B) -> dict[str, tuple[str, str]]:
    found = world.kubernetes(cluster).get(f"{POLICIES}/{name}")
    assert found is not None
    return {item["type"]: (item["status"], item["reason"]) for item in found["status"]["conditions"]}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_each_policy_is_refused_with_a_condition(
    attacked: tuple[Belongings, dict[str, Any]], world: World, name: str
) -> None:
    reason = ATTACKS[name][1]
    assert policy_conditions(world, name)["Accepted"] == ("False", reason)
    told = {line["reason"] for line in attacked[1]["refused"] if line["resource"] == f"IAMAuthPolicy {MALLORY}/{name}"}
    assert told == {reason}


def test_of_two_for_one_route_the_older_is_in_force(
    attacked: tuple[Belongings, dict[str, Any]], guarded: Walkthrough, world: World
) -> None:
    assert policy_conditions(world, "a-first")["Programmed"] == ("True", "Programmed")
    assert world.get(guarded.vpcs["b"], "http://own.lattice-test.io/").status == 200


def test_a_policy_for_a_section_opens_not_even_the_own_service(
    attacked: tuple[Belongings, dict[str, Any]], guarded: Walkthrough, world: World
) -> None:
    assert world.get(guarded.vpcs["b"], "http://sectioned.lattice-test.io/").status == 403


def test_a_policy_for_a_route_that_claims_the_victims_hostname_is_put_nowhere(
    attacked: tuple[Belongings, dict[str, Any]], world: World
) -> None:
    assert conditions(world, CLUSTER_B, "HTTPRoute", f"{MALLORY}/namesake")["Accepted"]["reason"] == "HostnameConflict"
    assert policy_conditions(world, "namesake")["Programmed"] == ("False", "Pending")


def test_nothing_of_the_victim_has_changed(attacked: tuple[Belongings, dict[str, Any]], world: World) -> None:
    before, _ = attacked
    assert belongings(world) == before
    assert before.auth[0] == "AWS_IAM"


def test_nor_does_it_when_both_clusters_are_attacked_at_once(
    attacked: tuple[Belongings, dict[str, Any]], guarded: Walkthrough, world: World
) -> None:
    with applied(world, CLUSTER_A, *MANIFESTS), unharmed(world, guarded.vpcs, a=200, b=403):
        race(world)
        for name, (_, reason) in ATTACKS.items():
            assert policy_conditions(world, name, CLUSTER_A)["Accepted"] == ("False", reason)
