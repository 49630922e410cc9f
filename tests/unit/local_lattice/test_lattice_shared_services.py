"""A service that RAM shares with another account, and services in a shared network.

VPC Lattice User Guide, "Share your VPC Lattice entities"; each test names the sentence that it is about.
"""

import pytest
from lattice_actions import NOT_FOUND
from shared_entities import CONSUMER, OWNER


@pytest.fixture
def service(owner):
    """The ARN of a service of the owner, with a listener, that is shared with the consumer."""
    arn = owner.service()
    owner.lattice.create_listener(serviceIdentifier=arn, name="http", protocol="HTTP", defaultAction=NOT_FOUND)
    owner.share(arn, CONSUMER)
    return arn


@pytest.fixture
def network(owner):
    """The ARN of a network of the owner that is shared with the consumer."""
    arn = owner.network()
    owner.share(arn, CONSUMER)
    return arn


def test_a_shared_service_is_listed(owner, consumer, stranger, service):
    """API reference, ListServices: "owned by the caller account or shared with the caller account"."""
    seen = [[item["arn"] for item in team.lattice.list_services()["items"]] for team in (owner, consumer, stranger)]
    assert seen == [[service], [service], []]


@pytest.mark.parametrize("form", ["ARN", "id"])
def test_a_shared_service_is_described(consumer, stranger, service, error_of, form):
    """ "The consumer can describe a service ... that is shared with them"; Terraform provider, acceptance test
    TestAccVPCLatticeServiceDataSource_shared, which uses the id.
    """
    identifier = service if form == "ARN" else service.rsplit("/", 1)[1]
    found = consumer.lattice.get_service(serviceIdentifier=identifier)
    assert (found["arn"], found["authType"]) == (service, "NONE")
    error = error_of(stranger.lattice.get_service, serviceIdentifier=identifier)
    assert error["status"] == (403 if form == "ARN" else 404)


@pytest.mark.parametrize("form", ["ARN", "id"])
@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("list_listeners", {}),
        ("get_listener", {"listenerIdentifier": "listener-0123456789abcdef0"}),
        ("list_rules", {"listenerIdentifier": "listener-0123456789abcdef0"}),
        ("create_listener", {"name": "web", "protocol": "HTTP", "defaultAction": NOT_FOUND}),
        ("update_service", {"authType": "AWS_IAM"}),
        ("delete_service", {}),
    ],
)
def test_everything_else_about_a_shared_service_is_denied(consumer, service, error_of, form, operation, members):
    """ "The consumer can't retrieve service information of a service ... that they don't own", nor delete it."""
    identifier = service if form == "ARN" else service.rsplit("/", 1)[1]
    error = error_of(getattr(consumer.lattice, operation), serviceIdentifier=identifier, **members)
    assert (error["status"], error["code"]) == (403, "AccessDeniedException")
    assert service in error["message"]


def test_tags_and_policies_of_a_shared_service_are_denied(consumer, service, error_of):
    """Terraform provider, #32938."""
    errors = (
        error_of(consumer.lattice.list_tags_for_resource, resourceArn=service),
        error_of(consumer.lattice.get_auth_policy, resourceIdentifier=service),
        error_of(consumer.lattice.delete_auth_policy, resourceIdentifier=service),
    )
    assert [error["status"] for error in errors] == [403] * 3


def test_the_consumer_associates_its_service_with_a_shared_network(owner, consumer, network):
    """ "The consumer can associate a service ... with a shared service network." """
    service = consumer.service("carts")
    association = consumer.associate_service(network, service)
    for team in (owner, consumer):
        found = team.lattice.get_service_network_service_association(**association)
        assert (found["createdBy"], found["serviceArn"], found["status"]) == (CONSUMER, service, "ACTIVE")
        assert found["arn"].split(":")[4] == team.account


def test_the_consumer_associates_a_shared_service_with_its_network(owner, consumer, service):
    """ "you enable those accounts to associate their entities with entities in your account" """
    association = consumer.associate_service(consumer.network("own"), service)
    found = owner.lattice.get_service_network_service_association(**association)
    assert (found["createdBy"], found["serviceNetworkName"]) == (CONSUMER, "own")
    listed = owner.lattice.list_service_network_service_associations(serviceIdentifier=service)["items"]
    assert [item["id"] for item in listed] == list(association.values())


def test_two_shared_entities_cannot_be_associated(consumer, network, service, error_of):
    """ "The consumer can't associate two entities if both are shared with them." """
    assert error_of(consumer.associate_service, network=network, service=service)["code"] == "AccessDeniedException"


