"""The recipe for Terraform over HTTP: every API that the AWS provider calls for the example, at the local endpoint."""

import time

import boto3
import lattice_terraform_recipe as recipe
import pytest
from botocore.exceptions import ClientError
from lattice_terraform import Provider

from trellis_local import clock, lattice
from trellis_local.aws import AwsEndpoint
from trellis_local.lattice import configuration
from trellis_local.lattice.backend import lattice_backends
from trellis_local.lattice.health import HealthChecker

SPEED = 1000


def no_answer(**_):
    raise ConnectionRefusedError


@pytest.fixture(scope="module")
def connect():
    """Clients of the local endpoint with the keys of the example, which anybody may make up."""
    clock_before, settings_before = clock.current(), configuration.current()
    clock.use(clock.Clock(start=clock_before.time(), speed=SPEED))
    configuration.use(configuration.Configuration())
    lattice.install()
    lattice_backends["111122223333"]["us-west-2"].reset()
    endpoint, checker = AwsEndpoint(), HealthChecker(no_answer)
    endpoint.start()
    checker.start()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "endpoint_url": endpoint.url}
    yield lambda service: boto3.client(service, "us-west-2", **keys)
    checker.stop()
    endpoint.stop()
    configuration.use(settings_before)
    clock.use(clock_before)


@pytest.fixture
def ec2(connect):
    return connect("ec2")


@pytest.fixture
def vpc_id(ec2):
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "shop"}]}]
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16", InstanceTenancy="default", TagSpecifications=tags)["Vpc"]["VpcId"]
    yield vpc_id
    ec2.delete_vpc(VpcId=vpc_id)


def test_terraform_applies_plans_updates_and_destroys_over_http(connect, ec2, vpc_id):
    group_id = ec2.create_security_group(GroupName="clients", Description="Managed by Terraform", VpcId=vpc_id)[
        "GroupId"
    ]
    client = connect("vpc-lattice")
    provider = Provider(client, lambda seconds: time.sleep(seconds / SPEED))
    recipe.apply(provider, vpc_id=vpc_id, security_group_id=group_id)
    assert provider.plan() == []
    shifted = recipe.forward(dict(zip(recipe.group_ids(provider), (50, 50), strict=True)))
    provider.update("listener", defaultAction=shifted)
    provider.update("rule", action=shifted)
    assert provider.plan() == []
    provider.destroy()
    for operation in ("list_service_networks", "list_services", "list_target_groups"):
        assert getattr(client, operation)()["items"] == []
    ec2.delete_security_group(GroupId=group_id)


def test_the_provider_learns_its_account(connect):
    assert connect("sts").get_caller_identity()["Account"] == "111122223333"
    assert connect("iam").get_user()["User"]["Arn"].startswith("arn:aws:iam::111122223333:user/")
    assert "Roles" in connect("iam").list_roles(MaxItems=1)


@pytest.mark.parametrize("name", ["enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics"])
def test_the_provider_reads_the_attributes_of_a_vpc(ec2, vpc_id, name):
    answer = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=name)
    assert isinstance(answer[name[0].upper() + name[1:]]["Value"], bool)


def test_the_provider_finds_what_comes_with_a_vpc(ec2, vpc_id):
    place = {"Name": "vpc-id", "Values": [vpc_id]}
    default = [{"Name": "default", "Values": ["true"]}, place]
    assert len(ec2.describe_network_acls(Filters=default)["NetworkAcls"]) == 1
    main = [{"Name": "association.main", "Values": ["true"]}, place]
    assert len(ec2.describe_route_tables(Filters=main)["RouteTables"]) == 1
    named = [{"Name": "group-name", "Values": ["default"]}, place]
    assert len(ec2.describe_security_groups(Filters=named)["SecurityGroups"]) == 1


def test_the_provider_manages_a_security_group(ec2, vpc_id):
    group_id = ec2.create_security_group(GroupName="lattice-clients", Description="d", VpcId=vpc_id)["GroupId"]
    everything = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=[everything])
    http = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[http])
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    assert (group["IpPermissionsEgress"], group["IpPermissions"][0]["FromPort"]) == ([], 80)
    assert (
        ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group_id]}])["NetworkInterfaces"] == []
    )
    ec2.delete_security_group(GroupId=group_id)
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        ec2.describe_security_groups(GroupIds=[group_id])


def test_the_provider_manages_a_log_group(connect):
    logs = connect("logs")
    logs.create_log_group(logGroupName="/lattice/shop", tags={"team": "shop"}, logGroupClass="STANDARD")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/lattice/shop")["logGroups"]
    tags = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
    assert (group["logGroupName"], tags) == ("/lattice/shop", {"team": "shop"})
    logs.delete_log_group(logGroupName="/lattice/shop")
    assert logs.describe_log_groups(logGroupNamePrefix="/lattice/shop")["logGroups"] == []


def test_a_missing_query_argument_is_named_at_the_endpoint(connect):
    client = connect("vpc-lattice")
    arn = "arn:aws:vpc-lattice:us-west-2:111122223333:service/svc-0123456789abcdef0"
    with pytest.raises(client.exceptions.ValidationException) as raised:
        client.untag_resource(resourceArn=arn, tagKeys=[])
    assert raised.value.response["fieldList"] == [{"name": "tagKeys", "message": "is required"}]
