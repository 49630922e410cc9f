"""EKS Pod Identity associations, and who may make them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]

PODS = "pods.eks.amazonaws.com"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
BOUNDARY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def pod_role(admin: Client, name: str) -> str:
    iam = admin("iam")
    return str(iam.create_role(RoleName=name, Path="/clients/", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"])


def associate(client: Any, cluster: str, role_arn: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.create_pod_identity_association(
        clusterName=cluster, namespace="apps", serviceAccount="frontend", roleArn=role_arn, **more
    )["association"]
    return found


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_an_association_lives(create: Callable[..., Any], admin: Client) -> None:
    create("associated")
    eks, place = admin("eks"), {"clusterName": "associated"}
    made = associate(eks, "associated", pod_role(admin, "pods-1"), tags={"a": "b"})
    assert eks.list_pod_identity_associations(**place)["associations"][0]["associationId"] == made["associationId"]
    assert "roleArn" not in eks.list_pod_identity_associations(**place)["associations"][0]
    assert eks.list_tags_for_resource(resourceArn=made["associationArn"])["tags"] == {"a": "b"}
    place = {**place, "associationId": made["associationId"]}
    other = pod_role(admin, "pods-2")
    eks.update_pod_identity_association(**place, roleArn=other)
    assert eks.describe_pod_identity_association(**place)["association"]["roleArn"] == other
    eks.delete_pod_identity_association(**place)
    assert code_of(lambda: eks.describe_pod_identity_association(**place)) == "ResourceNotFoundException"


def test_a_service_account_has_one_association(create: Callable[..., Any], admin: Client) -> None:
    create("once")
    arn = pod_role(admin, "pods-3")
    associate(admin("eks"), "once", arn)
    assert code_of(lambda: associate(admin("eks"), "once", arn)) == "ResourceInUseException"


def test_the_role_must_exist(create: Callable[..., Any], admin: Client) -> None:
    create("roleless")
    missing = "arn:aws:iam::111122223333:role/nobody"
    assert code_of(lambda: associate(admin("eks"), "roleless", missing)) == "InvalidParameterException"


@pytest.mark.parametrize("missing", ["eks:CreatePodIdentityAssociation", "iam:PassRole", "iam:GetRole"])
def test_whoever_associates_needs_three_permissions(
    create: Callable[..., Any], admin: Client, role: Callable[..., Client], missing: str
) -> None:
    name = f"needs-{missing.rpartition(':')[2]}"
    create(name)
    arn = pod_role(admin, name)
    statements = [
        {"Effect": "Allow", "Action": "eks:CreatePodIdentityAssociation", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": arn},
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn,
            "Condition": {"StringEquals": {"iam:PassedToService": PODS}},
        },
    ]
    allowed = [statement for statement in statements if statement["Action"] != missing]
    assert code_of(lambda: associate(role(*allowed)("eks"), name, arn)) == "AccessDeniedException"
    assert associate(role(*statements)("eks"), name, arn)["roleArn"] == arn


def test_a_boundary_that_a_role_has_decides_who_may_change_its_policies(
    admin: Client, role: Callable[..., Client]
) -> None:
    pod_role(admin, "bounded")
    allow = {
        "Effect": "Allow",
        "Action": "iam:PutRolePolicy",
        "Resource": "arn:aws:iam::111122223333:role/clients/*",
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}},
    }
    put = {"RoleName": "bounded", "PolicyName": "p", "PolicyDocument": json.dumps(ALLOW)}
    iam = role(allow)("iam")
    assert code_of(lambda: iam.put_role_policy(**put)) == "AccessDenied"
    admin("iam").put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=BOUNDARY)
    iam.put_role_policy(**put)
