from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]


def permission(port: int, **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}], **more}


@pytest.fixture
def group(admin: Client) -> str:
    vpc = admin("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return str(admin("ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"])


def ports(admin: Client, group: str) -> list[int]:
    found = admin("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    return sorted(item["FromPort"] for item in found)


def test_a_call_with_a_wrong_rule_adds_none(admin: Client, group: str) -> None:
    ec2 = admin("ec2")
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(80)])
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(81), permission(80)])
    assert ports(admin, group) == [80]


def test_a_call_with_a_wrong_rule_removes_none(admin: Client, group: str) -> None:
    ec2 = admin("ec2")
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(80)])
    with pytest.raises(ClientError, match=r"InvalidPermission\.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission(80), permission(81)])
    assert ports(admin, group) == [80]


def test_a_prefix_list_must_exist(admin: Client, group: str) -> None:
    wrong = permission(80, PrefixListIds=[{"PrefixListId": "pl-0"}])
    with pytest.raises(ClientError, match=r"InvalidPrefixListID\.NotFound"):
        admin("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[wrong])


def test_a_rule_is_revoked_by_its_id(admin: Client, group: str) -> None:
    ec2 = admin("ec2")
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(80)])["SecurityGroupRules"]
    identifier = made[0]["SecurityGroupRuleId"]
    answer = ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[identifier])
    assert [rule["SecurityGroupRuleId"] for rule in answer["RevokedSecurityGroupRules"]] == [identifier]
    assert ports(admin, group) == []
    with pytest.raises(ClientError, match=r"InvalidSecurityGroupRuleId\.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[identifier])
