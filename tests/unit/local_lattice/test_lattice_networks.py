"""Service networks and the associations of VPCs and services."""


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
