"""ServiceAccounts that name the service of another namespace: their pods may sign for it, which lets nobody in.

That anybody may name any service of the network is meant; who gets in is what the service's own policy says.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from attacking import MALLORY, VICTIM, applied, belongings
from botocore.credentials import Credentials
from manifests import Document, apply, delete, namespace
from observing import CLUSTER_A, CLUSTER_B, events_kept_away, execute
from test_auth_policies import allow, iam_auth_policy
from test_client_identity import document

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

CLIENTS = "/trellis/clients/EKS-CLUSTER-A/"


def service_account(place: str, calls: str) -> Document:
    """A ServiceAccount of that name in any namespace."""
    metadata = {"name": "frontend", "namespace": place, "annotations": {"trellis.dev/calls": calls}}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


class Pods:
    """ServiceAccounts `frontend` of cluster A, and what their pods are answered."""

    def __init__(self, world: World, stack: Stack, vpc: str) -> None:
        self.world, self.stack, self.vpc = world, stack, vpc
        self.api = world.kubernetes(CLUSTER_A)

    def path(self, place: str) -> str:
        return f"/api/v1/namespaces/{place}/serviceaccounts/frontend"

    def ask(self, place: str, calls: str) -> dict[str, Any]:
        self.api.apply(self.path(place), service_account(place, calls), manager="team")
        return execute(self.world, "reconcile-cluster", {"cluster": CLUSTER_A})

    def role(self, place: str) -> str:
        listed = self.world.aws("iam").list_roles(PathPrefix=CLIENTS)["Roles"]
        (found,) = [role["Arn"] for role in listed if role["RoleName"].startswith(f"{place}-frontend-")]
        return str(found)

    def rights(self, arn: str) -> tuple[Document, Document]:
        """Who gets a role, and what it may do."""
        iam, name = self.world.aws("iam"), arn.rpartition("/")[2]
        policy = iam.get_role_policy(RoleName=name, PolicyName="calls")["PolicyDocument"]
        return iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"], policy

    def status(self, place: str) -> int:
        keys = self.stack.endpoint.identity.role_session(
            self.role(place), session_name="eks-pod", service_principal="pods.eks.amazonaws.com"
        )
        signer = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
        return self.world.get(self.vpc, f"http://{VICTIM}/popular", signer=signer).status


@pytest.fixture
def pods(onboarded: Walkthrough, world: World, stack: Stack) -> Iterator[Pods]:
    found = Pods(world, stack, onboarded.vpcs["a"])
    places = (namespace("apps-clients"), namespace(MALLORY))
    with events_kept_away(world):
        apply(found.api, *places)
        yield found
        for place in places:
            found.api.delete(found.path(place["metadata"]["name"]))
        delete(found.api, *places)
        world.run("reconcile-cluster", {"cluster": CLUSTER_A})
    assert world.aws("iam").list_roles(PathPrefix=CLIENTS)["Roles"] == []


def test_who_names_the_victims_service_may_sign_for_it_and_is_not_let_in(pods: Pods, world: World) -> None:
    assert pods.ask("apps-clients", VICTIM)["status"] == "SUCCEEDED"
    own = pods.role("apps-clients")
    rights = pods.rights(own)
    only = iam_auth_policy("HTTPRoute/datastore", allow(Principal={"AWS": own}))
    with applied(world, CLUSTER_B, only):
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        before = belongings(world)
        assert pods.ask(MALLORY, f"{VICTIM.upper()}, {VICTIM}")["status"] == "SUCCEEDED"
        assert (pods.status("apps-clients"), pods.status(MALLORY)) == (200, 403)
        assert belongings(world) == before
    assert (pods.rights(own), pods.role(MALLORY) != own) == (rights, True)


@pytest.mark.parametrize("calls", [f"{VICTIM}.", f"*.{VICTIM}", f"_trellis.{VICTIM}", f"{VICTIM}/*"])
def test_an_annotation_that_means_more_than_a_hostname_is_refused_in_the_report(
    pods: Pods, world: World, calls: str
) -> None:
    execution = pods.ask(MALLORY, calls)
    refused = json.loads(document(world, json.loads(execution["output"])["report"]))["refused"]
    lines = {line["reason"] for line in refused if line["resource"] == f"client role of {MALLORY}/frontend"}
    assert lines == {"UnsupportedValue"}
    assert world.aws("iam").list_roles(PathPrefix=CLIENTS)["Roles"] == []
