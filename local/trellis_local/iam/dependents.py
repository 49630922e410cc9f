"""Actions that a call needs besides its own, one row each, with the page that asks for it.

SAR is the Service Authorization Reference, column "Dependent actions".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trellis_local.iam.request import ApiRequest, Requirement, arns, request_tags, tag_context, values
from trellis_local.iam.resources import BY_ACTION

LATTICE_SERVICE = "vpc-lattice.amazonaws.com"
LATTICE_ROLE = "AWSServiceRoleForVpcLattice"
LOG_DELIVERY_SERVICE = "delivery.logs.amazonaws.com"
LOG_DELIVERY_ROLE = "AWSServiceRoleForLogDelivery"


class Facts(Protocol):
    """What authorization must know about the account besides the call."""

    def target_group_type(self, identifier: str) -> str | None:
        """The type of a VPC Lattice target group, or None when there is no such group."""

    def role_exists(self, name: str) -> bool:
        """Whether IAM has a role of that name."""

    def partition_key(self, table: str) -> str | None:
        """The name of a DynamoDB table's partition key, or None when there is no such table."""


Condition = Callable[[ApiRequest, Facts], bool]


@dataclass(frozen=True)
class Dependent:
    """An action needed on the resources of the templates, when the condition holds."""

    action: str
    resources: Sequence[str] = ("*",)
    when: Condition = lambda request, facts: True
    passed_to: str = ""


def _has(path: str) -> Condition:
    return lambda request, facts: bool(values(request, path))


def _registers(*group_types: str) -> Condition:
    def holds(request: ApiRequest, facts: Facts) -> bool:
        identifier = next(iter(values(request, "targetGroupIdentifier")), "")
        return facts.target_group_type(identifier) in group_types

    return holds


def _first_lattice_resource(request: ApiRequest, facts: Facts) -> bool:
    return not facts.role_exists(LATTICE_ROLE)


def _logs_to(service: str) -> Condition:
    return lambda request, facts: any(arn.split(":")[2:3] == [service] for arn in values(request, "destinationArn"))


def _first_log_to_firehose(request: ApiRequest, facts: Facts) -> bool:
    return _logs_to("firehose")(request, facts) and not facts.role_exists(LOG_DELIVERY_ROLE)


def _pass_role(path: str, service: str) -> Dependent:
    return Dependent("iam:PassRole", (f"{{{path}}}",), _has(path), passed_to=service)


_LATTICE_ROLE = Dependent(
    "iam:CreateServiceLinkedRole",
    (f"arn:aws:iam::{{account}}:role/aws-service-role/{LATTICE_SERVICE}/{LATTICE_ROLE}",),
    _first_lattice_resource,
)
_DESCRIBE_VPCS = Dependent("ec2:DescribeVpcs")
# CloudWatch Logs UG AWS-logs-and-resource-policy.html: permissions by destination, of vended logs.
_LOG_DESTINATION = (
    Dependent("logs:PutResourcePolicy", when=_logs_to("logs")),
    Dependent("logs:DescribeResourcePolicies", when=_logs_to("logs")),
    Dependent("logs:DescribeLogGroups", when=_logs_to("logs")),
    Dependent("s3:GetBucketPolicy", ("{destinationArn:first}",), _logs_to("s3")),
    Dependent("s3:PutBucketPolicy", ("{destinationArn:first}",), _logs_to("s3")),
    Dependent("firehose:TagDeliveryStream", ("{destinationArn}",), _logs_to("firehose")),
    Dependent(
        "iam:CreateServiceLinkedRole",
        (f"arn:aws:iam::{{account}}:role/aws-service-role/{LOG_DELIVERY_SERVICE}/{LOG_DELIVERY_ROLE}",),
        _first_log_to_firehose,
    ),
)
_POD_IDENTITY = (
    Dependent("iam:GetRole", ("{roleArn}",), _has("roleArn")),
    _pass_role("roleArn", "pods.eks.amazonaws.com"),
)
_STATES, _LAMBDA, _EVENTS = "states.amazonaws.com", "lambda.amazonaws.com", "events.amazonaws.com"

