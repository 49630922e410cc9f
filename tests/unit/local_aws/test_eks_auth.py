"""Credentials that pods get by EKS Pod Identity."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]

PODS = "pods.eks.amazonaws.com"
TRUSTED = ["sts:AssumeRole", "sts:TagSession"]


class Pods:
    """A cluster with an association for apps/frontend, and tokens of its service accounts."""

    def __init__(self, name: str, launcher: Any, admin: Client) -> None:
        self.name, self.admin = name, admin
        self._spec = launcher.specs[name]
        self.role = f"pods-of-{name}"
        self.trust(TRUSTED)
        self.arn = admin("iam").get_role(RoleName=self.role)["Role"]["Arn"]
        self.association = admin("eks").create_pod_identity_association(
            clusterName=name, namespace="apps", serviceAccount="frontend", roleArn=self.arn
        )["association"]

    def trust(self, actions: list[str]) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": PODS}, "Action": actions}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            self.admin("iam").create_role(RoleName=self.role, AssumeRolePolicyDocument=document)
        except ClientError:
            self.admin("iam").update_assume_role_policy(RoleName=self.role, PolicyDocument=document)

    def token(self, account: str = "frontend", *, audience: str = PODS, seconds: int = 600, bound: bool = True) -> str:
        pod = {"pod": {"name": "frontend-1", "uid": "uid-1"}} if bound else {}
        about = {"namespace": "apps", "serviceaccount": {"name": account, "uid": "uid-2"}, **pod}
        now = int(time.time())
        claims = {"aud": [audience], "iat": now, "exp": now + seconds, "kubernetes.io": about}
        return str(self._spec.sign(claims))

    def assume(self, token: str, client: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = (client or self.admin("eks-auth")).assume_role_for_pod_identity(
            clusterName=self.name, token=token
        )
        return answer

    def refusal(self, token: str, client: Any = None) -> str:
        with pytest.raises(ClientError) as caught:
            self.assume(token, client)
        return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def pods(request: pytest.FixtureRequest, create: Any, launcher: Any, admin: Client) -> Pods:
    name = request.node.name.replace("_", "-")[:60].rstrip("-")
    create(name)
    while name not in launcher.specs:
        time.sleep(0.01)
    return Pods(name, launcher, admin)


def test_a_pod_gets_a_session_of_the_associated_role(pods: Pods, endpoint: Any) -> None:
    answer = pods.assume(pods.token())
    assert answer["subject"] == {"namespace": "apps", "serviceAccount": "frontend"}
    assert answer["podIdentityAssociation"]["associationId"] == pods.association["associationId"]
    session = answer["credentials"]["accessKeyId"]
    assert endpoint.identity.principal_of(session).role_arn == pods.arn
    assert f"assumed-role/{pods.role}/eks-" in answer["assumedRoleUser"]["arn"]


def test_a_role_that_the_sessions_may_not_be_tagged_for_is_refused(pods: Pods) -> None:
    pods.trust(["sts:AssumeRole"])
    assert pods.refusal(pods.token()) == "AccessDeniedException"
    place = {"clusterName": pods.name, "associationId": pods.association["associationId"]}
    pods.admin("eks").update_pod_identity_association(**place, disableSessionTags=True)
    assert pods.assume(pods.token())["credentials"]["accessKeyId"]


def test_only_bound_tokens_for_the_agent_are_taken_while_they_last(pods: Pods) -> None:
    assert pods.refusal(pods.token(audience="sts.amazonaws.com")) == "InvalidTokenException"
    assert pods.refusal(pods.token(seconds=-100)) == "ExpiredTokenException"
    assert pods.refusal(pods.token(bound=False)) == "InvalidTokenException"
    head, body, signature = pods.token().split(".")
    assert pods.refusal(f"{head}.{body}.{signature[::-1]}") == "InvalidTokenException"


def test_a_service_account_without_an_association_gets_nothing(pods: Pods) -> None:
    assert pods.refusal(pods.token("batch")) == "ResourceNotFoundException"


def test_a_node_needs_the_permission_for_its_cluster(pods: Pods, role: Callable[..., Client]) -> None:
    allow = {"Effect": "Allow", "Action": "eks-auth:AssumeRoleForPodIdentity"}
    region = "arn:aws:eks:us-west-2:111122223333:cluster"
    other = role({**allow, "Resource": f"{region}/other"})("eks-auth")
    assert pods.refusal(pods.token(), other) == "AccessDeniedException"
    own = role({**allow, "Resource": f"{region}/{pods.name}"})("eks-auth")
    assert pods.assume(pods.token(), own)["audience"] == PODS
