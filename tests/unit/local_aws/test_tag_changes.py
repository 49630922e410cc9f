"""Events about tags, as they follow from calls at the endpoint."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trellis_local.aws import AwsEndpoint
from trellis_local.aws.cloudtrail import Trail
from trellis_local.aws.tag_changes import TagChanges

Client = Callable[[str], Any]
Changes = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def changes(endpoint: AwsEndpoint) -> Iterator[Changes]:
    events: list[dict[str, Any]] = []
    trail = Trail(events.append, TagChanges().events_of, name="tag-changes")
    trail.start()
    endpoint.on_completed(trail.observe)

    def about(part: str) -> list[dict[str, Any]]:
        trail.flush()
        return [event for event in events if part in event["resources"][0]]

    yield about
    trail.stop()


def test_an_event_has_all_tags_and_the_keys_that_changed(
    admin: Client, changes: Changes, subnet: str, cluster_role: str
) -> None:
    eks = admin("eks")
    made = eks.create_cluster(
        name="tagged-often", roleArn=cluster_role, resourcesVpcConfig={"subnetIds": [subnet]}, tags={"a": "1", "b": "1"}
    )
    arn = made["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"b": "2", "c": "2"})
    eks.untag_resource(resourceArn=arn, tagKeys=["a"])
    found = changes("tagged-often")
    assert {(event["source"], event["detail-type"], event["region"]) for event in found} == {
        ("aws.tag", "Tag Change on Resource", "us-west-2")
    }
    assert [event["detail"] for event in found] == [
        {
            "changed-tag-keys": changed,
            "service": "eks",
            "resource-type": "cluster",
            "version": version,
            "tags": tags,
        }
        for version, (changed, tags) in enumerate(
            [
                (["a", "b"], {"a": "1", "b": "1"}),
                (["b", "c"], {"a": "1", "b": "2", "c": "2"}),
                (["a"], {"b": "2", "c": "2"}),
            ],
            start=1,
        )
    ]


def test_a_tag_that_stays_as_it_was_is_no_change(admin: Client, changes: Changes) -> None:
    ec2 = admin("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    for _ in range(2):
        ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "Name", "Value": "x"}])
    assert [event["detail"]["changed-tag-keys"] for event in changes(f"vpc/{vpc_id}")] == [["Name"]]


def test_a_rule_of_a_security_group_has_tags_from_the_beginning(admin: Client, changes: Changes) -> None:
    ec2 = admin("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc_id)["GroupId"]
    rule = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "owner", "Value": "me"}]}],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    (event,) = changes(f"security-group-rule/{rule}")
    assert event["resources"] == [f"arn:aws:ec2:us-west-2:111122223333:security-group-rule/{rule}"]
    assert event["detail"]["tags"] == {"owner": "me"}


def test_a_call_that_was_refused_changes_no_tags(admin: Client, changes: Changes) -> None:
    eks = admin("eks")
    with pytest.raises(eks.exceptions.ClientError):
        eks.tag_resource(resourceArn="arn:aws:eks:us-west-2:111122223333:cluster/nobody", tags={"a": "1"})
    assert changes("cluster/nobody") == []
