"""How far the roles of the template reach: what is Trellis' own they may change, what is anybody else's they may not.

Each case is one call as IAM sees it, decided by the evaluator that the local stack enforces policies with.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trellis_local.deploy.yaml_loading import load
from trellis_local.iam.evaluator import Access, Verdict, evaluate, parse_policy

RESOURCES = load(Path(__file__).parents[2] / "template.yaml")["Resources"]
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-west-2", "AWS::AccountId": "111122223333"}
LATTICE = "arn:aws:vpc-lattice:us-west-2:111122223333:"
LATTICE_OF_OTHERS = "arn:aws:vpc-lattice:us-west-2:999988887777:"
EC2, EKS = "arn:aws:ec2:us-west-2:111122223333:", "arn:aws:eks:us-west-2:111122223333:"
CLIENT = "arn:aws:iam::111122223333:role/trellis/clients/EKS-CLUSTER-A/apps-frontend-0"
ZONE = "arn:aws:route53:::hostedzone/Z1"
OURS = {"aws:resourcetag/trellis:owner": "111122223333/EKS-CLUSTER-A"}
THEIRS = {"aws:resourcetag/trellis:owner": "999988887777/EKS-CLUSTER-A"}
MADE = {"aws:requesttag/trellis:owner": "111122223333/EKS-CLUSTER-A"}
READER = {"eks:principalarn": "arn:aws:iam::111122223333:role/trellis/ReadClusterFunctionRole"}
NETWORK_TAG = {"aws:resourcetag/trellis:service-network": "eks-lattice-network"}
GROUP_TAG = {"aws:resourcetag/aws:eks:cluster-name": "EKS-CLUSTER-A"}
AS_IT_IS_MADE = {"ec2:createaction": "AuthorizeSecurityGroupIngress"}
Values = Mapping[str, str]


def made(logical_id: str) -> str:
    """The ARN of something that the template makes."""
    return f"arn:aws:iam::111122223333:role/trellis/{logical_id}"


def resolved(value: Any) -> Any:
    """A part of a policy with what a deployment puts in; the ARNs of other resources end with their logical ids."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([^}]+)\}", lambda found: PSEUDO.get(found[1], found[1]), value["Fn::Sub"])
    if "Ref" in value or "Fn::GetAtt" in value:
        named = value.get("Ref") or value["Fn::GetAtt"]
        return made((named if isinstance(named, str) else ".".join(named)).removesuffix(".Arn"))
    return {key: resolved(item) for key, item in value.items()}


def may(function: str, action: str, resource: str, *context: Values) -> bool:
    policies = RESOURCES[f"{function}Function"]["Properties"]["Policies"]
    documents = [{"Version": "2012-10-17", **resolved(policy)} for policy in policies]
    statements = [item for document in documents for item in parse_policy(json.dumps(document))]
    values = {key: tuple(value.split()) for part in context for key, value in part.items()}
    return evaluate(statements, Access(action, resource, values)) is Verdict.ALLOWED


def records(actions: str, types: str) -> Values:
    keys = "route53:changeresourcerecordsetsactions", "route53:changeresourcerecordsetsrecordtypes"
    return dict(zip(keys, (actions, types), strict=True))