def test_the_arn_is_required_to_associate_a_service_of_another_account(consumer, service, error_of):
    """API reference, CreateServiceNetworkServiceAssociation: "if the resources ... are in different accounts"."""
    own = consumer.network("own")
    error = error_of(consumer.associate_service, network=own, service=service.rsplit("/", 1)[1])
    assert error["code"] == "AccessDeniedException"


def test_a_service_in_a_shared_network_is_seen_by_association_only(owner, consumer, network, error_of):
    """ "The consumer can describe all service associations ... with a shared service network"; it can't retrieve
    information of a service that it does not own.
    """
    service = owner.service("internal")
    association = owner.associate_service(network, service)
    listed = consumer.lattice.list_service_network_service_associations(serviceNetworkIdentifier=network)["items"]
    assert [(item["serviceName"], item["createdBy"]) for item in listed] == [("internal", OWNER)]
    assert consumer.lattice.get_service_network_service_association(**association)["serviceArn"] == service
    assert consumer.lattice.list_services()["items"] == []
    assert error_of(consumer.lattice.get_service, serviceIdentifier=service)["status"] == 403


def test_the_consumer_disassociates_only_what_it_associated(owner, consumer, network, error_of):
    """ "The consumer can disassociate only the services ... that they associated with a service network." """
    foreign = owner.associate_service(network, owner.service("internal"))
    own = consumer.associate_service(network, consumer.service("carts"))
    error = error_of(consumer.lattice.delete_service_network_service_association, **foreign)
    assert (error["status"], error["code"]) == (403, "AccessDeniedException")
    answer = consumer.lattice.delete_service_network_service_association(**own)
    assert answer["status"] == "DELETE_IN_PROGRESS"


def test_the_owner_of_the_network_disassociates_any_service(owner, consumer, network):
    """ "can disassociate any service associated with the service network, regardless of who created the
    association"
    """
    association = consumer.associate_service(network, consumer.service("carts"))
    answer = owner.lattice.delete_service_network_service_association(**association)
    assert (answer["status"], answer["arn"].split(":")[4]) == ("DELETE_IN_PROGRESS", OWNER)


def test_the_owner_of_the_service_disassociates_it_from_any_network(owner, consumer, service, error_of):
    """ "The service owner can disassociate a service from any service network that it is associated with." """
    association = consumer.associate_service(consumer.network("own"), service)
    assert error_of(owner.lattice.delete_service, serviceIdentifier=service)["status"] == 409
    answer = owner.lattice.delete_service_network_service_association(**association)
    assert answer["status"] == "DELETE_IN_PROGRESS"


def test_the_owner_of_the_network_can_neither_change_nor_delete_the_service(owner, consumer, network, error_of):
    """ "The service network owner can't modify a service created by a consumer", nor delete it."""
    service = consumer.service("carts")
    consumer.associate_service(network, service)
    errors = (
        error_of(owner.lattice.update_service, serviceIdentifier=service, authType="AWS_IAM"),
        error_of(owner.lattice.delete_service, serviceIdentifier=service),
    )
    assert [error["status"] for error in errors] == [403, 403]


def test_a_stranger_sees_nothing(owner, consumer, stranger, network, error_of):
    """Only the accounts of an association and consumers of its network see it."""
    association = consumer.associate_service(network, consumer.service("carts"))
    assert error_of(stranger.lattice.get_service_network_service_association, **association)["status"] == 404
    listed = stranger.lattice.list_service_network_service_associations(serviceNetworkIdentifier=network)
    assert listed["items"] == []


def test_a_target_group_must_be_in_the_account_of_the_service(owner, consumer, error_of):
    """User Guide, "Target groups": "the target group must be in the same account as the service"."""
    group = owner.lattice.create_target_group(name="orders-v1", type="LAMBDA")
    action = {"forward": {"targetGroups": [{"targetGroupIdentifier": group["arn"]}]}}
    members = {"serviceIdentifier": consumer.service("carts"), "name": "http", "protocol": "HTTP"}
    error = error_of(consumer.lattice.create_listener, **members, defaultAction=action)
    assert (error["status"], group["arn"] in error["message"]) == (403, True)


def test_a_deleted_share_hides_the_service_and_keeps_its_associations(owner, consumer, error_of):
    """ "Existing associations persist after you stop sharing your entity." """
    service = owner.service()
    share = owner.share(service, CONSUMER)
    association = consumer.associate_service(consumer.network("own"), service)
    owner.ram.delete_resource_share(resourceShareArn=share)
    assert consumer.lattice.list_services()["items"] == []
    assert error_of(consumer.lattice.get_service, serviceIdentifier=service)["status"] == 403
    assert consumer.lattice.get_service_network_service_association(**association)["status"] == "ACTIVE"
