"""Access log subscriptions: VPC Lattice User Guide "Access logs", API reference of the five operations."""

from typing import Any

import boto3
import pytest

from trellis_local.lattice import view

ACCOUNT, REGION = "111122223333", "us-west-2"
BUCKET, OTHER_BUCKET = "arn:aws:s3:::access-logs", "arn:aws:s3:::other-access-logs"
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vpclattice/orders:*"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/access-logs"


@pytest.fixture(scope="module")
def destinations(mocked_aws: None) -> None:
    """Two buckets, a log group and a delivery stream."""
    for bucket in (BUCKET, OTHER_BUCKET):
        location = {"LocationConstraint": REGION}
        boto3.client("s3", REGION).create_bucket(Bucket=bucket[13:], CreateBucketConfiguration=location)
    boto3.client("logs", REGION).create_log_group(logGroupName="/aws/vpclattice/orders")
    to_bucket = {"BucketARN": BUCKET, "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose"}
    boto3.client("firehose", REGION).create_delivery_stream(
        DeliveryStreamName="access-logs", ExtendedS3DestinationConfiguration=to_bucket
    )


@pytest.fixture
def subscribe(client: Any, destinations: None, network_id: str):
    """Subscribe a destination to the network's logs, or to those of another resource."""

    def create(destination: str = BUCKET, *, resource: str = network_id, **members: Any) -> dict[str, Any]:
        answer = client.create_access_log_subscription(
            resourceIdentifier=resource, destinationArn=destination, **members
        )
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    return create


def test_a_subscription_has_an_id_and_an_arn_of_its_kind(subscribe, network_id):
    created = subscribe()
    assert len(created["id"]) == 21
    assert created["id"].startswith("als-")
    assert created["arn"] == f"arn:aws:vpc-lattice:{REGION}:{ACCOUNT}:accesslogsubscription/{created['id']}"
    assert (created["resourceId"], created["resourceArn"].rsplit("/", 1)[1]) == (network_id, network_id)


@pytest.mark.parametrize("by", ["id", "arn"])
def test_get_tells_what_create_told_and_the_times(client, subscribe, by):
    created = subscribe()
    answer = client.get_access_log_subscription(accessLogSubscriptionIdentifier=created[by])
    assert created.items() <= answer.items()
    assert answer["createdAt"] == answer["lastUpdatedAt"]


@pytest.mark.parametrize("destination", [BUCKET, f"{BUCKET}/some/prefix", LOG_GROUP, STREAM])
def test_logs_go_to_buckets_log_groups_and_delivery_streams(subscribe, destination):
    assert subscribe(destination)["destinationArn"] == destination


def test_the_arn_of_a_log_group_is_returned_with_a_wildcard(subscribe):
    assert subscribe(LOG_GROUP.removesuffix(":*"))["destinationArn"] == LOG_GROUP


@pytest.mark.parametrize(
    "destination",
    [f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/x", "arn:aws:s3:::No_Bucket"],
)
def test_another_kind_of_destination_is_refused(subscribe, error_of, destination):
    error = error_of(subscribe, destination=destination)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "destinationArn")


@pytest.mark.parametrize(
    ("destination", "resource_type"),
    [
        ("arn:aws:s3:::no-such-bucket", "BUCKET"),
        (LOG_GROUP.replace("orders", "nobody"), "LOG_GROUP"),
        (LOG_GROUP.replace(REGION, "eu-west-1"), "LOG_GROUP"),
        (STREAM.replace(ACCOUNT, "444455556666"), "DELIVERY_STREAM"),
    ],
)
def test_a_destination_must_exist(subscribe, error_of, destination, resource_type):
    error = error_of(subscribe, destination=destination)
    assert (error["status"], error["resourceType"], error["resourceId"]) == (404, resource_type, destination)


@pytest.mark.parametrize(
    ("resource", "resource_type"),
    [
        ("sn-0123456789abcdef0", "SERVICE_NETWORK"),
        ("svc-0123456789abcdef0", "SERVICE"),
        ("rcfg-0123456789abcdef0", "RESOURCE_CONFIGURATION"),
    ],
)
def test_the_logged_resource_must_exist(subscribe, error_of, resource, resource_type):
    error = error_of(subscribe, resource=resource)
    assert (error["status"], error["resourceType"]) == (404, resource_type)


def test_a_network_of_another_account_is_denied(subscribe, error_of):
    foreign = f"arn:aws:vpc-lattice:{REGION}:444455556666:servicenetwork/sn-0123456789abcdef0"
    assert error_of(subscribe, resource=foreign)["code"] == "AccessDeniedException"


def test_a_resource_has_one_subscription_for_each_type_of_destination(subscribe, error_of):
    first = subscribe(BUCKET)
    error = error_of(subscribe, destination=OTHER_BUCKET)
    assert (error["status"], error["code"], error["resourceId"]) == (409, "ConflictException", first["id"])
    assert subscribe(LOG_GROUP)
    assert subscribe(STREAM)


def test_networks_and_their_services_are_subscribed_independently(subscribe, make_service):
    assert subscribe(BUCKET)["id"] != subscribe(BUCKET, resource=make_service("orders"))["id"]


def test_a_network_is_logged_for_services_unless_it_says_resources(subscribe):
    assert subscribe(BUCKET)["serviceNetworkLogType"] == "SERVICE"
    assert subscribe(BUCKET, serviceNetworkLogType="RESOURCE")["serviceNetworkLogType"] == "RESOURCE"


