"""Tags, also as the Resource Groups Tagging API sees them, and the policies of networks and services."""

import json

import boto3
import pytest

from trellis_local.aws.moto_seam import resource_tags
from trellis_local.lattice.backend import LatticeBackend

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})


@pytest.fixture
def tagging(client):
    return boto3.client("resourcegroupstaggingapi", "us-west-2")


@pytest.fixture
def network_arn(client):
    return client.create_service_network(name="platform", tags={"team": "shop", "env": "test"})["arn"]


def test_tags_are_added_replaced_and_removed(client, network_arn):
    client.tag_resource(resourceArn=network_arn, tags={"team": "search", "owner": "ada"})
    client.untag_resource(resourceArn=network_arn, tagKeys=["env", "unknown"])
    assert client.list_tags_for_resource(resourceArn=network_arn)["tags"] == {"team": "search", "owner": "ada"}


def test_every_kind_of_resource_has_tags(client, make_service, make_listener):
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    for arn in (client.get_listener(**key)["arn"], client.list_rules(**key)["items"][0]["arn"]):
        client.tag_resource(resourceArn=arn, tags={"team": "shop"})
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "shop"}


def test_tags_of_aws_are_refused(client, network_arn, error_of):
    assert error_of(client.tag_resource, resourceArn=network_arn, tags={"aws:owner": "x"})["status"] == 400
    assert error_of(client.create_service, name="orders", tags={"aws:owner": "x"})["status"] == 400


@pytest.mark.parametrize("types", [["vpc-lattice"], ["vpc-lattice:service"], []])
def test_the_tagging_api_finds_resources_by_tag_and_type(client, tagging, network_arn, types):
    service_arn = client.create_service(name="orders", tags={"team": "shop"})["arn"]
    filters = [{"Key": "team", "Values": ["shop"]}]
    found = tagging.get_resources(TagFilters=filters, ResourceTypeFilters=types)["ResourceTagMappingList"]
    arns = {mapping["ResourceARN"] for mapping in found}
    assert arns == ({service_arn} if types == ["vpc-lattice:service"] else {service_arn, network_arn})


def test_the_tagging_api_pages_through_resources(client, tagging):
    for number in range(5):
        client.create_service(name=f"service-{number}", tags={"team": "shop"})
    pages = tagging.get_paginator("get_resources").paginate(ResourcesPerPage=2, ResourceTypeFilters=["vpc-lattice"])
    sizes = [len(page["ResourceTagMappingList"]) for page in pages]
    assert sizes == [2, 2, 1]


def test_the_tagging_api_changes_tags(client, tagging, network_arn):
    tagging.tag_resources(ResourceARNList=[network_arn], Tags={"owner": "ada"})
    tagging.untag_resources(ResourceARNList=[network_arn], TagKeys=["team", "env"])
    assert client.list_tags_for_resource(resourceArn=network_arn)["tags"] == {"owner": "ada"}


def test_authorization_sees_the_tags_of_one_resource_without_listing_all(client, monkeypatch):
    service = client.create_service(name="orders", tags={"team": "shop"})
    monkeypatch.setattr(LatticeBackend, "iter_tagged_resources", None)
    assert resource_tags(service["arn"], region="us-west-2") == {"team": "shop"}
    assert resource_tags(service["arn"] + "0", region="us-west-2") == {}