OWN = [
    ("SyncDns", "route53:ChangeResourceRecordSets", ZONE, records("CREATE DELETE", "CNAME TXT")),
    ("OpenSecurityGroup", "ec2:AuthorizeSecurityGroupIngress", f"{EC2}security-group/sg-1", GROUP_TAG),
    ("OpenSecurityGroup", "ec2:RevokeSecurityGroupIngress", f"{EC2}security-group-rule/sgr-1", OURS),
    ("OpenSecurityGroup", "ec2:CreateTags", f"{EC2}security-group-rule/*", {**MADE, **AS_IT_IS_MADE}),
    ("GrantClusterAccess", "eks:CreateAccessEntry", f"{EKS}cluster/a", READER),
    ("ProvisionClientIdentity", "iam:DeleteRole", CLIENT, OURS),
    ("ProvisionClientIdentity", "iam:UpdateAssumeRolePolicy", CLIENT, OURS),
    ("ApplyService", "vpc-lattice:CreateService", f"{LATTICE}service/*", MADE),
    ("ApplyService", "vpc-lattice:DeleteService", f"{LATTICE}service/svc-1", OURS),
    ("ApplyService", "vpc-lattice:RegisterTargets", f"{LATTICE}targetgroup/tg-1", OURS),
    ("ApplyService", "vpc-lattice:UpdateRule", f"{LATTICE}service/svc-1/listener/listener-1/rule/rule-1", {}),
    (
        "ApplyService",
        "vpc-lattice:CreateServiceNetworkServiceAssociation",
        f"{LATTICE_OF_OTHERS}servicenetwork/sn-1",
        MADE,
    ),
    (
        "AssociateVpc",
        "vpc-lattice:CreateServiceNetworkVpcAssociation",
        f"{LATTICE_OF_OTHERS}servicenetwork/sn-1",
        MADE,
    ),
    ("AssociateVpc", "vpc-lattice:DeleteServiceNetwork", f"{LATTICE}servicenetwork/sn-1", OURS),
    ("AttachAuthPolicy", "vpc-lattice:PutAuthPolicy", f"{LATTICE}service/svc-1", OURS),
]
FOREIGN = [
    ("SyncDns", "route53:ChangeResourceRecordSets", ZONE, records("CREATE", "CNAME A")),
    ("SyncDns", "route53:ChangeResourceRecordSets", ZONE, records("DELETE", "NS")),
    ("SyncDns", "route53:ChangeResourceRecordSets", ZONE, records("CREATE", "MX")),
    ("SyncDns", "route53:ChangeResourceRecordSets", ZONE, records("UPSERT", "CNAME TXT")),
    ("SyncDns", "route53:DeleteHostedZone", ZONE, {}),
    ("OpenSecurityGroup", "ec2:AuthorizeSecurityGroupIngress", f"{EC2}security-group/sg-1", {}),
    ("OpenSecurityGroup", "ec2:RevokeSecurityGroupIngress", f"{EC2}security-group/sg-1", OURS),
    ("OpenSecurityGroup", "ec2:RevokeSecurityGroupIngress", f"{EC2}security-group-rule/sgr-1", {}),
    ("OpenSecurityGroup", "ec2:RevokeSecurityGroupIngress", f"{EC2}security-group-rule/sgr-1", THEIRS),
    ("OpenSecurityGroup", "ec2:CreateTags", f"{EC2}security-group-rule/sgr-1", MADE),
    (
        "GrantClusterAccess",
        "eks:CreateAccessEntry",
        f"{EKS}cluster/a",
        {"eks:principalarn": "arn:aws:iam::1:role/m", **NETWORK_TAG},
    ),
    (
        "GrantClusterAccess",
        "eks:UpdateClusterConfig",
        f"{EKS}cluster/a",
        {"eks:authenticationmode": "API_AND_CONFIG_MAP"},
    ),
    ("ProvisionClientIdentity", "iam:DeleteRole", CLIENT, {}),
    ("ProvisionClientIdentity", "iam:UpdateAssumeRolePolicy", CLIENT, THEIRS),
    ("ProvisionClientIdentity", "iam:DeleteRole", "arn:aws:iam::111122223333:role/admin", OURS),
    (
        "ProvisionClientIdentity",
        "iam:PutRolePolicy",
        CLIENT,
        {"iam:permissionsboundary": "arn:aws:iam::1:policy/everything"},
    ),
    ("ApplyService", "vpc-lattice:CreateService", f"{LATTICE}service/*", {}),
    ("ApplyService", "vpc-lattice:CreateTargetGroup", f"{LATTICE_OF_OTHERS}targetgroup/*", MADE),
    ("ApplyService", "vpc-lattice:TagResource", f"{LATTICE_OF_OTHERS}service/svc-1", MADE),
    ("ApplyService", "vpc-lattice:TagResource", f"{LATTICE}servicenetwork/sn-1", MADE),
    ("ApplyService", "vpc-lattice:DeleteService", f"{LATTICE}service/svc-1", {}),
    ("ApplyService", "vpc-lattice:DeregisterTargets", f"{LATTICE}targetgroup/tg-1", THEIRS),
    ("ApplyService", "vpc-lattice:DeleteRule", f"{LATTICE_OF_OTHERS}service/svc-1/listener/l-1/rule/r-1", {}),
    ("ApplyService", "vpc-lattice:PutAuthPolicy", f"{LATTICE}service/svc-1", OURS),
    ("AssociateVpc", "vpc-lattice:TagResource", f"{LATTICE}service/svc-1", MADE),
    ("AssociateVpc", "vpc-lattice:DeleteServiceNetworkVpcAssociation", f"{LATTICE}servicenetworkvpcassociation/x", {}),
    ("AttachAuthPolicy", "vpc-lattice:PutAuthPolicy", f"{LATTICE}service/svc-1", {}),
    ("AttachAuthPolicy", "vpc-lattice:UpdateServiceNetwork", f"{LATTICE}servicenetwork/sn-1", THEIRS),
    (
        "AttachAuthPolicy",
        "vpc-lattice:TagResource",
        f"{LATTICE}service/svc-1",
        {**OURS, "aws:tagkeys": "trellis:owner"},
    ),
]


@pytest.mark.parametrize(("function", "action", "resource", "context"), OWN)
def test_what_is_trellis_own_it_may_change(function: str, action: str, resource: str, context: Values) -> None:
    assert may(function, action, resource, context)


@pytest.mark.parametrize(("function", "action", "resource", "context"), FOREIGN)
def test_what_is_anybody_elses_it_may_not(function: str, action: str, resource: str, context: Values) -> None:
    assert not may(function, action, resource, context)
