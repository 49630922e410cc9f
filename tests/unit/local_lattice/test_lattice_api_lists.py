"""Every list of the API model in pages, and tags on everything that can be created with tags."""

import boto3
import botocore.session
import pytest
from lattice_model import OPERATIONS, input_of
from lattice_world import ADDRESS, World

PAGINATED = sorted(botocore.session.get_session().get_paginator_model("vpc-lattice")._paginator_config)
TAGGABLE = [name for name in OPERATIONS if "tags" in input_of(name).members and not name.startswith("Tag")]


def _vpc_association(world: World, number: int) -> None:
    vpc_id = world.ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    members = {"serviceNetworkIdentifier": world.network["id"], "vpcIdentifier": vpc_id}
    world.make("CreateServiceNetworkVpcAssociation", **members)


def _service_association(world: World, number: int) -> None:
    service = world.make("CreateService", name=f"service-{number}")
    members = {"serviceNetworkIdentifier": world.network["id"], "serviceIdentifier": service["id"]}
    world.make("CreateServiceNetworkServiceAssociation", **members)


def _resource_association(world: World, number: int) -> None:
    members = {**world.request("CreateResourceConfiguration"), "name": f"cache-{number}"}
    configuration = world.make("CreateResourceConfiguration", **members)
    members = {"resourceConfigurationIdentifier": configuration["id"], "serviceNetworkIdentifier": world.network["id"]}
    world.make("CreateServiceNetworkResourceAssociation", **members)


def _subscription(world: World, number: int) -> None:
    destination = world.log_group_arn() if number == 0 else _bucket_arn(f"lattice-logs-{number}")
    members = {"resourceIdentifier": world.network["id"], "destinationArn": destination}
    world.make("CreateAccessLogSubscription", **members)


def _bucket_arn(name: str) -> str:
    s3 = boto3.client("s3", "us-west-2")
    if name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    return f"arn:aws:s3:::{name}"


def _endpoint(world: World, **members: str) -> None:
    world.ec2.create_vpc_endpoint(VpcId=world.vpc_id, SubnetIds=[world.subnet_id], **members)


# How to make one more item of each list; the default quotas allow two listeners for a service.
ITEMS = {
    "ListAccessLogSubscriptions": _subscription,
    "ListDomainVerifications": lambda world, n: world.make("StartDomainVerification", domainName=f"n{n}.example.com"),
    "ListListeners": lambda world, n: world.make(
        "CreateListener", **{**world.request("CreateListener"), "name": f"http-{n}", "port": 80 + n}
    ),
    "ListResourceConfigurations": lambda world, n: world.make(
        "CreateResourceConfiguration", **{**world.request("CreateResourceConfiguration"), "name": f"cache-{n}"}
    ),
    "ListResourceEndpointAssociations": lambda world, n: _endpoint(
        world, VpcEndpointType="Resource", ResourceConfigurationArn=world.resource_configuration["arn"]
    ),
    "ListResourceGateways": lambda world, n: world.make(
        "CreateResourceGateway", **{**world.request("CreateResourceGateway"), "name": f"caches-{n}"}
    ),
    "ListRules": lambda world, n: world.make(
        "CreateRule", **{**world.request("CreateRule"), "name": f"match-{n}", "priority": n + 1}
    ),
    "ListServiceNetworkResourceAssociations": _resource_association,
    "ListServiceNetworkServiceAssociations": _service_association,
    "ListServiceNetworkVpcAssociations": _vpc_association,
    "ListServiceNetworkVpcEndpointAssociations": lambda world, n: _endpoint(
        world, VpcEndpointType="ServiceNetwork", ServiceNetworkArn=world.network["arn"]
    ),
    "ListServiceNetworks": lambda world, n: world.make("CreateServiceNetwork", name=f"network-{n}"),
    "ListServices": lambda world, n: world.make("CreateService", name=f"service-{n}"),
    "ListTargetGroups": lambda world, n: world.make("CreateTargetGroup", name=f"group-{n}", type="LAMBDA"),
    "ListTargets": lambda world, n: world.make(
        "RegisterTargets", targetGroupIdentifier=world.target_group["id"], targets=[{"id": ADDRESS, "port": 80 + n}]
    ),
}


def _filters(world: World, operation: str) -> dict[str, str]:
    if operation == "ListServiceNetworkServiceAssociations":
        return {"serviceNetworkIdentifier": world.network["id"]}
    return world.request(operation)


@pytest.fixture
def listed(make_world):
    """A world in which a list has some items."""

    def make(operation: str) -> World:
        world = make_world("id")
        for number in range(2):
            ITEMS[operation](world, number)
        return world

    return make


@pytest.mark.parametrize("operation", PAGINATED)
def test_pages_of_one_item_walk_through_the_whole_list(listed, operation):
    world = listed(operation)
    request = _filters(world, operation)
    whole = world.make(operation, **request)
    assert "nextToken" not in whole
    assert len(whole["items"]) >= 2
    walked, token = [], {}
    for _ in whole["items"]:
        page = world.make(operation, **request, **token, maxResults=1)
        walked += page["items"]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    assert token == {}
    assert walked == whole["items"]


@pytest.mark.parametrize("operation", PAGINATED)
def test_the_token_of_another_list_is_refused(listed, operation):
    world = listed(operation)
    other = "ListServices" if operation != "ListServices" else "ListServiceNetworks"
    for number in (10, 11):
        ITEMS[other](world, number)
    token = world.make(other, maxResults=1)["nextToken"]
    answer = world.call(operation, **_filters(world, operation), nextToken=token)
    assert (answer.status, answer.fields) == (400, {"nextToken"})


@pytest.mark.parametrize("operation", TAGGABLE)
def test_tags_are_given_at_creation_changed_and_found(make_world, operation):
    world = make_world("id")
    arn = world.make(operation, **world.request(operation), tags={"team": "shop", "env": "test"})["arn"]
    assert world.make("ListTagsForResource", resourceArn=arn)["tags"] == {"team": "shop", "env": "test"}
    world.make("TagResource", resourceArn=arn, tags={"team": "search"})
    world.make("UntagResource", resourceArn=arn, tagKeys=["env"])
    assert world.make("ListTagsForResource", resourceArn=arn)["tags"] == {"team": "search"}
    segment = arn.split("/")[-2].rsplit(":", 1)[-1]
    found = boto3.client("resourcegroupstaggingapi", "us-west-2").get_resources(
        ResourceTypeFilters=[f"vpc-lattice:{segment}"], TagFilters=[{"Key": "team", "Values": ["search"]}]
    )["ResourceTagMappingList"]
    assert [(item["ResourceARN"], item["Tags"]) for item in found] == [(arn, [{"Key": "team", "Value": "search"}])]


@pytest.mark.parametrize("operation", TAGGABLE)
def test_a_resource_cannot_be_created_with_tags_of_aws_or_with_more_than_fifty(make_world, operation):
    world = make_world("id")
    request = world.request(operation)
    of_aws = world.call(operation, **request, tags={"aws:team": "shop"})
    assert (of_aws.status, of_aws.code) == (400, "ValidationException")
    too_many = world.call(operation, **request, tags={f"key-{number}": "" for number in range(51)})
    assert (too_many.status, too_many.code) == (400, "ValidationException")
    assert world.call(operation, **request, tags={f"key-{number}": "" for number in range(50)}).status < 300