def test_a_service_has_no_log_type(subscribe, make_service, error_of):
    service_id = make_service("orders")
    assert "serviceNetworkLogType" not in subscribe(BUCKET, resource=service_id)
    assert error_of(subscribe, resource=service_id, serviceNetworkLogType="SERVICE")["status"] == 400


def test_an_update_changes_the_destination_within_its_type(client, subscribe, stepped):
    key = {"accessLogSubscriptionIdentifier": subscribe(BUCKET)["id"]}
    stepped.advance(60)
    answer = client.update_access_log_subscription(**key, destinationArn=OTHER_BUCKET)
    assert answer["destinationArn"] == OTHER_BUCKET
    assert "serviceNetworkLogType" not in answer
    described = client.get_access_log_subscription(**key)
    assert (described["lastUpdatedAt"] - described["createdAt"]).total_seconds() == 60
    assert (described["destinationArn"], described["serviceNetworkLogType"]) == (OTHER_BUCKET, "SERVICE")


def test_an_update_to_another_type_of_destination_conflicts(client, subscribe, error_of):
    key = {"accessLogSubscriptionIdentifier": subscribe(BUCKET)["id"]}
    assert error_of(client.update_access_log_subscription, **key, destinationArn=LOG_GROUP)["status"] == 409


def test_an_update_needs_a_destination_that_exists(client, subscribe, error_of):
    key = {"accessLogSubscriptionIdentifier": subscribe(BUCKET)["id"]}
    error = error_of(client.update_access_log_subscription, **key, destinationArn="arn:aws:s3:::no-such-bucket")
    assert error["status"] == 404


@pytest.mark.parametrize("by", ["resourceId", "resourceArn"])
def test_the_list_has_the_subscriptions_of_one_resource(client, subscribe, make_service, by):
    created = subscribe(BUCKET)
    subscribe(BUCKET, resource=make_service("orders"))
    (item,) = client.list_access_log_subscriptions(resourceIdentifier=created[by])["items"]
    assert created.items() <= item.items()
    assert {"createdAt", "lastUpdatedAt"} <= set(item)


def test_the_list_comes_in_pages(client, subscribe, network_id):
    ids = [subscribe(destination)["id"] for destination in (BUCKET, LOG_GROUP, STREAM)]
    pages = client.get_paginator("list_access_log_subscriptions").paginate(
        resourceIdentifier=network_id, PaginationConfig={"PageSize": 1}
    )
    assert [[item["id"] for item in page["items"]] for page in pages] == [[each] for each in ids]


def test_a_deleted_subscription_is_gone_and_its_type_is_free_again(client, subscribe, error_of):
    key = {"accessLogSubscriptionIdentifier": subscribe(BUCKET)["id"]}
    answer = client.delete_access_log_subscription(**key)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    error = error_of(client.get_access_log_subscription, **key)
    assert (error["status"], error["resourceType"]) == (404, "ACCESS_LOG_SUBSCRIPTION")
    assert subscribe(OTHER_BUCKET)


def test_deleting_a_network_deletes_its_subscriptions(client, subscribe, network_id):
    subscribe()
    client.delete_service_network(serviceNetworkIdentifier=network_id)
    assert client.list_access_log_subscriptions(resourceIdentifier=network_id)["items"] == []


def test_deleting_a_service_deletes_its_subscriptions_once_it_is_gone(client, subscribe, make_service, stepped):
    service_id = make_service("orders")
    subscribe(resource=service_id)
    client.delete_service(serviceIdentifier=service_id)
    assert len(client.list_access_log_subscriptions(resourceIdentifier=service_id)["items"]) == 1
    stepped.advance(3)
    assert client.list_access_log_subscriptions(resourceIdentifier=service_id)["items"] == []


def test_subscriptions_carry_tags(client, subscribe):
    created = subscribe(tags={"team": "shop"})
    assert client.list_tags_for_resource(resourceArn=created["arn"])["tags"] == {"team": "shop"}
    tagging = boto3.client("resourcegroupstaggingapi", REGION)
    found = tagging.get_resources(ResourceTypeFilters=["vpc-lattice:accesslogsubscription"])
    assert [item["ResourceARN"] for item in found["ResourceTagMappingList"]] == [created["arn"]]


def test_a_repeated_token_gets_the_same_subscription_and_a_changed_one_conflicts(subscribe, error_of):
    first = subscribe(BUCKET, clientToken="once")
    assert subscribe(BUCKET, clientToken="once") == first
    assert error_of(subscribe, destination=OTHER_BUCKET, clientToken="once")["status"] == 409


def test_the_data_plane_sees_who_wants_the_logs_of_services(subscribe):
    created = subscribe(f"{BUCKET}/lattice")
    subscribe(OTHER_BUCKET, serviceNetworkLogType="RESOURCE")
    (seen,) = view.access_log_subscriptions(created["resourceArn"])
    assert (seen.id, seen.account, seen.region, seen.resource_id) == (
        created["id"],
        ACCOUNT,
        REGION,
        created["resourceId"],
    )
    assert (seen.destination.type, seen.destination.name, seen.destination.prefix) == (
        "BUCKET",
        "access-logs",
        "lattice",
    )
