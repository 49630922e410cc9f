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


def modify(admin: Client, group: str, rule: dict[str, Any], **source: str) -> None:
    wanted = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90, **source}
    changed = {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wanted}
    admin("ec2").modify_security_group_rules(GroupId=group, SecurityGroupRules=[changed])


def test_a_rule_gets_another_prefix_list_and_no_other_type_of_source(admin: Client, group: str) -> None:
    ec2 = admin("ec2")
    first, second = [item["PrefixListId"] for item in ec2.describe_managed_prefix_lists()["PrefixLists"]][:2]
    wanted = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "PrefixListIds": [{"PrefixListId": first}]}
    (rule,) = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[wanted])["SecurityGroupRules"]
    with pytest.raises(ClientError, match="Invalid rule type"):
        modify(admin, group, rule, CidrIpv4="10.0.0.0/8")
    with pytest.raises(ClientError, match=r"InvalidPrefixListID\.NotFound"):
        modify(admin, group, rule, PrefixListId="pl-0")
    modify(admin, group, rule, PrefixListId=second)
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])["SecurityGroupRules"]
    assert [(item["PrefixListId"], item["ToPort"]) for item in found] == [(second, 90)]
