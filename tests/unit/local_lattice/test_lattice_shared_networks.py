"""A service network that RAM shares with another account.

VPC Lattice User Guide, "Share your VPC Lattice entities"; each test names the sentence that it is about.
"""

import pytest
from shared_entities import CONSUMER, OWNER, STRANGER, Team

from trellis_local.lattice import view


@pytest.fixture
def network(owner):
    """The ARN of a network of the owner that is shared with the consumer."""
    arn = owner.network()
    owner.share(arn, CONSUMER)
    return arn


def test_a_shared_network_is_listed_with_its_owner_in_the_arn(owner, consumer, stranger, network):
    """API reference, ListServiceNetworks: "owned by or shared with this account"."""
    own = consumer.network("own")
    seen = [[item["arn"] for item in team.lattice.list_service_networks()["items"]] for team in (owner, consumer)]
    assert seen == [[network], [network, own]]
    assert stranger.lattice.list_service_networks()["items"] == []


def test_a_list_of_own_and_shared_networks_comes_in_pages(owner, consumer):
    """API reference, ListServiceNetworks."""
    arns = []
    for number in range(4):
        arns += [owner.network(f"shared-{number}"), consumer.network(f"own-{number}")]
        owner.share(arns[-2], CONSUMER)
    pages = consumer.lattice.get_paginator("list_service_networks").paginate(PaginationConfig={"PageSize": 3})
    assert [item["arn"] for page in pages for item in page["items"]] == arns


@pytest.mark.parametrize("form", ["ARN", "id"])
def test_the_consumer_can_describe_a_shared_network(consumer, stranger, network, error_of, form):
    """ "The consumer can describe a service, service network ... that is shared with them." """
    identifier = network if form == "ARN" else network.rsplit("/", 1)[1]
    found = consumer.lattice.get_service_network(serviceNetworkIdentifier=identifier)
    assert (found["arn"], found["authType"]) == (network, "NONE")
    error = error_of(stranger.lattice.get_service_network, serviceNetworkIdentifier=identifier)
    assert error["status"] == (403 if form == "ARN" else 404)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("list_tags_for_resource", {}),
        ("tag_resource", {"tags": {"team": "shop"}}),
        ("untag_resource", {"tagKeys": ["team"]}),
        ("put_resource_policy", {"policy": '{"Statement": []}'}),
        ("get_resource_policy", {}),
    ],
)
def test_tags_and_policies_of_a_shared_network_are_denied(consumer, network, error_of, operation, members):
    """Terraform provider, #32938 and #41270: 403 with these words."""
    error = error_of(getattr(consumer.lattice, operation), resourceArn=network, **members)
    action = "".join(word.capitalize() for word in operation.split("_"))
    user = f"arn:aws:sts::{CONSUMER}:assumed-role/team/someone"
    assert (error["status"], error["code"]) == (403, "AccessDeniedException")
    assert error["message"] == f"User: {user} is not authorized to perform: vpc-lattice:{action} on resource: {network}"


@pytest.mark.parametrize("form", ["ARN", "id"])
def test_the_consumer_can_neither_update_nor_delete_a_shared_network(consumer, network, error_of, form):
    """Permissions of a share: describe and associate."""
    key = {"serviceNetworkIdentifier": network if form == "ARN" else network.rsplit("/", 1)[1]}
    errors = (
        error_of(consumer.lattice.update_service_network, **key, authType="AWS_IAM"),
        error_of(consumer.lattice.delete_service_network, **key),
        error_of(consumer.lattice.put_auth_policy, resourceIdentifier=key["serviceNetworkIdentifier"], policy="{}"),
    )
    assert [error["code"] for error in errors] == ["AccessDeniedException"] * 3
    assert all(network in error["message"] for error in errors)


def test_the_consumer_associates_its_own_vpc(owner, consumer, network):
    """ "The consumer can associate a VPC with a shared service network." """
    association = consumer.associate_vpc(network)
    found = consumer.lattice.get_service_network_vpc_association(**association)
    assert (found["status"], found["createdBy"], found["serviceNetworkArn"]) == ("ACTIVE", CONSUMER, network)
    assert owner.lattice.get_service_network(serviceNetworkIdentifier=network)["numberOfAssociatedVPCs"] == 1
    assert view.network_of(found["vpcId"]).arn == network


def test_the_arn_is_required_to_associate_a_network_of_another_account(consumer, network, error_of):
    """API reference, CreateServiceNetworkVpcAssociation: "use an ARN if the resources are in different accounts"."""
    error = error_of(consumer.associate_vpc, network=network.rsplit("/", 1)[1])
    assert error["code"] == "AccessDeniedException"


def test_a_network_that_is_not_shared_cannot_be_associated(stranger, network, error_of):
    """API model, CreateServiceNetworkVpcAssociation: AccessDeniedException."""
    error = error_of(stranger.associate_vpc, network=network)
    assert (error["status"], network in error["message"]) == (403, True)


def test_a_vpc_of_another_account_cannot_be_associated(owner, consumer, network, error_of):
    """ "The consumer of a shared service network can't associate a VPC or service that they don't own." """
    vpc_id = owner.ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
    members = {"serviceNetworkIdentifier": network, "vpcIdentifier": vpc_id}
    assert error_of(consumer.lattice.create_service_network_vpc_association, **members)["resourceType"] == "VPC"


