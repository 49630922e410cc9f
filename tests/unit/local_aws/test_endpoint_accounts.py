"""Several accounts at one endpoint: an access key of twelve digits is that of the administrator of an account."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from trellis_local import lattice
from trellis_local.aws import AwsEndpoint
from trellis_local.aws.cloudtrail import event_of
from trellis_local.aws.identity import Credentials

OWN, OTHER = "111122223333", "444455556666"


@pytest.fixture
def other(endpoint: AwsEndpoint) -> Callable[[str], Any]:
    """Clients of the administrator of another account."""
    lattice.install()
    return lambda service: endpoint.identity.client(service, credentials=Credentials(OTHER, OTHER))


def test_an_access_key_that_is_an_account_calls_in_that_account(
    admin: Callable[[str], Any], other: Callable[[str], Any]
) -> None:
    identities = [client("sts").get_caller_identity() for client in (admin, other)]
    assert [(found["Account"], found["Arn"]) for found in identities] == [
        (account, f"arn:aws:iam::{account}:user/admin") for account in (OWN, OTHER)
    ]


def test_the_resources_of_accounts_are_apart(admin: Callable[[str], Any], other: Callable[[str], Any]) -> None:
    vpc_id = other("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        admin("ec2").describe_vpcs(VpcIds=[vpc_id])
    assert other("ec2").describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["OwnerId"] == OTHER


def test_a_shared_network_is_associated_from_the_other_account(
    admin: Callable[[str], Any], other: Callable[[str], Any]
) -> None:
    arn = admin("vpc-lattice").create_service_network(name="shared-at-the-endpoint")["arn"]
    admin("ram").create_resource_share(name="networks", resourceArns=[arn], principals=[OTHER])
    assert arn in [network["arn"] for network in other("vpc-lattice").list_service_networks()["items"]]
    vpc_id = other("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    members = {"serviceNetworkIdentifier": arn, "vpcIdentifier": vpc_id}
    assert other("vpc-lattice").create_service_network_vpc_association(**members)["createdBy"] == OTHER
    with pytest.raises(ClientError, match=f"AccessDenied.*vpc-lattice:ListTagsForResource on resource: {arn}"):
        other("vpc-lattice").list_tags_for_resource(resourceArn=arn)


def test_events_are_of_the_account_of_the_call(endpoint: AwsEndpoint, other: Callable[[str], Any]) -> None:
    seen: list[dict[str, Any]] = []
    endpoint.on_completed(lambda completed: seen.append(event_of(completed)))
    other("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    event = next(event for event in seen if event["detail"]["eventName"] == "CreateVpc")
    assert (event["account"], event["detail"]["recipientAccountId"]) == (OTHER, OTHER)
    assert event["detail"]["userIdentity"]["accountId"] == OTHER
