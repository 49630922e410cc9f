"""What the data plane sees."""

import json

import pytest
from lattice_actions import NOT_FOUND

from trellis_local.lattice import view


@pytest.fixture
def service_id(client, make_service, make_group, make_listener):
    """A service with a listener, two rules and a target."""
    service_id, group_id = make_service("orders", customDomainName="Shop.example.com"), make_group("orders-v1")
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5", "port": 8080}])
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id, group_id)}
    for priority in (20, 10):
        client.create_rule(
            **key, name=f"rule{priority}", priority=priority, match={"httpMatch": {"method": "GET"}}, action=NOT_FOUND
        )
    return service_id


@pytest.fixture
def associated(client, network_id, vpc_id, service_id, stepped):
    """The generated host name of the service, which is in the network of the VPC."""
    client.create_service_network_vpc_association(serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id)
    client.create_service_network_service_association(serviceNetworkIdentifier=network_id, serviceIdentifier=service_id)
    stepped.advance(8)
    return client.get_service(serviceIdentifier=service_id)["dnsEntry"]["domainName"]


def test_a_service_is_found_by_its_host_names_in_any_case(associated, vpc_id):
    for host in (associated, associated.upper(), "shop.EXAMPLE.com"):
        service = view.find_service(vpc_id=vpc_id, host=host)
        assert service is not None
        assert service.name == "orders"


def test_the_listener_has_its_rules_in_order_and_the_default_action_apart(associated, vpc_id):
    (listener,) = view.find_service(vpc_id=vpc_id, host=associated).listeners
    assert [rule.priority for rule in listener.rules] == [10, 20]
    assert listener.rules[0].match["httpMatch"]["method"] == "GET"
    assert "forward" in listener.default_action


def test_another_vpc_does_not_find_the_service(associated):
    assert view.find_service(vpc_id="vpc-01234567", host=associated) is None
    assert view.service_by_domain(associated) is not None


def test_a_service_that_is_not_associated_yet_is_not_found(client, network_id, vpc_id, make_service, stepped):
    service_id = make_service("orders")
    client.create_service_network_vpc_association(serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id)
    stepped.advance(8)
    client.create_service_network_service_association(serviceNetworkIdentifier=network_id, serviceIdentifier=service_id)
    host = client.get_service(serviceIdentifier=service_id)["dnsEntry"]["domainName"]
    assert view.find_service(vpc_id=vpc_id, host=host) is None
    stepped.advance(4)
    assert view.find_service(vpc_id=vpc_id, host=host) is not None


def test_the_network_of_a_vpc_is_known_in_every_state(client, network_id, vpc_id, stepped):
    assert view.network_of(vpc_id) is None
    client.create_service_network_vpc_association(serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id)
    assert view.network_of(vpc_id).association_status == "CREATE_IN_PROGRESS"
    stepped.advance(8)
    assert (view.network_of(vpc_id).id, view.network_of(vpc_id).association_status) == (network_id, "ACTIVE")


def test_a_target_group_is_seen_with_its_targets(associated, client, vpc_id):
    (summary,) = client.list_target_groups()["items"]
    for identifier in (summary["id"], summary["arn"]):
        group = view.target_group(identifier)
        assert (group.name, group.port, group.protocol, group.vpc_id) == ("orders-v1", 80, "HTTP", vpc_id)
        assert group.targets == (view.TargetView(id="10.1.0.5", port=8080, status="INITIAL"),)


def test_the_view_is_a_copy(associated, vpc_id):
    (listener,) = view.find_service(vpc_id=vpc_id, host=associated).listeners
    listener.default_action["forward"]["targetGroups"].clear()
    (again,) = view.find_service(vpc_id=vpc_id, host=associated).listeners
    assert again.default_action["forward"]["targetGroups"]


def test_auth_policies_are_seen(client, network_id):
    arn = client.get_service_network(serviceNetworkIdentifier=network_id)["arn"]
    policy = json.dumps({"Statement": []})
    assert view.auth_policy(arn) is None
    client.put_auth_policy(resourceIdentifier=network_id, policy=policy)
    assert view.auth_policy(arn) == policy
