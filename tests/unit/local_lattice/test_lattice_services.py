"""Services, their listeners and the actions of listeners."""

from lattice_actions import forward

from trellis_local.lattice import configuration, quotas


def test_a_service_has_a_generated_domain_name(client, make_service):
    service_id = make_service("orders")
    entry = client.get_service(serviceIdentifier=service_id)["dnsEntry"]
    digits = service_id.removeprefix("svc-")
    assert len(digits) == 17
    assert entry["domainName"] == f"orders-{digits}.7d67968.vpc-lattice-svcs.us-west-2.on.aws"
    assert entry == client.list_services()["items"][0]["dnsEntry"]


def test_the_hosted_zone_is_the_same_for_all_services_of_a_region(client, make_service):
    make_service("orders")
    make_service("carts")
    assert len({item["dnsEntry"]["hostedZoneId"] for item in client.list_services()["items"]}) == 1


def test_unset_members_are_absent(client, make_service):
    answer = client.get_service(serviceIdentifier=make_service("orders"))
    assert not {"customDomainName", "certificateArn", "idleTimeoutSeconds", "failureCode"} & set(answer)


def test_deleting_a_service_takes_its_listeners_along(client, make_service, make_listener, make_group, stepped):
    service_id, group_id = make_service("orders"), make_group("orders-v1")
    make_listener(service_id, group_id)
    client.delete_service(serviceIdentifier=service_id)
    stepped.advance(3)
    assert client.delete_target_group(targetGroupIdentifier=group_id)["status"] == "DELETE_IN_PROGRESS"


def test_a_service_has_at_most_two_listeners(client, make_service, make_listener, error_of):
    service_id = make_service("orders")
    make_listener(service_id, name="one", port=8001)
    make_listener(service_id, name="two", port=8002)
    error = error_of(make_listener, service_id=service_id, name="three", port=8003)
    assert (error["status"], error["quotaCode"]) == (402, "L-D64E952E")


def test_a_forward_action_is_returned_with_ids(client, make_service, make_group, make_listener):
    service_id, group_id = make_service("orders"), make_group("orders-v1")
    arn = client.get_target_group(targetGroupIdentifier=group_id)["arn"]
    action = {"forward": {"targetGroups": [{"targetGroupIdentifier": arn}]}}
    listener_id = make_listener(service_id, defaultAction=action)
    listener = client.get_listener(serviceIdentifier=service_id, listenerIdentifier=listener_id)
    assert listener["defaultAction"]["forward"]["targetGroups"] == [{"targetGroupIdentifier": group_id, "weight": 100}]


def test_two_listeners_of_a_service_may_share_a_target_group(client, make_service, make_group, make_listener):
    service_id, group_id = make_service("orders"), make_group("orders-v1")
    make_listener(service_id, group_id, name="plain")
    make_listener(service_id, group_id, name="secure", protocol="HTTPS")
    group = client.get_target_group(targetGroupIdentifier=group_id)
    assert [arn.rsplit("/", 1)[1] for arn in group["serviceArns"]] == [service_id]


def test_forwarding_to_an_unknown_target_group_is_not_found(client, make_service, make_listener, error_of):
    action = forward("tg-0123456789abcdef0")
    error = error_of(make_listener, service_id=make_service("orders"), defaultAction=action)
    assert (error["status"], error["resourceType"]) == (404, "TARGET_GROUP")


def test_the_target_groups_of_a_service_are_limited(client, make_service, make_group, make_listener, error_of):
    configuration.reconfigure(quotas={quotas.TARGET_GROUPS_PER_SERVICE: 1})
    groups = make_group("orders-v1"), make_group("orders-v2")
    error = error_of(make_listener, service_id=make_service("orders"), defaultAction=forward(*groups))
    assert (error["status"], error["quotaCode"]) == (402, "L-3DEC3B9F")


def test_updating_a_listener_replaces_the_default_action(client, make_service, make_listener):
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    action = {"fixedResponse": {"statusCode": 500}}
    client.update_listener(**key, defaultAction=action)
    assert client.get_listener(**key)["defaultAction"] == action