def test_each_account_sees_an_association_under_an_arn_of_its_own(owner, consumer, network):
    """ "we generate an ... ARN in the entity owner account and in the account that created the association" """
    association = consumer.associate_vpc(network)
    association_id = association["serviceNetworkVpcAssociationIdentifier"]
    for team in (owner, consumer):
        (item,) = team.lattice.list_service_network_vpc_associations(serviceNetworkIdentifier=network)["items"]
        assert (item["id"], item["createdBy"]) == (association_id, CONSUMER)
        assert item["arn"].split(":")[4] == team.account
        key = {"serviceNetworkVpcAssociationIdentifier": item["arn"]}
        assert team.lattice.get_service_network_vpc_association(**key)["arn"] == item["arn"]


def test_a_stranger_sees_no_association(consumer, stranger, network, error_of):
    """Only the accounts of an association and consumers of its network see it."""
    association = consumer.associate_vpc(network)
    assert error_of(stranger.lattice.get_service_network_vpc_association, **association)["status"] == 404
    listed = stranger.lattice.list_service_network_vpc_associations(serviceNetworkIdentifier=network)
    assert listed["items"] == []


def test_another_consumer_sees_the_association_but_cannot_touch_it(owner, consumer, stranger, network, error_of):
    """ "The consumer can see all VPC associations with a shared service network"; it "can disassociate only the VPCs
    that they associated".
    """
    association = consumer.associate_vpc(network)
    owner.share(network, STRANGER)
    assert stranger.lattice.get_service_network_vpc_association(**association)["createdBy"] == CONSUMER
    assert error_of(stranger.lattice.delete_service_network_vpc_association, **association)["status"] == 403


def test_the_owner_of_the_network_disassociates_the_vpc_of_a_consumer(owner, consumer, network, stepped, error_of):
    """ "can disassociate any VPC that a consumer associated"; "it is deleted from both accounts" """
    association = consumer.associate_vpc(network)
    assert error_of(owner.lattice.delete_service_network, serviceNetworkIdentifier=network)["status"] == 409
    answer = owner.lattice.delete_service_network_vpc_association(**association)
    assert (answer["status"], answer["arn"].split(":")[4]) == ("DELETE_IN_PROGRESS", OWNER)
    stepped.advance(8)
    for team in (owner, consumer):
        assert error_of(team.lattice.get_service_network_vpc_association, **association)["status"] == 404


def test_only_the_creator_updates_an_association(owner, consumer, network, error_of):
    """ "Only the account that created an association can update the association between the service network and the
    VPC."
    """
    association = consumer.associate_vpc(network)
    error = error_of(owner.lattice.update_service_network_vpc_association, **association, privateDnsEnabled=True)
    assert error["code"] == "AccessDeniedException"
    answer = consumer.lattice.update_service_network_vpc_association(**association, privateDnsEnabled=True)
    assert answer["status"] == "UPDATE_IN_PROGRESS"


def test_associations_persist_when_sharing_stops_and_new_ones_are_denied(owner, consumer, error_of):
    """ "Existing associations persist after you stop sharing your entity. New associations ... are not allowed." """
    network = owner.network()
    share = owner.share(network, CONSUMER)
    association = consumer.associate_vpc(network)
    owner.ram.delete_resource_share(resourceShareArn=share)
    assert consumer.lattice.get_service_network_vpc_association(**association)["status"] == "ACTIVE"
    assert consumer.lattice.list_service_networks()["items"] == []
    assert error_of(consumer.associate_vpc, network=network)["status"] == 403
    answer = consumer.lattice.delete_service_network_vpc_association(**association)
    assert answer["status"] == "DELETE_IN_PROGRESS"


def test_a_network_with_sharing_switched_off_stays_with_its_owner(owner, consumer, error_of):
    """API reference, CreateServiceNetwork: "Specify if the service network should be enabled for sharing"."""
    network = owner.network(sharingConfig={"enabled": False})
    owner.share(network, CONSUMER)
    assert consumer.lattice.list_service_networks()["items"] == []
    assert error_of(consumer.lattice.get_service_network, serviceNetworkIdentifier=network)["status"] == 403
    assert error_of(consumer.associate_vpc, network=network)["status"] == 403


def test_names_and_quotas_of_accounts_are_apart(owner, consumer, network):
    """API reference, CreateServiceNetwork: "The name must be unique to the account"."""
    assert consumer.network("platform") != network


def test_an_organization_and_its_units_can_be_consumers(accounts, owner, stepped):
    """ "an organizational unit inside of its organization", "an entire organization" """
    organizations = accounts(OWNER, "organizations")
    organization = organizations.create_organization()["Organization"]["Arn"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="shops")["OrganizationalUnit"]
    members = [organizations.create_account(Email=f"{n}@example.com", AccountName=n) for n in ("inside", "outside")]
    inside, outside = (answer["CreateAccountStatus"]["AccountId"] for answer in members)
    organizations.move_account(AccountId=inside, SourceParentId=root, DestinationParentId=unit["Id"])
    for_all, for_unit = owner.network("for-all"), owner.network("for-unit")
    owner.share(for_all, organization)
    owner.share(for_unit, unit["Arn"])
    seen = {}
    for account in (inside, outside, STRANGER):
        team = Team(account, accounts=accounts, advance=stepped.advance)
        seen[account] = [item["name"] for item in team.lattice.list_service_networks()["items"]]
    assert seen == {inside: ["for-all", "for-unit"], outside: ["for-all"], STRANGER: []}


def test_the_tagging_api_shows_own_resources_only(owner, consumer, network, accounts):
    """Resource Groups Tagging API reference, GetResources: resources "in the specified AWS Region for the account"."""
    owner.lattice.tag_resource(resourceArn=network, tags={"team": "shop"})
    found = accounts(CONSUMER, "resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["vpc-lattice"])
    assert found["ResourceTagMappingList"] == []
