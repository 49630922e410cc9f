"""The link-local ingress rules of a cluster security group: observe, compare, change."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trellis.errors import ServiceUnavailableError
from trellis.model import OWNER_TAG, Cluster, ClusterState, LinkLocalRule, cluster_owner, ownership_tags
from trellis.planning.security_group import (
    AuthorizeIngress,
    RevokeIngress,
    SecurityGroupChange,
    diff_security_group,
    wanted_rules,
)
from trellis.planning.work import Description, KindPlan, Outcome, Refusal, Status

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

KIND = "open_security_group"

PERMISSIONS = ("ec2:CreateTags",)
"""What the calls need beside the actions of their own names."""

_PREFIX_LIST_NAMES = ("com.amazonaws.{region}.vpc-lattice", "com.amazonaws.{region}.ipv6.vpc-lattice")


def plan(ec2: "EC2Client", cluster: Cluster, cidrs: Sequence[str]) -> KindPlan:
    """What a run would change; `cidrs` replace the managed prefix lists when given."""
    observed = observe(ec2, cluster)
    changes = diff_security_group(cluster, wanted_rules(cluster, sources(ec2, cluster, cidrs)), observed)
    owner = cluster_owner(cluster.account, cluster.name)
    return KindPlan(
        changes=tuple(change.describe() for change in changes),
        owned=sum(rule.owner == owner for rule in observed),
        ids=_ids(cluster, observed),
    )


def _ids(cluster: Cluster, observed: Sequence[LinkLocalRule]) -> tuple[str, ...]:
    """The rules too: whoever tags one names nothing else."""
    owner = cluster_owner(cluster.account, cluster.name)
    return (cluster.security_group_id, *(rule.id for rule in observed if rule.owner == owner))


def reconcile(ec2: "EC2Client", cluster: Cluster, cidrs: Sequence[str]) -> Outcome:
    """Apply all changes; EC2 makes them at once."""
    wanted = wanted_rules(cluster, sources(ec2, cluster, cidrs))
    done: list[Description] = []
    for change in diff_security_group(cluster, wanted, observe(ec2, cluster)):
        try:
            apply(ec2, cluster, change)
        except ClientError as error:
            refusal = _refusal(change, error)
            if refusal is None:
                continue
            return Outcome(KIND, cluster.name, Status.REFUSED, tuple(done), (refusal,))
        done.append(change.describe())
    return Outcome(KIND, cluster.name, Status.DONE, tuple(done))


def sources(ec2: "EC2Client", cluster: Cluster, cidrs: Sequence[str]) -> tuple[str, ...]:
    """The CIDRs of the configuration, or the ids of VPC Lattice's managed prefix lists; none for who leaves.

    Every region with VPC Lattice has such lists, so an empty answer is no reason to revoke the rules that are there:
    raises ServiceUnavailableError.
    """
    if cidrs or cluster.state is ClusterState.LEAVING:
        return tuple(cidrs)
    names = [name.format(region=cluster.region) for name in _PREFIX_LIST_NAMES]
    answer = ec2.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": names}])
    found = tuple(sorted(found["PrefixListId"] for found in answer["PrefixLists"]))
    if not found:
        raise ServiceUnavailableError(f"EC2 lists none of the managed prefix lists {', '.join(names)}")
    return found


def observe(ec2: "EC2Client", cluster: Cluster) -> tuple[LinkLocalRule, ...]:
    """All ingress rules of the cluster security group that have a CIDR or a prefix list as source."""
    pages = ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": [cluster.security_group_id]}]
    )
    found = [rule for page in pages for rule in page["SecurityGroupRules"] if not rule["IsEgress"]]
    return tuple(_rule(dict(rule)) for rule in found if _source(dict(rule)))


def apply(ec2: "EC2Client", cluster: Cluster, change: SecurityGroupChange) -> None:
    """Make one change, which is one call that can be made twice."""
    match change:
        case AuthorizeIngress(rule=rule):
            tags = ownership_tags(cluster_owner(cluster.account, cluster.name), f"cluster {cluster.name}")
            ec2.authorize_security_group_ingress(
                GroupId=rule.group_id,
                IpPermissions=[_permission(rule)],
                TagSpecifications=[
                    {
                        "ResourceType": "security-group-rule",
                        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                    }
                ],
            )
        case RevokeIngress(rule=rule):
            ec2.revoke_security_group_ingress(GroupId=rule.group_id, SecurityGroupRuleIds=[rule.id])


def _refusal(change: SecurityGroupChange, error: ClientError) -> Refusal | None:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in {"InvalidPermission.Duplicate", "InvalidSecurityGroupRuleId.NotFound"}:
        return None
    if code in {"InvalidGroup.NotFound", "RulesPerSecurityGroupLimitExceeded"}:
        return Refusal(str(change.describe()["resource"]), code, message)
    raise error


def _permission(rule: LinkLocalRule) -> Any:
    permission: dict[str, Any] = {"IpProtocol": rule.protocol, "FromPort": rule.from_port, "ToPort": rule.to_port}
    description = {"Description": "VPC Lattice (Trellis)"}
    if rule.source.startswith("pl-"):
        permission["PrefixListIds"] = [{"PrefixListId": rule.source, **description}]
    elif ":" in rule.source:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule.source, **description}]
    else:
        permission["IpRanges"] = [{"CidrIp": rule.source, **description}]
    return permission


def _source(rule: dict[str, Any]) -> str:
    return str(rule.get("PrefixListId") or rule.get("CidrIpv4") or rule.get("CidrIpv6") or "")


def _rule(rule: dict[str, Any]) -> LinkLocalRule:
    tags = {tag["Key"]: tag["Value"] for tag in rule.get("Tags", [])}
    return LinkLocalRule(
        group_id=rule["GroupId"],
        source=_source(rule),
        protocol=rule["IpProtocol"],
        from_port=rule.get("FromPort", -1),
        to_port=rule.get("ToPort", -1),
        id=rule["SecurityGroupRuleId"],
        owner=tags.get(OWNER_TAG, ""),
    )
