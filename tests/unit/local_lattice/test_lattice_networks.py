"""Service networks and the associations of VPCs and services."""

import pytest
from botocore.exceptions import ParamValidationError

from trellis_local.lattice import configuration, quotas


def associate_vpc(client, network_id, vpc_id, **members):
    return client.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id, **members
    )["id"]


def associate_service(client, network_id, service_id):
    return client.create_service_network_service_association(
        serviceNetworkIdentifier=network_id, serviceIdentifier=service_id
    )["id"]


def test_a_network_counts_its_associations(client, network_id, vpc_id, make_service):
    associate_vpc(client, network_id, vpc_id)
    associate_service(client, network_id, make_service("orders"))
    network = client.get_service_network(serviceNetworkIdentifier=network_id)
    assert (network["numberOfAssociatedVPCs"], network["numberOfAssociatedServices"]) == (1, 1)


def test_network_names_are_unique_in_an_account(client, network_id, error_of):
    error = error_of(client.create_service_network, name="platform")
    assert (error["status"], error["code"], error["resourceId"]) == (409, "ConflictException", network_id)


def test_a_network_is_found_by_id_and_by_arn(client, network_id):
    arn = client.get_service_network(serviceNetworkIdentifier=network_id)["arn"]
    assert arn == f"arn:aws:vpc-lattice:us-west-2:111122223333:servicenetwork/{network_id}"
    assert client.get_service_network(serviceNetworkIdentifier=arn)["id"] == network_id


def test_a_summary_lacks_the_auth_type(client, network_id):
    (summary,) = client.list_service_networks()["items"]
    assert summary["id"] == network_id
    assert "authType" not in summary


def test_a_network_with_a_vpc_cannot_be_deleted(client, network_id, vpc_id, error_of):
    associate_vpc(client, network_id, vpc_id)
    error = error_of(client.delete_service_network, serviceNetworkIdentifier=network_id)
    assert error["status"] == 409
    assert error["message"] == f"ServiceNetwork {network_id} has VPC(s) associated"


def test_a_vpc_has_one_network(client, network_id, vpc_id, error_of):
    associate_vpc(client, network_id, vpc_id)
    other = client.create_service_network(name="other")["id"]
    error = error_of(
        client.create_service_network_vpc_association, serviceNetworkIdentifier=other, vpcIdentifier=vpc_id
    )
    assert (error["status"], error["message"]) == (409, "VPC has already been associated to a service network.")


def test_an_unknown_vpc_is_not_found(client, network_id, error_of):
    error = error_of(
        client.create_service_network_vpc_association,
        serviceNetworkIdentifier=network_id,
        vpcIdentifier="vpc-01234567",
    )
    assert (error["status"], error["resourceType"]) == (404, "VPC")


def test_security_groups_must_be_of_the_vpc(client, ec2, network_id, vpc_id, error_of):
    elsewhere = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="clients", Description="d", VpcId=elsewhere)["GroupId"]
    error = error_of(
        client.create_service_network_vpc_association,
        serviceNetworkIdentifier=network_id,
        vpcIdentifier=vpc_id,
        securityGroupIds=[group],
    )
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "securityGroupIds")


def test_updating_replaces_the_security_groups(client, ec2, network_id, vpc_id, stepped):
    groups = [ec2.create_security_group(GroupName=n, Description="d", VpcId=vpc_id)["GroupId"] for n in "ab"]
    key = {
        "serviceNetworkVpcAssociationIdentifier": associate_vpc(client, network_id, vpc_id, securityGroupIds=groups[:1])
    }
    stepped.advance(8)
    client.update_service_network_vpc_association(**key, securityGroupIds=groups[1:])
    assert client.get_service_network_vpc_association(**key)["securityGroupIds"] == groups[1:]


def test_the_client_already_refuses_to_empty_the_security_groups(client, network_id, vpc_id):
    key = {"serviceNetworkVpcAssociationIdentifier": associate_vpc(client, network_id, vpc_id)}
    with pytest.raises(ParamValidationError):
        client.update_service_network_vpc_association(**key, securityGroupIds=[])


