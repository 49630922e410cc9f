"""Resource gateways, configurations and their associations (VPC Lattice User Guide, "Resource configurations").

Quotations are from the API reference of the operation that a test calls.
"""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from trellis_local.lattice import configuration, quotas

Make = Callable[..., str]
ADDRESS = {"ipResource": {"ipAddress": "10.1.0.5"}}
DATABASE_ARN = {"arnResource": {"arn": "arn:aws:rds:us-west-2:111122223333:db:orders"}}


@pytest.fixture
def subnet_id(ec2: Any, vpc_id: str) -> str:
    subnet_id: str = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    return subnet_id


@pytest.fixture
def gateway_id(client: Any, stepped: Any, vpc_id: str, subnet_id: str) -> str:
    gateway = client.create_resource_gateway(name="databases", vpcIdentifier=vpc_id, subnetIds=[subnet_id])
    stepped.advance(6)
    return str(gateway["id"])


@pytest.fixture
def configure(client: Any, stepped: Any, gateway_id: str) -> Make:
    """Create an ACTIVE configuration, of type SINGLE unless said otherwise; members of None are left out."""

    def make(name: str, **members: Any) -> str:
        single = {
            "type": "SINGLE",
            "portRanges": ["5432"],
            "resourceGatewayIdentifier": gateway_id,
            "resourceConfigurationDefinition": ADDRESS,
            "allowAssociationToShareableServiceNetwork": True,
        }
        given = {key: value for key, value in {**single, **members}.items() if value is not None}
        created = client.create_resource_configuration(name=name, **given)
        stepped.advance(2)
        return str(created["id"])

    return make


@pytest.fixture
def group(configure: Make) -> str:
    return configure("group", type="GROUP", resourceConfigurationDefinition=None, portRanges=None)


@pytest.fixture
def child_of(configure: Make) -> Make:
    def make(name: str, group: str) -> str:
        parent = {"resourceConfigurationGroupIdentifier": group, "resourceGatewayIdentifier": None}
        return configure(name, type="CHILD", allowAssociationToShareableServiceNetwork=None, **parent)

    return make


@pytest.fixture
def associate(client: Any, stepped: Any, network_id: str) -> Callable[[str], dict[str, Any]]:
    def run(configuration_id: str) -> dict[str, Any]:
        made: dict[str, Any] = client.create_service_network_resource_association(
            resourceConfigurationIdentifier=configuration_id, serviceNetworkIdentifier=network_id
        )
        stepped.advance(4)
        return made

    return run


def test_a_gateway_becomes_active_and_tells_its_vpc_in_two_spellings(client, gateway_id, vpc_id):
    found = client.get_resource_gateway(resourceGatewayIdentifier=gateway_id)
    (listed,) = client.list_resource_gateways()["items"]
    assert (found["status"], found["vpcId"], listed["vpcIdentifier"]) == ("ACTIVE", vpc_id, vpc_id)
    assert (found["ipAddressType"], found["ipv4AddressesPerEni"]) == ("IPV4", 16)


def test_a_gateway_in_use_is_not_deleted(client, gateway_id, configure, error_of):
    configure("database")
    error = error_of(client.delete_resource_gateway, resourceGatewayIdentifier=gateway_id)
    assert (error["status"], error["code"]) == (409, "ConflictException")


def test_an_unused_gateway_goes_through_its_deletion(client, stepped, gateway_id, error_of):
    assert client.delete_resource_gateway(resourceGatewayIdentifier=gateway_id)["status"] == "DELETE_IN_PROGRESS"
    stepped.advance(6)
    assert error_of(client.get_resource_gateway, resourceGatewayIdentifier=gateway_id)["status"] == 404


def test_an_update_of_a_gateway_takes_its_time(client, stepped, ec2, gateway_id, vpc_id):
    group_id = ec2.create_security_group(GroupName="gateway", Description="-", VpcId=vpc_id)["GroupId"]
    answer = client.update_resource_gateway(resourceGatewayIdentifier=gateway_id, securityGroupIds=[group_id])
    assert (answer["status"], answer["securityGroupIds"]) == ("UPDATE_IN_PROGRESS", [group_id])
    stepped.advance(3)
    assert client.get_resource_gateway(resourceGatewayIdentifier=gateway_id)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"resourceGatewayIdentifier": None}, "resourceGatewayIdentifier is required"),
        ({"portRanges": None}, "portRanges is required"),
        ({"portRanges": ["9-3"]}, "9-3 is not a range"),
        ({"protocol": "TCP_UDP"}, "CIDR only"),
        ({"groupDomain": "example.com"}, "groupDomain is not supported"),
        (
            {"resourceConfigurationDefinition": DATABASE_ARN},
            "is defined by",
        ),
        ({"type": "GROUP"}, "resourceConfigurationDefinition is not supported"),
        ({"type": "CHILD"}, "resourceGatewayIdentifier is not supported"),
        ({"type": "ARN"}, "portRanges is not supported"),
    ],
)
def test_each_type_has_its_own_members(client, gateway_id, error_of, members, message):
    """ "(SINGLE, GROUP, ARN, CIDR) ...", "(CHILD) ..." before the members of CreateResourceConfiguration."""
    single = {
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway_id,
        "resourceConfigurationDefinition": ADDRESS,
    }
    given = {key: value for key, value in {**single, **members}.items() if value is not None}
    error = error_of(client.create_resource_configuration, name="database", **given)
    assert (error["status"], message in error["Error"]["Message"]) == (400, True)


