"""IAMAuthPolicies become auth policies of services and of the network, seen by requests of clients in the VPCs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from manifests import apply, delete
from observing import CLUSTER_B, events_kept_away, service_of

from trellis_local.walkthrough import Walkthrough, World

HOSTNAME = "datastore.lattice-test.io"
URL = f"http://{HOSTNAME}/popular"
INVOKE = "vpc-lattice-svcs:Invoke"


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": INVOKE, "Resource": "*", **elements}


def iam_auth_policy(
    target: str, *statements: dict[str, Any], name: str = "who", namespace: str = "apps"
) -> dict[str, Any]:
    """An IAMAuthPolicy; `target` is kind/name."""
    kind, _, target_name = target.partition("/")
    ref = {"group": "gateway.networking.k8s.io", "kind": kind, "name": target_name}
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=1)
    return {
        "apiVersion": "application-networking.k8s.aws/v1alpha1",
        "kind": "IAMAuthPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"targetRef": ref, "policy": document},
    }


ONLY_FROM_A = iam_auth_policy(
    "HTTPRoute/datastore",
    allow(
        Resource="${trellis:service-arn}/*",
        Condition={"StringEquals": {"vpc-lattice-svcs:SourceVpc": "${trellis:vpc/EKS-CLUSTER-A}"}},
    ),
)


class Policed:
    """Cluster B, whose route may have policies."""

    def __init__(self, world: World, vpcs: Any) -> None:
        self.world, self.vpcs = world, vpcs
        self.api = world.kubernetes(CLUSTER_B)
        self.lattice = world.aws("vpc-lattice")
        self.made: list[dict[str, Any]] = []

    def apply(self, *documents: dict[str, Any]) -> dict[str, Any]:
        self.made += documents
        apply(self.api, *documents)
        return self.reconcile()

    def remove(self) -> None:
        delete(self.api, *self.made)
        self.made.clear()
        self.reconcile()

    def reconcile(self, cluster: str = CLUSTER_B) -> dict[str, Any]:
        return self.world.run("reconcile-cluster", {"cluster": cluster})

    def status(self, place: str) -> int:
        return self.world.get(self.vpcs[place], URL).status

    @property
    def service(self) -> str:
        found = service_of(self.world, HOSTNAME)
        assert found is not None
        return str(found["arn"]).rpartition("/")[2]

    def auth_type(self) -> str:
        return str(self.lattice.get_service(serviceIdentifier=self.service)["authType"])

    def conditions(self, name: str = "who") -> dict[str, tuple[str, str]]:
        path = f"/apis/application-networking.k8s.aws/v1alpha1/namespaces/apps/iamauthpolicies/{name}"
        found = self.api.get(path)
        assert found is not None
        return {item["type"]: (item["status"], item["reason"]) for item in found["status"]["conditions"]}


@pytest.fixture
def policed(world: World, onboarded: Walkthrough) -> Iterator[Policed]:
    found = Policed(world, onboarded.vpcs)
    with events_kept_away(world):
        yield found
        found.remove()
    assert found.reconcile()["status"] == "CONVERGED"
    assert (found.status("a"), found.status("b")) == (200, 200)


def test_a_policy_on_a_route_decides_who_may_call(policed: Policed) -> None:
    policed.apply(ONLY_FROM_A)
    assert (policed.status("a"), policed.status("b")) == (200, 403)
    assert policed.conditions() == {"Accepted": ("True", "Accepted"), "Programmed": ("True", "Programmed")}
    assert policed.reconcile()["status"] == "CONVERGED"


def test_unsigned_requests_get_403_where_a_role_is_asked_for(policed: Policed) -> None:
    role = "arn:aws:iam::${trellis:account}:role/nobody"
    policed.apply(iam_auth_policy("HTTPRoute/datastore", allow(Principal={"AWS": role})))
    assert (policed.status("a"), policed.status("b")) == (403, 403)
