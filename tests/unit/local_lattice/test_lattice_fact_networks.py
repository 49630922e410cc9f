"""Preconditions, conflicts and updates of service networks and of their associations with VPCs."""

import pytest
from botocore.exceptions import ParamValidationError


@pytest.fixture
def association(client, network_id, vpc_id, stepped):
    """The members that name an ACTIVE association of the VPC without security groups."""
    answer = client.create_service_network_vpc_association(serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id)
    stepped.advance(8)
    return {"serviceNetworkVpcAssociationIdentifier": answer["id"]}


@pytest.fixture
def make_security_group(ec2, vpc_id):
    def make(name, *, vpc=vpc_id):
        return ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]

    return make


def test_a_network_with_a_vpc_is_not_deleted_until_the_vpc_is_gone(client, network_id, association, stepped, error_of):
    """API reference, DeleteServiceNetwork; the message: cloud-nuke, #1158."""
    for _ in range(2):
        error = error_of(client.delete_service_network, serviceNetworkIdentifier=network_id)
        assert (error["status"], error["message"]) == (409, f"ServiceNetwork {network_id} has VPC(s) associated")
        client.delete_service_network_vpc_association(**association)
    stepped.advance(8)
    assert client.delete_service_network(serviceNetworkIdentifier=network_id)


def test_a_network_with_a_service_is_not_deleted(client, network_id, make_service, error_of):
    """API reference, DeleteServiceNetwork: "if there is no service or VPC associated with it"."""
    client.create_service_network_service_association(
        serviceNetworkIdentifier=network_id, serviceIdentifier=make_service("orders")
    )
    error = error_of(client.delete_service_network, serviceNetworkIdentifier=network_id)
    assert (error["status"], error["resourceId"], error["resourceType"]) == (409, network_id, "SERVICE_NETWORK")


def test_a_deleted_network_takes_its_policies_along(client, error_of):
    """API reference, DeleteServiceNetwork: "the resource policy, auth policy ... are also deleted"."""
    first = client.create_service_network(name="platform")
    client.put_auth_policy(resourceIdentifier=first["id"], policy='{"Statement": []}')
    client.put_resource_policy(resourceArn=first["arn"], policy='{"Statement": []}')
    client.delete_service_network(serviceNetworkIdentifier=first["id"])
    second = client.create_service_network(name="platform")
    for arn in (first["arn"], second["arn"]):
        assert error_of(client.get_auth_policy, resourceIdentifier=arn)["status"] == 404
        assert error_of(client.get_resource_policy, resourceArn=arn)["status"] == 404


def test_only_the_auth_type_of_a_network_is_updated(client, network_id):
    """API model, UpdateServiceNetwork: authType is required and there is no name and no sharingConfig."""
    with pytest.raises(ParamValidationError):
        client.update_service_network(serviceNetworkIdentifier=network_id)
    with pytest.raises(ParamValidationError):
        client.update_service_network(serviceNetworkIdentifier=network_id, authType="NONE", sharingConfig={})
    answer = client.update_service_network(serviceNetworkIdentifier=network_id, authType="AWS_IAM")
    assert answer["authType"] == "AWS_IAM"
    assert client.get_service_network(serviceNetworkIdentifier=network_id)["authType"] == "AWS_IAM"


def test_sharing_is_on_unless_switched_off(client):
    """API reference, CreateServiceNetwork: sharingConfig."""
    assert client.create_service_network(name="open")["sharingConfig"] == {"enabled": True}
    closed = client.create_service_network(name="closed", sharingConfig={"enabled": False})["id"]
    assert client.get_service_network(serviceNetworkIdentifier=closed)["sharingConfig"] == {"enabled": False}


def test_a_vpc_has_one_network_until_the_association_is_gone(client, vpc_id, association, stepped, error_of):
    """User Guide, "Service network associations"; the message: cloud-nuke, #1158; API reference: a disassociation
    in progress.
    """
    other = {"serviceNetworkIdentifier": client.create_service_network(name="other")["id"], "vpcIdentifier": vpc_id}
    for _ in range(2):
        error = error_of(client.create_service_network_vpc_association, **other)
        assert error["status"] == 409
        assert error["message"] == "VPC has already been associated to a service network."
        client.delete_service_network_vpc_association(**association)
    stepped.advance(8)
    assert client.create_service_network_vpc_association(**other)["status"] == "CREATE_IN_PROGRESS"


def test_security_groups_are_optional(client, association):
    """API reference, CreateServiceNetworkVpcAssociation: "Security groups aren't added by default"."""
    assert client.get_service_network_vpc_association(**association)["securityGroupIds"] == []


def test_an_update_replaces_the_list_of_security_groups(client, association, make_security_group, stepped):
    """API reference, UpdateServiceNetworkVpcAssociation."""
    first, second = make_security_group("first"), make_security_group("second")
    for groups in ([first], [second]):
        client.update_service_network_vpc_association(**association, securityGroupIds=groups)
        stepped.advance(4)
        assert client.get_service_network_vpc_association(**association)["securityGroupIds"] == groups


def test_security_groups_are_never_taken_away(
    client, unchecked_client, association, make_security_group, stepped, error_of
):
    """API reference, UpdateServiceNetworkVpcAssociation: "must continue to have at least one security group"."""
    group = make_security_group("clients")
    client.update_service_network_vpc_association(**association, securityGroupIds=[group])
    stepped.advance(4)
    error = error_of(unchecked_client.update_service_network_vpc_association, **association, securityGroupIds=[])
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "securityGroupIds")
    assert client.get_service_network_vpc_association(**association)["securityGroupIds"] == [group]


def test_an_update_without_security_groups_keeps_them(client, network_id, vpc_id, make_security_group, stepped):
    """API model, UpdateServiceNetworkVpcAssociation: securityGroupIds is optional."""
    group = make_security_group("clients")
    answer = client.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id, securityGroupIds=[group]
    )
    stepped.advance(8)
    key = {"serviceNetworkVpcAssociationIdentifier": answer["id"]}
    assert client.update_service_network_vpc_association(**key, privateDnsEnabled=True)["securityGroupIds"] == [group]


def test_security_groups_of_another_vpc_are_refused_in_an_update(
    client, ec2, association, make_security_group, error_of
):
    """User Guide, "Control traffic with security groups": they are those of the VPC."""
    elsewhere = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = make_security_group("clients", vpc=elsewhere)
    error = error_of(client.update_service_network_vpc_association, **association, securityGroupIds=[group])
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "securityGroupIds")
    assert client.get_service_network_vpc_association(**association)["status"] == "ACTIVE"


def test_private_dns_prefers_verified_domains_by_default(client, association, stepped):
    """API reference of DnsOptions: the default is VERIFIED_DOMAINS_ONLY."""
    client.update_service_network_vpc_association(**association, privateDnsEnabled=True, dnsOptions={})
    stepped.advance(4)
    seen = client.get_service_network_vpc_association(**association)
    assert seen["dnsOptions"] == {"privateDnsPreference": "VERIFIED_DOMAINS_ONLY"}
    assert seen["privateDnsEnabled"] is True
