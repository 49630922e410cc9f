"""IAM enforcement: the caller's policies against everything that the call needs.

Identity policies, permissions boundaries and trust policies are enforced; policies of resources, organizations and
sessions are not. A refused call gets the service's own error, in the protocol of the call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trellis_local import clock
from trellis_local.aws import moto_seam as moto
from trellis_local.aws.bucket_policies import OVER_TLS
from trellis_local.aws.identity import Principal
from trellis_local.aws.wire import AwsError, WireCall
from trellis_local.iam.actions import requirements
from trellis_local.iam.evaluator import Access, Statement, Verdict, evaluate_with_boundary, parse_policy
from trellis_local.iam.request import ApiRequest, Requirement
from trellis_local.iam.trust import Caller, Trust, trust_of

Context = dict[str, tuple[str, ...]]

_READS_OF_OBJECTS = {("s3", "GetObject"), ("s3", "HeadObject")}

_REASONS = {
    Verdict.NOT_ALLOWED: "because no identity-based policy allows the {action} action",
    Verdict.DENIED: "with an explicit deny in an identity-based policy",
    Verdict.NOT_ALLOWED_BY_BOUNDARY: "because no permissions boundary allows the {action} action",
}


@dataclass(frozen=True)
class Denial:
    """The first thing that the caller may not do."""

    action: str
    resource: str
    verdict: Verdict


@dataclass(frozen=True)
class Decision:
    """What the call needs, what was refused, if anything, and what was evaluated; nothing is for the administrator."""

    required: tuple[Requirement, ...]
    denial: Denial | None = None
    checked: tuple[Access, ...] = ()


class AccountFacts:
    """What authorization asks about the account."""

    def __init__(self, region: str) -> None:
        self._region = region

    def target_group_type(self, identifier: str) -> str | None:
        """The type of a target group, or None."""
        return moto.target_group_type(identifier, region=self._region)

    def role_exists(self, name: str) -> bool:
        """Whether IAM has a role of that name."""
        return moto.role_by_name(name) is not None

    def partition_key(self, table: str) -> str | None:
        """The name of a table's partition key, or None."""
        return moto.partition_key(table, region=self._region)


def decide(call: WireCall, principal: Principal) -> Decision:
    """Whether the principal may make the call; the administrator may, but roles still decide who assumes them."""
    required = tuple(map(_with_path, requirements(call.api, AccountFacts(call.api.region))))
    if (call.api.service, call.api.operation) == ("sts", "AssumeRole"):
        return _assume_role(call, principal, required)
    if principal.is_admin:
        return Decision(required)
    return _evaluated(required, call, principal)


def decide_absence(call: WireCall, principal: Principal, before: Decision) -> Decision:
    """What a caller may learn of an object that does not exist: without s3:ListBucket not even that.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, "Permissions"
    """
    bucket = str(call.api.parameters.get("Bucket", ""))
    if (call.api.service, call.api.operation) not in _READS_OF_OBJECTS or not moto.bucket_exists(bucket):
        return before
    required = (*before.required, Requirement("s3:ListBucket", (f"arn:aws:s3:::{bucket}",)))
    return Decision(required) if principal.is_admin else _evaluated(required, call, principal)


def denied(call: WireCall, principal: Principal, denial: Denial) -> AwsError:
    """The error that the service answers."""
    reason = _REASONS[denial.verdict].format(action=denial.action)
    message = (
        f"User: {principal.arn} is not authorized to perform: {denial.action} on resource: {denial.resource} {reason}"
    )
    service, protocol = call.api.service, call.protocol
    if service == "ec2":
        text = f"You are not authorized to perform this operation. {message}"
        return AwsError("UnauthorizedOperation", text, status=403)
    if service == "sns":
        return AwsError("AuthorizationError", message, status=403)
    if protocol in ("query", "rest-xml"):
        return AwsError("AccessDenied", message, status=403)
    # Services that speak AWS JSON answer AccessDeniedException with 400, those that speak REST JSON with 403.
    return AwsError("AccessDeniedException", message, status=400 if protocol == "json" else 403)


