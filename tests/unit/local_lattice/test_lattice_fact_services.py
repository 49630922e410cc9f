"""Preconditions, conflicts and updates of services, of their associations with networks and of their listeners."""

import pytest
from botocore.exceptions import ParamValidationError
from lattice_actions import NOT_FOUND, forward


@pytest.fixture
def associate(client, network_id, stepped):
    """Associate a service with the network, ACTIVE unless it shall be new."""

    def make(service_id, *, is_new=False):
        answer = client.create_service_network_service_association(
            serviceNetworkIdentifier=network_id, serviceIdentifier=service_id
        )
        stepped.advance(0 if is_new else 4)
        return {"serviceNetworkServiceAssociationIdentifier": answer["id"]}

    return make


def test_an_update_of_a_service_is_partial(client, make_service):
    """API model, UpdateService: certificateArn, authType and idleTimeoutSeconds, each optional."""
    service_id = make_service("orders", authType="AWS_IAM", idleTimeoutSeconds=120)
    answer = client.update_service(serviceIdentifier=service_id, idleTimeoutSeconds=600)
    assert (answer["authType"], answer["idleTimeoutSeconds"]) == ("AWS_IAM", 600)
    assert client.update_service(serviceIdentifier=service_id, authType="NONE")["idleTimeoutSeconds"] == 600


@pytest.mark.parametrize("member", ["name", "customDomainName"])
def test_name_and_custom_domain_name_are_immutable(client, make_service, member):
    """User Guide, "Configure a custom domain name"; API model, UpdateService has no such member."""
    with pytest.raises(ParamValidationError):
        client.update_service(serviceIdentifier=make_service("orders"), **{member: "shop.example.com"})


@pytest.mark.parametrize(("seconds", "status"), [(59, 400), (60, 200), (600, 200), (601, 400)])
def test_the_idle_timeout_is_60_to_600_seconds(unchecked_client, make_service, error_of, seconds, status):
    """API reference, CreateService: "The valid range is 60 to 600 seconds"."""
    members = {"serviceIdentifier": make_service("orders"), "idleTimeoutSeconds": seconds}
    if status == 200:
        assert unchecked_client.update_service(**members)["idleTimeoutSeconds"] == seconds
    else:
        assert error_of(unchecked_client.update_service, **members)["fieldList"][0]["name"] == "idleTimeoutSeconds"


def test_an_associated_service_is_not_deleted(client, make_service, associate, error_of):
    """API reference, DeleteService: "A service can't be deleted if it's associated with a service network"."""
    service_id = make_service("orders")
    associate(service_id)
    error = error_of(client.delete_service, serviceIdentifier=service_id)
    assert (error["status"], error["resourceId"], error["resourceType"]) == (409, service_id, "SERVICE")


def test_a_deleted_service_takes_everything_along(client, make_service, make_listener, stepped, error_of):
    """API reference, DeleteService: "the resource policy, auth policy, listeners, listener rules" are deleted."""
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    rules = client.list_rules(**key)["items"]
    client.put_auth_policy(resourceIdentifier=service_id, policy='{"Statement": []}')
    client.delete_service(serviceIdentifier=service_id)
    stepped.advance(3)
    assert error_of(client.get_listener, **key)["resourceType"] == "SERVICE"
    assert error_of(client.get_auth_policy, resourceIdentifier=service_id)["status"] == 404
    assert error_of(client.list_tags_for_resource, resourceArn=rules[0]["arn"])["status"] == 404


def test_a_pair_is_associated_once_also_while_it_is_created_or_deleted(
    client, network_id, make_service, associate, stepped, error_of
):
    """API reference, CreateServiceNetworkServiceAssociation: "already associated or ... deletion in progress"."""
    service_id = make_service("orders")
    association = associate(service_id, is_new=True)
    again = {"serviceIdentifier": service_id, "serviceNetworkIdentifier": network_id}
    statuses = [error_of(client.create_service_network_service_association, **again)["status"]]
    stepped.advance(4)
    statuses.append(error_of(client.create_service_network_service_association, **again)["status"])
    client.delete_service_network_service_association(**association)
    statuses.append(error_of(client.create_service_network_service_association, **again)["status"])
    assert statuses == [409, 409, 409]
    stepped.advance(4)
    assert client.create_service_network_service_association(**again)["status"] == "CREATE_IN_PROGRESS"


def test_a_new_service_cannot_be_associated(client, network_id, make_service, error_of):
    """AWS Gateway API Controller: it retries when the message has CREATE_IN_PROGRESS."""
    members = {"serviceIdentifier": make_service("orders", is_new=True), "serviceNetworkIdentifier": network_id}
    error = error_of(client.create_service_network_service_association, **members)
    assert (error["status"], error["message"].endswith("status: CREATE_IN_PROGRESS")) == (409, True)


