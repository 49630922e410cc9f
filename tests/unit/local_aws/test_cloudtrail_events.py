import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from trellis_local.aws import AwsEndpoint
from trellis_local.aws.cloudtrail import Trail

Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def published(endpoint: AwsEndpoint) -> Iterator[list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    trail = Trail(events.append)
    trail.start()
    endpoint.on_completed(trail.observe)

    class Events(list[dict[str, Any]]):
        def named(self, name: str) -> dict[str, Any]:
            trail.flush()
            return next(event for event in reversed(events) if event["detail"]["eventName"] == name)

    yield Events()
    trail.stop()


@pytest.fixture
def event(published: Any) -> Callable[[str], dict[str, Any]]:
    found: Callable[[str], dict[str, Any]] = published.named
    return found


def test_a_cluster_creation_is_an_event_with_its_tags(
    admin: Client, event: Callable[[str], Any], subnet: str, cluster_role: str
) -> None:
    tags = {"trellis:service-network": "n", "Team": "x"}
    admin("eks").create_cluster(
        name="traced", roleArn=cluster_role, resourcesVpcConfig={"subnetIds": [subnet]}, tags=tags
    )
    found = event("CreateCluster")
    detail = found["detail"]
    assert (found["source"], found["detail-type"], found["region"]) == (
        "aws.eks",
        "AWS API Call via CloudTrail",
        "us-west-2",
    )
    assert detail["requestParameters"]["name"] == "traced"
    assert detail["requestParameters"]["tags"] == tags
    assert detail["requestParameters"]["resourcesVpcConfig"] == {"subnetIds": [subnet]}
    assert detail["responseElements"]["cluster"]["status"] == "CREATING"
    assert detail["eventSource"] == "eks.amazonaws.com"
    assert (detail["readOnly"], detail["managementEvent"], detail["eventType"]) == (False, True, "AwsApiCall")
    json.dumps(found)


def test_an_access_entry_names_its_cluster_as_the_path_does(
    admin: Client, event: Callable[[str], Any], subnet: str, cluster_role: str
) -> None:
    eks = admin("eks")
    eks.create_cluster(
        name="entered",
        roleArn=cluster_role,
        resourcesVpcConfig={"subnetIds": [subnet]},
        accessConfig={"authenticationMode": "API"},
    )
    eks.create_access_entry(clusterName="entered", principalArn=cluster_role)
    parameters = event("CreateAccessEntry")["detail"]["requestParameters"]
    assert (parameters["name"], parameters["principalArn"]) == ("entered", cluster_role)
    assert "clusterName" not in parameters


def test_tag_changes_name_the_resource(
    admin: Client, event: Callable[[str], Any], subnet: str, cluster_role: str
) -> None:
    admin("eks").create_cluster(name="tagged", roleArn=cluster_role, resourcesVpcConfig={"subnetIds": [subnet]})
    arn = "arn:aws:eks:us-west-2:111122223333:cluster/tagged"
    admin("eks").tag_resource(resourceArn=arn, tags={"Key": "v"})
    admin("eks").untag_resource(resourceArn=arn, tagKeys=["Key"])
    assert event("TagResource")["detail"]["requestParameters"] == {"resourceArn": arn, "tags": {"Key": "v"}}
    assert event("UntagResource")["detail"]["requestParameters"] == {"resourceArn": arn, "tagKeys": ["Key"]}


def test_security_group_rules_have_the_nested_form(admin: Client, event: Callable[[str], Any]) -> None:
    ec2 = admin("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "169.254.171.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    detail = event("AuthorizeSecurityGroupIngress")["detail"]
    assert detail["requestParameters"] == {
        "groupId": group,
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 80,
                    "toPort": 80,
                    "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "169.254.171.0/24"}]},
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                }
            ]
        },
    }
    (rule,) = detail["responseElements"]["securityGroupRuleSet"]["items"]
    assert (rule["cidrIpv4"], rule["fromPort"], rule["isEgress"]) == ("169.254.171.0/24", 80, False)
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["securityGroupRuleId"]])
    revoked = event("RevokeSecurityGroupIngress")["detail"]["responseElements"]["revokedSecurityGroupRuleSet"]["items"]
    assert revoked[0]["securityGroupRuleId"] == rule["securityGroupRuleId"]


def test_the_simple_parameters_of_a_rule_are_flat(admin: Client, event: Callable[[str], Any]) -> None:
    ec2 = admin("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    parameters = event("AuthorizeSecurityGroupIngress")["detail"]["requestParameters"]
    assert parameters == {
        "groupId": group,
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrIp": "10.0.0.0/8",
        "ipPermissions": {},
    }


def test_record_changes_are_events_of_the_global_region(admin: Client, event: Callable[[str], Any]) -> None:
    vpc = admin("ec2").create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    zone = admin("route53").create_hosted_zone(
        Name="trail.io", CallerReference="trail", VPC={"VPCId": vpc, "VPCRegion": "us-west-2"}
    )["HostedZone"]["Id"]
    record = {"Name": "a.trail.io", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "b.io"}]}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    admin("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    found = event("ChangeResourceRecordSets")
    assert found["region"] == "us-east-1"
    (traced,) = found["detail"]["requestParameters"]["changeBatch"]["changes"]
    assert traced["resourceRecordSet"] == {
        "name": "a.trail.io",
        "type": "CNAME",
        "tTL": 60,
        "resourceRecords": [{"value": "b.io"}],
    }


def test_a_refused_call_is_an_event_with_its_error(role: Callable[..., Client], event: Callable[[str], Any]) -> None:
    with pytest.raises(ClientError):
        role()("eks").delete_cluster(name="guarded")
    detail = event("DeleteCluster")["detail"]
    assert (detail["errorCode"], detail["responseElements"]) == ("AccessDenied", None)
    assert "eks:DeleteCluster" in detail["errorMessage"]
    identity = detail["userIdentity"]
    assert identity["type"] == "AssumedRole"
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert issuer["arn"] == f"arn:aws:iam::111122223333:role/{issuer['userName']}"
    assert identity["arn"] == f"arn:aws:sts::111122223333:assumed-role/{issuer['userName']}/fn"


def test_the_administrator_is_an_iam_user(admin: Client, event: Callable[[str], Any]) -> None:
    admin("sns").create_topic(Name="t")
    identity = event("CreateTopic")["detail"]["userIdentity"]
    assert (identity["type"], identity["userName"]) == ("IAMUser", "admin")
    assert "sessionContext" not in identity


def test_reads_and_data_events_are_not_in_the_trail(
    admin: Client, event: Callable[[str], Any], endpoint: AwsEndpoint
) -> None:
    queue = admin("sqs").create_queue(QueueName="q")["QueueUrl"]
    admin("sqs").send_message(QueueUrl=queue, MessageBody="x")
    admin("sqs").list_queues()
    admin("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])
    event("CreateQueue")
    for name in ("SendMessage", "ListQueues", "PutMetricData"):
        with pytest.raises(StopIteration):
            event(name)
