"""What the items of lists contain, and what only the Get operations tell (API model, the summary structures).

The members that are absent because they have no value are those of answers of the real API in 2026-07.
"""

import pytest
from lattice_actions import forward

TIMES = {"createdAt", "lastUpdatedAt"}
IDENTITY = {"id", "arn", "name"}
NETWORK_OF_ASSOCIATION = {"serviceNetworkId", "serviceNetworkName", "serviceNetworkArn"}


@pytest.fixture
def world(client, make_service, make_group, make_listener, network_id, vpc_id):
    """One of everything; the members that name the listener and the target group."""
    service_id, group_id = make_service("orders"), make_group("orders-v1")
    listener_id = make_listener(service_id, group_id)
    client.create_target_group(name="function", type="LAMBDA")
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.5"}])
    listener = {"serviceIdentifier": service_id, "listenerIdentifier": listener_id}
    client.create_rule(
        **listener, name="reads", priority=1, match={"httpMatch": {"method": "GET"}}, action=forward(group_id)
    )
    network = {"serviceNetworkIdentifier": network_id}
    client.create_service_network_service_association(**network, serviceIdentifier=service_id)
    client.create_service_network_vpc_association(**network, vpcIdentifier=vpc_id)
    return {"listener": listener, "service": {"serviceIdentifier": service_id}, "network": network} | {
        "group": {"targetGroupIdentifier": group_id},
        "": {},
    }


SUMMARIES = [
    pytest.param(
        "list_rules",
        "listener",
        [IDENTITY | TIMES | {"isDefault", "priority"}, IDENTITY | TIMES | {"isDefault"}],
        id="RuleSummary: neither match nor action",
    ),
    pytest.param(
        "list_listeners", "service", [IDENTITY | TIMES | {"protocol", "port"}], id="ListenerSummary: no defaultAction"
    ),
    pytest.param(
        "list_services",
        "",
        [IDENTITY | TIMES | {"dnsEntry", "status"}],
        id="ServiceSummary: no authType, no certificate",
    ),
    pytest.param(
        "list_service_networks",
        "",
        [IDENTITY | TIMES | {f"numberOfAssociated{what}" for what in ("VPCs", "Services", "ResourceConfigurations")}],
        id="ServiceNetworkSummary: no authType",
    ),
    pytest.param(
        "list_target_groups",
        "",
        [
            IDENTITY | TIMES | {"type", "port", "protocol", "ipAddressType", "vpcIdentifier", "status", "serviceArns"},
            IDENTITY | TIMES | {"type", "status", "serviceArns", "lambdaEventStructureVersion"},
        ],
        id="TargetGroupSummary: no healthCheck, no protocolVersion",
    ),
    pytest.param("list_targets", "group", [{"id", "port", "status"}], id="TargetSummary: no reasonCode when in use"),
    pytest.param(
        "list_service_network_vpc_associations",
        "network",
        [{"id", "arn", "status", "createdBy", "vpcId", "privateDnsEnabled"} | TIMES | NETWORK_OF_ASSOCIATION],
        id="ServiceNetworkVpcAssociationSummary: no securityGroupIds",
    ),
    pytest.param(
        "list_service_network_service_associations",
        "network",
        [
            {"id", "arn", "status", "createdBy", "createdAt", "dnsEntry", "serviceId", "serviceName", "serviceArn"}
            | NETWORK_OF_ASSOCIATION
        ],
        id="ServiceNetworkServiceAssociationSummary: no lastUpdatedAt",
    ),
]


@pytest.mark.parametrize(("operation", "parent", "members"), SUMMARIES)
def test_the_items_of_a_list_have_the_members_of_their_summary(client, world, operation, parent, members):
    items = getattr(client, operation)(**world[parent])["items"]
    assert [set(item) for item in items] == members


DETAILS = [
    pytest.param("get_listener", "listener", {"defaultAction", "serviceArn", "serviceId"}, id="GetListener"),
    pytest.param("get_service", "service", {"authType", "dnsEntry", "status"}, id="GetService"),
    pytest.param("get_service_network", "network", {"authType", "sharingConfig"}, id="GetServiceNetwork"),
    pytest.param("get_target_group", "group", {"config", "serviceArns", "status"}, id="GetTargetGroup"),
]


@pytest.mark.parametrize(("operation", "key", "members"), DETAILS)
def test_what_a_summary_lacks_is_told_by_get(client, world, operation, key, members):
    answer = getattr(client, operation)(**world[key])
    assert members <= set(answer)
    assert not {"tags", "failureCode", "failureMessage", "customDomainName", "certificateArn"} & set(answer)


def test_get_service_network_lacks_the_number_of_resource_configurations(client, world):
    """API model, GetServiceNetworkResponse."""
    counts = {name for name in client.get_service_network(**world["network"]) if name.startswith("numberOf")}
    assert counts == {"numberOfAssociatedVPCs", "numberOfAssociatedServices"}


@pytest.mark.parametrize("number", [0, 101])
def test_a_page_has_1_to_100_items(unchecked_client, error_of, number):
    """API model, MaxResults."""
    error = error_of(unchecked_client.list_services, maxResults=number)
    assert (error["status"], error["fieldList"][0]["name"]) == (400, "maxResults")