DEPENDENTS: Mapping[tuple[str, str], tuple[Dependent, ...]] = {
    # SAR list_amazonvpclattice.html; the role: VPC Lattice UG using-service-linked-roles.html.
    ("vpc-lattice", "CreateService"): (_LATTICE_ROLE,),
    ("vpc-lattice", "CreateServiceNetwork"): (_LATTICE_ROLE,),
    # VPC Lattice UG security_iam_id-based-policies.html: the VPC of the group is looked up for the caller.
    ("vpc-lattice", "CreateTargetGroup"): (
        _LATTICE_ROLE,
        Dependent("ec2:DescribeVpcs", when=_has("config.vpcIdentifier")),
    ),
    # VPC Lattice UG additional-api-permissions.html. lambda:AddPermission is left out: it is needed only when the
    # function does not let VPC Lattice in yet, which is not known here.
    ("vpc-lattice", "RegisterTargets"): (
        Dependent("ec2:DescribeInstances", when=_registers("INSTANCE")),
        Dependent("ec2:DescribeVpcs", when=_registers("IP", "INSTANCE")),
        Dependent("ec2:DescribeSubnets", when=_registers("IP", "INSTANCE")),
        Dependent("lambda:GetFunction", ("{targets[].id}",), when=_registers("LAMBDA")),
    ),
    # SAR list_amazonvpclattice.html; security groups: VPC Lattice UG security_iam_id-based-policies.html.
    ("vpc-lattice", "CreateServiceNetworkVpcAssociation"): (
        _DESCRIBE_VPCS,
        Dependent("ec2:DescribeSecurityGroups", when=_has("securityGroupIds[]")),
    ),
    # SAR list_amazonvpclattice.html
    ("vpc-lattice", "UpdateServiceNetworkVpcAssociation"): (
        _DESCRIBE_VPCS,
        Dependent("ec2:DescribeSecurityGroups"),
    ),
    # SAR list_amazonvpclattice.html
    ("vpc-lattice", "CreateResourceGateway"): (
        _DESCRIBE_VPCS,
        Dependent("ec2:DescribeSubnets"),
        Dependent("ec2:DescribeSecurityGroups", when=_has("securityGroupIds[]")),
    ),
    # SAR list_amazonvpclattice.html; VPC Lattice UG security_iam_id-based-policies.html, "API permissions".
    ("vpc-lattice", "CreateAccessLogSubscription"): (
        Dependent("logs:CreateLogDelivery"),
        Dependent("logs:GetLogDelivery"),
        *_LOG_DESTINATION,
    ),
    ("vpc-lattice", "UpdateAccessLogSubscription"): (Dependent("logs:UpdateLogDelivery"), *_LOG_DESTINATION),
    ("vpc-lattice", "DeleteAccessLogSubscription"): (Dependent("logs:DeleteLogDelivery"),),
    # SAR list_amazonroute53.html
    ("route53", "CreateHostedZone"): (Dependent("ec2:DescribeVpcs", when=_has("VPC.VPCId")),),
    ("route53", "AssociateVPCWithHostedZone"): (_DESCRIBE_VPCS,),
    ("route53", "DisassociateVPCFromHostedZone"): (_DESCRIBE_VPCS,),
    ("route53", "ListHostedZonesByVPC"): (_DESCRIBE_VPCS,),
    # SAR list_awsstepfunctions.html
    ("states", "CreateStateMachine"): (_pass_role("roleArn", _STATES),),
    ("states", "UpdateStateMachine"): (_pass_role("roleArn", _STATES),),
    # SAR list_awslambda.html; the update: Lambda DG lambda-permissions.html.
    ("lambda", "CreateFunction"): (_pass_role("Role", _LAMBDA),),
    ("lambda", "UpdateFunctionConfiguration"): (_pass_role("Role", _LAMBDA),),
    # EventBridge UG eb-use-identity-based.html
    ("events", "PutTargets"): (_pass_role("Targets[].RoleArn", _EVENTS),),
    ("events", "PutRule"): (_pass_role("RoleArn", _EVENTS),),
    # SAR list_amazoneventbridgescheduler.html
    ("scheduler", "CreateSchedule"): (_pass_role("Target.RoleArn", "scheduler.amazonaws.com"),),
    ("scheduler", "UpdateSchedule"): (_pass_role("Target.RoleArn", "scheduler.amazonaws.com"),),
    # EKS UG cluster-iam-role.html
    ("eks", "CreateCluster"): (_pass_role("roleArn", "eks.amazonaws.com"),),
    # SAR list_amazonelastickubernetesservice.html; the service: EKS UG pod-id-association.html.
    ("eks", "CreatePodIdentityAssociation"): _POD_IDENTITY,
    ("eks", "UpdatePodIdentityAssociation"): _POD_IDENTITY,
    # S3 UG object-tagging.html
    ("s3", "PutObject"): (Dependent("s3:PutObjectTagging", ("arn:aws:s3:::{Bucket}/{Key}",), _has("Tagging")),),
}

