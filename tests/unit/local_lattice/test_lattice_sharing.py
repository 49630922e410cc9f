"""A service network that RAM shares with another account."""

import boto3
import pytest
from botocore.exceptions import ClientError

from trellis_local.lattice import view

OTHER = "444455556666"


@pytest.fixture
def other_account(client, monkeypatch):
    """Clients of another account; the account of each call follows its credentials."""
    monkeypatch.delenv("MOTO_ACCOUNT_ID")
    role = boto3.client("sts", "us-west-2").assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/hub", RoleSessionName="hub")
    keys = role["Credentials"]

    def make(service):
        return boto3.client(
            service,
            "us-west-2",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return make


def test_a_shared_network_can_be_associated_with_a_vpc_of_the_other_account(client, other_account, stepped):
    network_arn = client.create_service_network(name="shared")["arn"]
    vpc_id = other_account("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    members = {"serviceNetworkIdentifier": network_arn, "vpcIdentifier": vpc_id}
    lattice = other_account("vpc-lattice")
    with pytest.raises(ClientError, match="AccessDenied"):
        lattice.create_service_network_vpc_association(**members)
    boto3.client("ram", "us-west-2").create_resource_share(name="n", resourceArns=[network_arn], principals=[OTHER])
    assert lattice.create_service_network_vpc_association(**members)["createdBy"] == OTHER
    stepped.advance(8)
    assert client.get_service_network(serviceNetworkIdentifier=network_arn)["numberOfAssociatedVPCs"] == 1
    assert view.network_of(vpc_id).arn == network_arn