def _evaluated(required: tuple[Requirement, ...], call: WireCall, principal: Principal) -> Decision:
    """The decision of the caller's own policies, up to the first denial."""
    statements, boundary = policies_of(principal)
    general = _general_context(call, principal)
    checked: list[Access] = []
    for requirement in required:
        for resource in requirement.resources:
            context = {
                **_boundary_context(resource),
                **general,
                **requirement.context,
                **_resource_context(resource, call.api),
            }
            checked.append(Access(requirement.action, resource, context))
            verdict = evaluate_with_boundary(statements, boundary, checked[-1])
            if verdict is not Verdict.ALLOWED:
                return Decision(required, Denial(requirement.action, resource, verdict), tuple(checked))
    return Decision(required, None, tuple(checked))


def policies_of(principal: Principal) -> tuple[list[Statement], list[Statement] | None]:
    """The statements of the principal's own policies and of its permissions boundary, if it has one."""
    holder = moto.iam_holder(principal.role_arn or principal.arn)
    if holder is None:  # a session outlives its role, without any permission
        return [], None
    statements = [item for document in moto.identity_policies(holder) for item in parse_policy(document)]
    boundary = moto.permissions_boundary(holder)
    return statements, list(parse_policy(boundary)) if boundary is not None else None


def _general_context(call: WireCall, principal: Principal) -> Context:
    now = clock.current().now()
    context: Context = {
        "aws:principalarn": (principal.role_arn or principal.arn,),
        "aws:principalaccount": (principal.account,),
        "aws:principaltype": (principal.type.replace("IAMUser", "User"),),
        "aws:userid": (principal.principal_id,),
        "aws:sourceip": (call.source_ip,),
        **OVER_TLS,
        "aws:currenttime": (now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:useragent": (call.user_agent,),
        "aws:requestedregion": (call.api.region,),
        "aws:viaawsservice": ("false",),
    }
    if principal.user_name:
        context["aws:username"] = (principal.user_name,)
    return context


def _resource_context(resource: str, request: ApiRequest) -> Context:
    tags: Mapping[str, str] = {}
    if resource.startswith("arn:") and not resource.endswith("*"):
        tags = moto.resource_tags(resource, region=request.region)
    context: Context = {"aws:resourceaccount": (request.account,)}
    for key, value in tags.items():
        for prefix in ("aws", request.service):
            context[f"{prefix}:resourcetag/{key.lower()}"] = (value,)
    return context


def _with_path(requirement: Requirement) -> Requirement:
    """Calls name a role without its path, which is part of the ARN that policies are matched against."""
    return replace(requirement, resources=tuple(map(_full_arn, requirement.resources)))


def _full_arn(resource: str) -> str:
    prefix, _, name = resource.partition(":role/")
    role = moto.role_by_name(name) if prefix.startswith("arn:aws:iam::") and name and "/" not in name else None
    return str(role.arn) if role is not None else resource


def _boundary_context(resource: str) -> Context:
    """For calls that change a role's policies the key has the role's own boundary.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """
    role = moto.role_by_arn(resource) if ":role/" in resource else None
    arn = getattr(role, "permissions_boundary_arn", None)
    return {"iam:permissionsboundary": (str(arn),)} if arn else {}


def _assume_role(call: WireCall, principal: Principal, required: tuple[Requirement, ...]) -> Decision:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"""
    role_arn = str(call.api.parameters.get("RoleArn", ""))
    role = moto.role_by_arn(role_arn)
    refusal = Denial("sts:AssumeRole", role_arn, Verdict.NOT_ALLOWED)
    if role is None:
        return Decision(required, refusal)
    arns = tuple(arn for arn in (principal.arn, principal.role_arn) if arn)
    caller = Caller(arns=arns, account=principal.account)
    context = {**_general_context(call, principal), **required[0].context}
    trust = trust_of(parse_policy(moto.trust_policy(role)), caller, action="sts:AssumeRole", context=context)
    if trust is Trust.NONE:
        return Decision(required, refusal)
    if trust is Trust.CALLER or principal.is_admin:
        return Decision(required)
    return _evaluated(required, call, principal)