# A create call with tags is also checked for the service's tagging action (IAM UG access_tags.html, and "Grant
# permission to tag resources during creation" of each service's guide).
TAG_ON_CREATE: Mapping[str, str] = {
    "vpc-lattice": "vpc-lattice:TagResource",
    "ec2": "ec2:CreateTags",
    "eks": "eks:TagResource",
    "states": "states:TagResource",
    "dynamodb": "dynamodb:TagResource",
    "sns": "sns:TagResource",
    "sqs": "sqs:TagQueue",
    "lambda": "lambda:TagResource",
    "events": "events:TagResource",
}
_TAG_ON_CREATE_IAM = {"CreateRole": "iam:TagRole", "CreateUser": "iam:TagUser", "CreatePolicy": "iam:TagPolicy"}


def dependent_requirements(request: ApiRequest, facts: Facts, own: Sequence[Requirement]) -> list[Requirement]:
    """What the call needs besides its own action; `own` are the requirements of the action itself."""
    needed = []
    for row in DEPENDENTS.get((request.service, request.operation), ()):
        if row.when(request, facts):
            resources = tuple(arn for template in row.resources for arn in arns(request, template)) or ("*",)
            needed.append(Requirement(row.action, resources, _row_context(row)))
    return [*needed, *_tagging_on_create(request, own)]


def _row_context(row: Dependent) -> dict[str, tuple[str, ...]]:
    if row.passed_to:
        return {"iam:passedtoservice": (row.passed_to,)}
    if row.action == "iam:CreateServiceLinkedRole":
        return {"iam:awsservicename": (row.resources[0].split("/")[2],)}
    return {}


def _tagging_on_create(request: ApiRequest, own: Sequence[Requirement]) -> list[Requirement]:
    tags = request_tags(request)
    creates = request.operation.startswith(("Create", "Authorize", "Put", "Run", "Allocate"))
    action = _TAG_ON_CREATE_IAM.get(request.operation, "") if request.service == "iam" else ""
    action = action or TAG_ON_CREATE.get(request.service, "")
    if not tags or not creates or not action or any(item.action == action for item in own):
        return []
    context = {**tag_context(tags), f"{request.service}:createaction": (request.operation,)}
    return [Requirement(action, _tagged(request, own), context)]


def _tagged(request: ApiRequest, own: Sequence[Requirement]) -> tuple[str, ...]:
    if request.service == "ec2":
        return arns(request, "arn:aws:ec2:{region}:{account}:{TagSpecifications[].ResourceType}/*") or ("*",)
    if request.operation == "CreatePodIdentityAssociation":
        return arns(request, "arn:aws:eks:{region}:{account}:podidentityassociation/{clusterName}/*")
    templates = BY_ACTION.get(request.service, {}).get(request.operation, ())[:1]
    return tuple(arn for template in templates for arn in arns(request, template)) or own[0].resources
