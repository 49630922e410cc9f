"""Pods call the services that their ServiceAccount names, and no others: roles, associations, requests and drift."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.credentials import Credentials
from manifests import apply, backend, delete, gateway, namespace, route
from observing import CLUSTER_A, CLUSTER_B, events_kept_away, execute, report_of, service_of
from test_auth_policies import allow, iam_auth_policy

from trellis_local.stack import Stack
from trellis_local.walkthrough import Walkthrough, World

HOSTNAME, OTHER = "datastore.lattice-test.io", "other-place.lattice-test.io"
PLACE, ACCOUNT = "clients", "frontend"
PATH = "/trellis/clients/EKS-CLUSTER-A/"
ACCOUNTS = f"/api/v1/namespaces/{PLACE}/serviceaccounts"


class Clients:
    """Cluster A, where ServiceAccounts say what their pods call in cluster B."""

    def __init__(self, world: World, stack: Stack) -> None:
        self.world, self.stack = world, stack
        self.iam, self.eks = world.aws("iam"), world.aws("eks")
        self.api = world.kubernetes(CLUSTER_A)

    def ask(self, calls: str, *, name: str = ACCOUNT, identity: str = "") -> dict[str, Any]:
        notes = {"trellis.dev/calls": calls} | ({"trellis.dev/identity": identity} if identity else {})
        metadata = {"name": name, "namespace": PLACE, "annotations": notes}
        document = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        self.api.apply(f"{ACCOUNTS}/{name}", document, manager="team")
        return self.reconcile()

    def reconcile(self) -> dict[str, Any]:
        return execute(self.world, "reconcile-cluster", {"cluster": CLUSTER_A})

    def roles(self) -> dict[str, str]:
        return {role["RoleName"]: role["Arn"] for role in self.iam.list_roles(PathPrefix=PATH)["Roles"]}

    @property
    def role(self) -> str:
        (name,) = [name for name in self.roles() if name.startswith(f"{PLACE}-{ACCOUNT}-")]
        return name

    def state(self) -> dict[str, Any]:
        """All that decides what the pods may do."""
        name = self.role
        found = self.iam.get_role(RoleName=name)["Role"]
        return {
            "trust": found["AssumeRolePolicyDocument"],
            "boundary": found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "inline": {
                policy: self.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]
            },
            "attached": self.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
            "bound": [found["roleArn"] for found in self.associations()],
        }

    def associations(self) -> list[dict[str, Any]]:
        listed = self.eks.list_pod_identity_associations(clusterName=CLUSTER_A)["associations"]
        return [
            self.eks.describe_pod_identity_association(clusterName=CLUSTER_A, associationId=item["associationId"])[
                "association"
            ]
            for item in listed
        ]

    def status(self, vpc: str, hostname: str = HOSTNAME) -> int:
        """The answer to a request that the pods sign with what EKS Pod Identity gives them."""
        arn = self.roles()[self.role]
        keys = self.stack.endpoint.identity.role_session(
            arn, session_name="eks-pod", service_principal="pods.eks.amazonaws.com"
        )
        signer = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
        return self.world.get(vpc, f"http://{hostname}/popular", signer=signer).status


@pytest.fixture(scope="module")
def clients(onboarded: Walkthrough, world: World, stack: Stack) -> Iterator[Clients]:
    found = Clients(world, stack)
    with events_kept_away(world):
        apply(found.api, namespace(PLACE))
        yield found
        for name in (ACCOUNT, "tokens"):
            found.api.delete(f"{ACCOUNTS}/{name}")
        delete(found.api, namespace(PLACE))
        assert found.reconcile()["status"] == "SUCCEEDED"
        assert (found.roles(), found.associations()) == ({}, [])


def test_an_annotation_makes_a_role_for_just_these_services(clients: Clients, world: World) -> None:
    assert clients.ask(HOSTNAME)["status"] == "SUCCEEDED"
    service = service_of(world, HOSTNAME)
    assert service is not None
    state = clients.state()
    statement = {"Effect": "Allow", "Action": "vpc-lattice-svcs:Invoke", "Resource": [f"{service['arn']}/*"]}
    assert [policy["Statement"] for policy in state["inline"].values()] == [[statement]]
    assert state["bound"] == [clients.roles()[clients.role]]
    assert "ClientBoundary" in state["boundary"]
    assert converged(clients)


def converged(clients: Clients) -> bool:
    return bool(json.loads(clients.reconcile()["output"])["status"] == "CONVERGED")


def test_its_pods_are_let_in_where_a_policy_asks_for_them_and_nowhere_else(
    clients: Clients, onboarded: Walkthrough, world: World
) -> None:
    other = (namespace(PLACE), gateway(PLACE), *backend(PLACE), route(f"{PLACE}/other", hostname=OTHER))
    principal = {"AWS": clients.roles()[clients.role]}
    anybody = {"AWS": "111122223333"}
    policies = (
        iam_auth_policy("HTTPRoute/datastore", allow(Principal=principal), name="clients"),
        iam_auth_policy("HTTPRoute/other", allow(Principal=anybody), name="anybody", namespace=PLACE),
    )
    api = world.kubernetes(CLUSTER_B)
    apply(api, *other, *policies)
    try:
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        vpc = onboarded.vpcs["a"]
        assert clients.status(vpc) == 200
        assert world.get(vpc, f"http://{HOSTNAME}/popular").status == 403
        assert clients.status(vpc, OTHER) == 403
        clients.ask(f"{HOSTNAME},{OTHER}")
        assert clients.status(vpc, OTHER) == 200
    finally:
        delete(api, *other, *policies)
        world.run("reconcile-cluster", {"cluster": CLUSTER_B})
        clients.ask(HOSTNAME)


def document(world: World, key: str) -> str:
    """The report of a run, or, of one that changed nothing, its plan."""
    (bucket,) = [found["Name"] for found in world.aws("s3").list_buckets()["Buckets"] if "document" in found["Name"]]
    return str(world.aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())


DRIFTS = ("trust", "boundary", "inline", "extra inline", "attached", "unbound", "bound elsewhere", "deleted")


@pytest.mark.parametrize("what", DRIFTS)
def test_what_somebody_changes_is_put_back(clients: Clients, what: str) -> None:
    before = clients.state()
    change(clients, what)
    execution = clients.reconcile()
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert clients.state() == before
    report = report_of(clients.world, execution, CLUSTER_A)
    assert report["drifts"]
    assert {line["resource"] for line in report["drifts"]} <= {
        f"client role of {PLACE}/{ACCOUNT}",
        f"pod identity of {PLACE}/{ACCOUNT}",
    }


def change(clients: Clients, what: str) -> None:
    iam, name = clients.iam, clients.role
    everything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    trusting = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    (association,) = clients.associations()
    place = {"clusterName": CLUSTER_A, "associationId": association["associationId"]}
    match what:
        case "trust":
            document = json.dumps({"Version": "2012-10-17", "Statement": [trusting]})
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        case "boundary":
            iam.delete_role_permissions_boundary(RoleName=name)
        case "inline":
            iam.put_role_policy(RoleName=name, PolicyName="calls", PolicyDocument=everything)
        case "extra inline":
            iam.put_role_policy(RoleName=name, PolicyName="theirs", PolicyDocument=everything)
        case "attached":
            iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        case "unbound":
            clients.eks.delete_pod_identity_association(**place)
        case "bound elsewhere":
            clients.eks.update_pod_identity_association(**place, roleArn="arn:aws:iam::111122223333:role/eks-cluster")
        case "deleted":
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)
            iam.delete_role(RoleName=name)


def test_irsa_needs_a_provider_that_takes_the_cluster_s_tokens_and_no_association(clients: Clients) -> None:
    issuer = clients.eks.describe_cluster(name=CLUSTER_A)["cluster"]["identity"]["oidc"]["issuer"]
    assert told(clients, clients.ask(HOSTNAME, name="tokens", identity="irsa"), "IAM has no identity provider")
    with provider(clients, issuer, audience="other"):
        assert told(clients, clients.reconcile(), "lacks the audience sts.amazonaws.com")
        assert not of_tokens(clients)
    with provider(clients, issuer, audience="sts.amazonaws.com") as arn:
        clients.reconcile()
        (name,) = of_tokens(clients)
        (statement,) = clients.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        subjects = [value for key, value in statement["Condition"]["StringEquals"].items() if key.endswith(":sub")]
        assert subjects == [f"system:serviceaccount:{PLACE}:tokens"]
        assert statement["Principal"] == {"Federated": arn}
        assert {found["serviceAccount"] for found in clients.associations()} == {ACCOUNT}


@contextmanager
def provider(clients: Clients, issuer: str, *, audience: str) -> Iterator[str]:
    """IAM has an identity provider for the issuer, by this ARN."""
    made = clients.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[audience])
    arn = str(made["OpenIDConnectProviderArn"])
    try:
        yield arn
    finally:
        clients.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def told(clients: Clients, execution: dict[str, Any], message: str) -> bool:
    """Whether the run went well and its report says so."""
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    return message in document(clients.world, json.loads(execution["output"])["report"])


def of_tokens(clients: Clients) -> list[str]:
    return [name for name in clients.roles() if name.startswith(f"{PLACE}-tokens-")]


def test_a_hostname_without_a_service_and_an_annotation_without_sense_are_in_the_report(clients: Clients) -> None:
    for identity, reason in (("root", "UnsupportedValue"), ("pod-identity", "ServiceNotFound")):
        assert told(clients, clients.ask("nowhere.lattice-test.io", name="tokens", identity=identity), reason)
    assert not of_tokens(clients)
