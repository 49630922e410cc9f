"""AWS::IAM::Role and AWS::IAM::ManagedPolicy."""

from trellis_local.deploy.policy_documents import policy_text
from trellis_local.deploy.properties import Properties, tag_list
from trellis_local.deploy.resource import Created, Resource


def create_role(resource: Resource) -> Created:
    """The role with its trust, inline and managed policies; Ref is its name."""
    given = resource.properties
    name = given.take("RoleName", resource.name())
    role = resource.api(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=policy_text(given.require("AssumeRolePolicyDocument")),
        Tags=tag_list(given.tags()),
        **given.some("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
    )["Role"]
    for index, policy in enumerate(given.take("Policies", [])):
        _put_inline_policy(resource, name, Properties(f"{given.where}.Policies[{index}]", policy))
    for arn in given.take("ManagedPolicyArns", []):
        resource.api("iam", "attach_role_policy", RoleName=name, PolicyArn=arn)
    return Created(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _put_inline_policy(resource: Resource, role: str, policy: Properties) -> None:
    resource.api(
        "iam",
        "put_role_policy",
        RoleName=role,
        PolicyName=policy.require("PolicyName"),
        PolicyDocument=policy_text(policy.require("PolicyDocument")),
    )
    policy.finish()


def create_managed_policy(resource: Resource) -> Created:
    """A customer managed policy, attached to the roles that it names; Ref is its ARN."""
    given = resource.properties
    arn = resource.api(
        "iam",
        "create_policy",
        PolicyName=given.take("ManagedPolicyName", resource.name(limit=128)),
        PolicyDocument=policy_text(given.require("PolicyDocument")),
        **given.some("Path", "Description"),
    )["Policy"]["Arn"]
    for role in given.take("Roles", []):
        resource.api("iam", "attach_role_policy", RoleName=role, PolicyArn=arn)
    return Created(arn, {"PolicyArn": arn})