def test_a_child_has_the_gateway_of_its_group(client, gateway_id, group, child_of):
    """ "For a child resource configuration, this value is inherited from the parent resource configuration."""
    found = client.get_resource_configuration(resourceConfigurationIdentifier=child_of("child", group))
    assert (found["resourceGatewayId"], found["resourceConfigurationGroupId"]) == (gateway_id, group)


def test_a_group_with_children_is_not_deleted(client, group, child_of, error_of):
    child_of("child", group)
    assert error_of(client.delete_resource_configuration, resourceConfigurationIdentifier=group)["status"] == 409


def test_an_update_replaces_what_it_names(client, stepped, configure):
    database = configure("database")
    client.update_resource_configuration(resourceConfigurationIdentifier=database, portRanges=["5432", "6000-6010"])
    stepped.advance(2)
    found = client.get_resource_configuration(resourceConfigurationIdentifier=database)
    assert (found["portRanges"], found["resourceConfigurationDefinition"]) == (["5432", "6000-6010"], ADDRESS)


def test_an_association_has_a_name_of_its_own(client, configure, associate, network_id):
    database = configure("database")
    made = associate(database)
    (found,) = client.list_service_network_resource_associations(serviceNetworkIdentifier=network_id)["items"]
    assert found["status"] == "ACTIVE"
    assert found["dnsEntry"]["domainName"].startswith(f"{made['id']}.{database}.")
    assert found["dnsEntry"]["domainName"].endswith(".vpc-lattice-rsc.us-west-2.on.aws")


def test_a_network_counts_its_resources_and_is_not_deleted_with_them(
    client, configure, associate, network_id, error_of
):
    associate(configure("database"))
    (network,) = client.list_service_networks()["items"]
    assert network["numberOfAssociatedResourceConfigurations"] == 1
    error = error_of(client.delete_service_network, serviceNetworkIdentifier=network_id)
    assert (error["status"], "has resource(s) associated." in error["Error"]["Message"]) == (409, True)


def test_an_associated_configuration_is_not_deleted_until_its_association_is(
    client, stepped, configure, associate, error_of
):
    database = configure("database")
    made = associate(database)
    assert error_of(client.delete_resource_configuration, resourceConfigurationIdentifier=database)["status"] == 409
    client.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=made["id"])
    stepped.advance(4)
    client.delete_resource_configuration(resourceConfigurationIdentifier=database)
    stepped.advance(2)
    assert client.list_resource_configurations()["items"] == []


def test_a_pair_is_associated_once(client, configure, associate, network_id, error_of):
    database = configure("database")
    associate(database)
    pair = {"resourceConfigurationIdentifier": database, "serviceNetworkIdentifier": network_id}
    assert error_of(client.create_service_network_resource_association, **pair)["status"] == 409


def test_a_configuration_must_allow_networks_that_can_be_shared(client, configure, network_id, error_of):
    """ "Specifies whether the resource configuration can be associated with a sharable service network."""
    database = configure("database", allowAssociationToShareableServiceNetwork=False)
    pair = {"resourceConfigurationIdentifier": database, "serviceNetworkIdentifier": network_id}
    assert error_of(client.create_service_network_resource_association, **pair)["status"] == 400


def test_children_are_associated_with_their_group_and_listed_on_demand(
    client, stepped, group, child_of, associate, network_id
):
    """ "includeChildren: Include service network resource associations of the child resource configuration"."""
    child_of("first", group)
    made = associate(group)
    child_of("second", group)

    def listed(**more: Any) -> list[str]:
        items = client.list_service_network_resource_associations(serviceNetworkIdentifier=network_id, **more)["items"]
        return sorted(item["resourceConfigurationName"] for item in items)

    assert (listed(), listed(includeChildren=True)) == (["group"], ["first", "group", "second"])
    stepped.advance(4)
    client.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=made["id"])
    stepped.advance(4)
    assert listed(includeChildren=True) == []