def test_a_custom_domain_name_is_unique_in_each_network(client, make_service, associate, error_of):
    """User Guide, "Configure a custom domain name": it must be unique in a service network."""
    first, second = (make_service(name, customDomainName="shop.example.com") for name in ("shop-a", "shop-b"))
    associate(first)
    assert error_of(associate, service_id=second)["status"] == 409
    other = client.create_service_network(name="other")["id"]
    members = {"serviceIdentifier": second, "serviceNetworkIdentifier": other}
    assert client.create_service_network_service_association(**members)["customDomainName"] == "shop.example.com"


@pytest.mark.parametrize(("protocol", "port"), [("HTTP", 80), ("HTTPS", 443), ("TLS_PASSTHROUGH", 443)])
def test_the_default_port_of_a_listener(make_service, make_group, client, protocol, port):
    """API reference, CreateListener; User Guide, "TLS listeners"."""
    service_id = make_service("shop", customDomainName="shop.example.com")
    action = forward(make_group("tcp", protocol="TCP")) if protocol == "TLS_PASSTHROUGH" else NOT_FOUND
    members = {"serviceIdentifier": service_id, "name": "web", "defaultAction": action}
    assert client.create_listener(**members, protocol=protocol)["port"] == port


@pytest.mark.parametrize("member", ["protocol", "port", "name"])
def test_only_the_default_action_of_a_listener_is_updated(client, make_service, make_listener, member):
    """API model, UpdateListener: defaultAction is required, and the only member."""
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    with pytest.raises(ParamValidationError):
        client.update_listener(**key, defaultAction=NOT_FOUND, **{member: "HTTPS"})
    with pytest.raises(ParamValidationError):
        client.update_listener(**key)


def test_a_port_and_a_name_are_used_once_in_a_service(make_service, make_listener, error_of):
    """API reference, CreateListener: "A listener name must be unique within a service"; User Guide, "Listeners"."""
    service_id = make_service("orders")
    listener_id = make_listener(service_id, name="http", port=8080)
    same_port = error_of(make_listener, service_id=service_id, name="other", port=8080)
    same_name = error_of(make_listener, service_id=service_id, name="http", port=8081)
    assert [(e["status"], e["resourceId"]) for e in (same_port, same_name)] == [(409, listener_id)] * 2
    assert make_listener(make_service("carts"), name="http", port=8080)


def test_the_default_action_is_the_last_rule(client, make_service, make_listener):
    """API reference, CreateListener: "Each listener has a default rule"; API model, RuleSummary.isDefault."""
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    client.create_rule(**key, name="reads", priority=2000, match={"httpMatch": {"method": "GET"}}, action=NOT_FOUND)
    rules = client.list_rules(**key)["items"]
    assert [rule["isDefault"] for rule in rules] == [False, True]
    action = {"fixedResponse": {"statusCode": 500}}
    client.update_listener(**key, defaultAction=action)
    assert client.get_rule(**key, ruleIdentifier=rules[-1]["id"])["action"] == action


TLS_PASSTHROUGH = [
    pytest.param({"customDomainName": None}, id="User Guide, TLS listeners: a custom domain name is required"),
    pytest.param({"action": NOT_FOUND}, id="User Guide, TLS listeners: no fixed response"),
    pytest.param({"group": {"protocol": "HTTP"}}, id="User Guide, TLS listeners: target groups of protocol TCP"),
    pytest.param({"group": None}, id="User Guide, TLS listeners: no Lambda functions"),
]


@pytest.mark.parametrize("change", TLS_PASSTHROUGH)
def test_a_tls_passthrough_listener_is_refused(client, make_service, make_group, error_of, change):
    domain = change.get("customDomainName", "shop.example.com")
    service_id = make_service("shop", **({"customDomainName": domain} if domain else {}))
    group = change.get("group", {"protocol": "TCP"})
    group_id = (
        make_group("shop-v1", **group) if group else client.create_target_group(name="function", type="LAMBDA")["id"]
    )
    action = change.get("action", forward(group_id))
    members = {"serviceIdentifier": service_id, "name": "tls", "protocol": "TLS_PASSTHROUGH"}
    assert error_of(client.create_listener, **members, defaultAction=action)["status"] == 400


def test_a_tls_passthrough_listener_has_the_default_rule_only(
    client, make_service, make_group, make_listener, error_of
):
    """User Guide, "TLS listeners"."""
    service_id = make_service("shop", customDomainName="shop.example.com")
    group_id = make_group("shop-v1", protocol="TCP")
    listener_id = make_listener(service_id, group_id, protocol="TLS_PASSTHROUGH")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": listener_id}
    members = {"name": "reads", "priority": 1, "match": {"httpMatch": {"method": "GET"}}, "action": forward(group_id)}
    assert error_of(client.create_rule, **key, **members)["status"] == 400
    assert [rule["isDefault"] for rule in client.list_rules(**key)["items"]] == [True]


def test_a_tcp_group_is_for_tls_passthrough_only(make_service, make_group, make_listener, error_of):
    """User Guide, "Target groups": "Only TLS listeners support TCP target groups"."""
    service_id, group_id = make_service("shop"), make_group("shop-v1", protocol="TCP")
    assert error_of(make_listener, service_id=service_id, defaultAction=forward(group_id))["status"] == 400