def test_an_association_that_is_being_created_cannot_be_deleted(client, network_id, vpc_id, error_of):
    association_id = associate_vpc(client, network_id, vpc_id)
    error = error_of(
        client.delete_service_network_vpc_association, serviceNetworkVpcAssociationIdentifier=association_id
    )
    assert error["status"] == 409
    assert "CREATE_IN_PROGRESS" in error["message"]


def test_listing_associations_needs_a_filter(client, error_of):
    assert error_of(client.list_service_network_vpc_associations)["status"] == 400
    assert error_of(client.list_service_network_service_associations)["status"] == 400


def test_associations_are_listed_by_network_and_by_vpc(client, network_id, vpc_id):
    association_id = associate_vpc(client, network_id, vpc_id)
    for found in (
        client.list_service_network_vpc_associations(vpcIdentifier=vpc_id),
        client.list_service_network_vpc_associations(serviceNetworkIdentifier=network_id),
    ):
        assert [item["id"] for item in found["items"]] == [association_id]
    assert client.list_service_network_vpc_associations(vpcIdentifier="vpc-01234567")["items"] == []


def test_a_new_service_cannot_be_associated_yet(client, network_id, make_service, error_of):
    error = error_of(
        client.create_service_network_service_association,
        serviceNetworkIdentifier=network_id,
        serviceIdentifier=make_service("orders", is_new=True),
    )
    assert error["status"] == 409
    assert "CREATE_IN_PROGRESS" in error["message"]


def test_a_service_is_associated_once_with_a_network(client, network_id, make_service, error_of):
    service_id = make_service("orders")
    associate_service(client, network_id, service_id)
    error = error_of(
        client.create_service_network_service_association,
        serviceNetworkIdentifier=network_id,
        serviceIdentifier=service_id,
    )
    assert error["status"] == 409


def test_a_custom_domain_is_unique_in_a_network(client, network_id, make_service, error_of):
    first, second = (make_service(name, customDomainName="shop.example.com") for name in ("shop-a", "shop-b"))
    associate_service(client, network_id, first)
    error = error_of(
        client.create_service_network_service_association, serviceNetworkIdentifier=network_id, serviceIdentifier=second
    )
    assert (error["status"], "shop.example.com" in error["message"]) == (409, True)


def test_an_associated_service_cannot_be_deleted(client, network_id, make_service, stepped, error_of):
    service_id = make_service("orders")
    association_id = associate_service(client, network_id, service_id)
    stepped.advance(4)
    assert error_of(client.delete_service, serviceIdentifier=service_id)["status"] == 409
    client.delete_service_network_service_association(serviceNetworkServiceAssociationIdentifier=association_id)
    assert error_of(client.delete_service, serviceIdentifier=service_id)["status"] == 409
    stepped.advance(4)
    assert client.delete_service(serviceIdentifier=service_id)["status"] == "DELETE_IN_PROGRESS"


def test_a_service_association_names_both_ends(client, network_id, make_service):
    service_id = make_service("orders")
    associate_service(client, network_id, service_id)
    (item,) = client.list_service_network_service_associations(serviceIdentifier=service_id)["items"]
    assert (item["serviceName"], item["serviceNetworkName"]) == ("orders", "platform")
    assert item["createdBy"] == "111122223333"
    assert item["dnsEntry"]["domainName"].startswith("orders-")
    assert "lastUpdatedAt" not in item


def test_exceeding_a_quota_is_status_402(client, network_id, error_of):
    configuration.reconfigure(quotas={quotas.SERVICE_NETWORKS: 1})
    error = error_of(client.create_service_network, name="second")
    assert (error["status"], error["code"]) == (402, "ServiceQuotaExceededException")
    assert (error["quotaCode"], error["serviceCode"]) == ("L-9CAD07FB", "vpc-lattice")


def test_a_network_of_another_account_that_is_not_shared_is_denied(client, vpc_id, error_of):
    error = error_of(
        client.create_service_network_vpc_association,
        serviceNetworkIdentifier="arn:aws:vpc-lattice:us-west-2:444455556666:servicenetwork/sn-0123456789abcdef0",
        vpcIdentifier=vpc_id,
    )
    assert (error["status"], error["code"]) == (403, "AccessDeniedException")