def test_an_endpoint_of_ec2_leads_to_a_configuration_until_it_is_deleted(
    client, ec2, configure, vpc_id, subnet_id, error_of
):
    arn = client.get_resource_configuration(resourceConfigurationIdentifier=configure("database"))["arn"]
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="Resource", VpcId=vpc_id, SubnetIds=[subnet_id], ResourceConfigurationArn=arn
    )["VpcEndpoint"]
    (found,) = client.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]
    assert (found["vpcEndpointId"], found["resourceConfigurationArn"]) == (endpoint["VpcEndpointId"], arn)
    assert error_of(client.delete_resource_configuration, resourceConfigurationIdentifier=arn)["status"] == 409
    client.delete_resource_endpoint_association(resourceEndpointAssociationIdentifier=found["id"])
    assert client.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"] == []


def test_an_endpoint_of_ec2_leads_to_a_network_and_keeps_it(client, ec2, vpc_id, subnet_id, network_id, error_of):
    arn = client.get_service_network(serviceNetworkIdentifier=network_id)["arn"]
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="ServiceNetwork", VpcId=vpc_id, SubnetIds=[subnet_id], ServiceNetworkArn=arn
    )["VpcEndpoint"]
    (found,) = client.list_service_network_vpc_endpoint_associations(serviceNetworkIdentifier=network_id)["items"]
    assert (found["vpcEndpointId"], found["vpcId"]) == (endpoint["VpcEndpointId"], vpc_id)
    assert error_of(client.delete_service_network, serviceNetworkIdentifier=network_id)["status"] == 409
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    client.delete_service_network(serviceNetworkIdentifier=network_id)


def test_an_endpoint_to_nothing_is_refused(ec2, client, vpc_id, error_of):
    arn = "arn:aws:vpc-lattice:us-west-2:111122223333:servicenetwork/sn-0123456789abcdef0"
    missing = {"VpcEndpointType": "ServiceNetwork", "VpcId": vpc_id, "ServiceNetworkArn": arn}
    assert error_of(ec2.create_vpc_endpoint, **missing)["status"] == 400


def test_a_domain_is_verified_by_its_record_in_a_public_zone(client, stepped):
    started = client.start_domain_verification(domainName="example.com")
    assert started["status"] == "PENDING"
    route53 = boto3.client("route53", "us-west-2")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="verification")["HostedZone"]["Id"]
    record = {
        "Name": started["txtMethodConfig"]["name"],
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": f'"{started["txtMethodConfig"]["value"]}"'}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    found = client.get_domain_verification(domainVerificationIdentifier=started["id"])
    assert (found["status"], "lastVerifiedTime" in found) == ("VERIFIED", True)


def test_a_domain_without_its_record_times_out(client, stepped):
    started = client.start_domain_verification(domainName="example.net")
    stepped.advance(72 * 3600)
    (found,) = client.list_domain_verifications()["items"]
    assert (found["id"], found["status"]) == (started["id"], "VERIFICATION_TIMED_OUT")


def test_a_verified_domain_must_cover_the_custom_domain(client, configure, error_of, gateway_id):
    verification = client.start_domain_verification(domainName="example.com")["id"]
    named = {"domainVerificationIdentifier": verification, "customDomainName": "db.example.com"}
    found = client.get_resource_configuration(resourceConfigurationIdentifier=configure("database", **named))
    assert (found["domainVerificationId"], found["domainVerificationStatus"]) == (verification, "PENDING")
    other = {
        "type": "SINGLE",
        "portRanges": ["5432"],
        "resourceGatewayIdentifier": gateway_id,
        "resourceConfigurationDefinition": ADDRESS,
        **named,
        "customDomainName": "db.example.org",
    }
    assert error_of(client.create_resource_configuration, name="other", **other)["status"] == 400


def test_the_quota_of_children_of_a_group_is_named(child_of, group):
    """User Guide, "Quotas for Amazon VPC Lattice"."""
    child_of("child", group)
    configuration.reconfigure(quotas={quotas.CHILDREN_PER_GROUP: 1})
    with pytest.raises(ClientError) as raised:
        child_of("second", group)
    assert raised.value.response["quotaCode"] == quotas.CHILDREN_PER_GROUP


def test_the_quota_of_configurations_of_a_network_is_named(configure, associate):
    associate(configure("database"))
    other = configure("other")
    configuration.reconfigure(quotas={quotas.RESOURCE_CONFIGURATIONS_PER_NETWORK: 1})
    with pytest.raises(ClientError) as raised:
        associate(other)
    assert raised.value.response["quotaCode"] == quotas.RESOURCE_CONFIGURATIONS_PER_NETWORK


def test_the_quota_of_gateways_of_a_vpc_is_named(client, gateway_id, vpc_id, subnet_id, error_of):
    configuration.reconfigure(quotas={quotas.RESOURCE_GATEWAYS_PER_VPC: 1})
    place = {"vpcIdentifier": vpc_id, "subnetIds": [subnet_id]}
    error = error_of(client.create_resource_gateway, name="second", **place)
    assert (error["status"], error["quotaCode"]) == (402, quotas.RESOURCE_GATEWAYS_PER_VPC)
