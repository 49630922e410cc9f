"""The data plane over moto's memory, filled through boto3."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random

import boto3
import pytest
from dataplane_callers import ADMIN, INVOKE, Call, document, signed
from dataplane_fakes import ACCOUNT, GENERATED, HOST, NETWORK, World, pod, walkthrough
from moto import mock_aws
from moto.eks.models import eks_backends

from trellis_local.dataplane.contract import Surroundings
from trellis_local.dataplane.metrics import NAMESPACE, LatticeMetrics
from trellis_local.dataplane.names import resolve
from trellis_local.dataplane.on_moto import ClusterSecurityGroups, MotoVpcs, data_plane, publish
from trellis_local.dataplane.plane import DataPlane

REGION = "us-west-2"


@cache
def client(service: str):
    return boto3.client(service, REGION, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    with mock_aws():
        yield


def new_vpc() -> str:
    return client("ec2").create_vpc(CidrBlock="192.168.48.0/20")["Vpc"]["VpcId"]


def new_zone(vpc_id: str, name: str = "lattice-test.io") -> str:
    return client("route53").create_hosted_zone(
        Name=name,
        CallerReference=f"{name}-{vpc_id}",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": vpc_id},
    )["HostedZone"]["Id"]


def put_record(zone_id: str, **record) -> None:
    changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
    client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def found(vpc_id: str, name: str = HOST):
    return resolve(name, zones=MotoVpcs(REGION).zones(vpc_id), is_lattice_name=lambda asked: asked == GENERATED)


def test_vpcs_appear_with_their_arns():
    vpc_id = new_vpc()
    account = client("sts").get_caller_identity()["Account"]
    assert vpc_id in MotoVpcs(REGION).vpc_ids()
    assert MotoVpcs(REGION).vpc_arn(vpc_id) == f"arn:aws:ec2:us-west-2:{account}:vpc/{vpc_id}"


def test_a_cname_of_an_associated_zone_resolves_and_of_another_does_not():
    vpc_id, other = new_vpc(), new_vpc()
    put_record(new_zone(vpc_id), Name=HOST, Type="CNAME", TTL=60, ResourceRecords=[{"Value": GENERATED}])
    assert found(vpc_id).addresses
    assert not found(other).addresses


def test_a_second_vpc_sees_the_zone_after_its_association_and_not_after_its_end():
    vpc_id, other = new_vpc(), new_vpc()
    zone_id = new_zone(vpc_id)
    put_record(zone_id, Name=HOST, Type="CNAME", TTL=60, ResourceRecords=[{"Value": GENERATED}])
    target = {"HostedZoneId": zone_id, "VPC": {"VPCRegion": REGION, "VPCId": other}}
    client("route53").associate_vpc_with_hosted_zone(**target)
    assert found(other).addresses
    client("route53").disassociate_vpc_from_hosted_zone(**target)
    assert not found(other).addresses


def test_an_alias_and_a_wildcard_resolve():
    vpc_id = new_vpc()
    alias = {"HostedZoneId": "Z1", "DNSName": GENERATED, "EvaluateTargetHealth": False}
    put_record(new_zone(vpc_id), Name="*.lattice-test.io", Type="A", AliasTarget=alias)
    assert found(vpc_id).chain == (HOST, GENERATED)


def test_a_weighted_record_is_refused():
    vpc_id = new_vpc()
    record = {"Name": HOST, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    put_record(new_zone(vpc_id), **record, SetIdentifier="one", Weight=1)
    assert "routing policy" in found(vpc_id).reason


@pytest.fixture
def cluster() -> tuple[str, str, World]:
    """VPC, cluster security group and a pod of an EKS cluster."""
    vpc_id = new_vpc()
    ec2 = client("ec2")
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="192.168.48.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="eks-cluster-sg", Description="x", VpcId=vpc_id)["GroupId"]
    client("eks").create_cluster(
        name="cluster-b", roleArn="arn:aws:iam::111122223333:role/eks", resourcesVpcConfig={"subnetIds": [subnet]}
    )
    account = client("sts").get_caller_identity()["Account"]
    eks_backends[account][REGION].clusters["cluster-b"].resources_vpc_config["clusterSecurityGroupId"] = group
    world = World()
    world.add_pod(pod(vpc_id, "192.168.48.10", cluster="cluster-b"))
    return vpc_id, group, world


def prefix_list() -> str:
    lists = client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    return next(
        entry["PrefixListId"] for entry in lists if entry["PrefixListName"] == f"com.amazonaws.{REGION}.vpc-lattice"
    )


def allow(group: str, *, ports: tuple[int, int] = (8080, 8080), protocol: str = "tcp", **source) -> None:
    permission = {"IpProtocol": protocol, "FromPort": ports[0], "ToPort": ports[1], **source}
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def test_a_new_cluster_security_group_keeps_lattice_out(cluster):
    vpc_id, _, world = cluster
    assert not ClusterSecurityGroups(world, REGION)(vpc_id, "192.168.48.10", 8080)


def test_the_prefix_list_lets_lattice_in_until_it_is_revoked(cluster):
    vpc_id, group, world = cluster
    admits = ClusterSecurityGroups(world, REGION)
    permission = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": prefix_list()}]}
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert admits(vpc_id, "192.168.48.10", 8080)
    client("ec2").revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert not admits(vpc_id, "192.168.48.10", 8080)


@pytest.mark.parametrize(
    ("cidr", "ports", "protocol", "expected"),
    [
        ("169.254.171.0/24", (8080, 8080), "tcp", True),
        ("169.254.0.0/16", (0, 65535), "tcp", True),
        ("0.0.0.0/0", (8000, 9000), "tcp", True),
        ("169.254.171.0/25", (8080, 8080), "tcp", False),
        ("192.168.48.0/20", (8080, 8080), "tcp", False),
        ("169.254.171.0/24", (80, 80), "tcp", False),
        ("169.254.171.0/24", (8080, 8080), "udp", False),
    ],
)
def test_a_cidr_rule_must_hold_the_link_local_range_and_the_port(cluster, cidr, ports, protocol, expected):
    vpc_id, group, world = cluster
    allow(group, ports=ports, protocol=protocol, IpRanges=[{"CidrIp": cidr}])
    assert ClusterSecurityGroups(world, REGION)(vpc_id, "192.168.48.10", 8080) is expected


def test_a_rule_for_another_security_group_keeps_lattice_out(cluster):
    vpc_id, group, world = cluster
    allow(group, UserIdGroupPairs=[{"GroupId": group}])
    assert not ClusterSecurityGroups(world, REGION)(vpc_id, "192.168.48.10", 8080)


def test_an_address_without_pod_is_out_of_reach(cluster):
    vpc_id, _, world = cluster
    assert not ClusterSecurityGroups(world, REGION)(vpc_id, "192.168.48.99", 8080)


@pytest.fixture
def counted() -> tuple[str, datetime]:
    """Service id whose requests are published, and when they were made."""
    world = walkthrough()
    account = client("sts").get_caller_identity()["Account"]
    world.service = replace(world.service, account=account)
    metrics = LatticeMetrics(partial(publish, REGION))
    surroundings = Surroundings(view=world, pods=world, vpcs=world, admits=lambda *_: True)
    plane = DataPlane(surroundings, observers=(metrics,), random=Random(1))
    plane.start()
    for path in ("/popular", "/popular", "/nothing"):
        plane.request("vpc-a", "GET", f"http://{HOST}{path}")
    plane.stop()
    return "svc-1", datetime.now(UTC)


def test_get_metric_statistics_sees_the_requests(counted):
    service, now = counted
    points = client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="TotalRequestCount",
        Dimensions=[{"Name": "Service", "Value": service}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [(point["Sum"], point["Unit"]) for point in points] == [(3.0, "Count")]


def test_get_metric_data_sees_the_status_codes(counted):
    service, now = counted
    metric = {
        "Namespace": NAMESPACE,
        "MetricName": "HTTPCode_4XX_Count",
        "Dimensions": [{"Name": "Service", "Value": service}],
    }
    results = client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 600, "Stat": "Sum"}}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    assert results[0]["Values"] == [1.0]


def test_a_vpc_made_while_the_plane_runs_gets_a_port(cluster):
    _, _, world = cluster
    plane = data_plane(view=world, pods=world, region=REGION)
    plane.start()
    vpc_id = new_vpc()
    assert vpc_id in plane.ports()
    plane.stop()


def test_signatures_and_auth_policies_are_judged_with_the_identities_of_moto():
    vpc_id, world = new_vpc(), walkthrough()
    world.networks[vpc_id] = NETWORK
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": INVOKE, "Resource": "*"}
    world.service = replace(world.service, auth_type="AWS_IAM", auth_policy=document(statement))
    plane = data_plane(view=world, pods=world, region=REGION)
    plane.start()
    headers = [dict(signed(Call(target="/none"), ADMIN, host=GENERATED).headers[1:]), {}]
    answers = [plane.request(vpc_id, "GET", f"http://{GENERATED}/none", sent).status for sent in headers]
    plane.stop()
    assert answers == [404, 403]
