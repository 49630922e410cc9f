"""Reads that see the past, as eventual consistency allows (ordered by a test, never by themselves)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from trellis_local.aws.moto_seam import resource_tags
from trellis_local.chance import Chance
from trellis_local.lattice import configuration
from trellis_local.lattice.backend import lattice_backends
from trellis_local.lattice.faults import StaleReads
from trellis_local.lattice.health import HealthChecker
from trellis_local.lattice.past import order_stale_reads

LAG = 5


@pytest.fixture
def stale(client):
    """All reads see what was true 5 seconds ago, until the result is called."""
    return order_stale_reads(StaleReads(LAG))


def names(client):
    return [item["name"] for item in client.list_services()["items"]]


def test_a_read_does_not_see_a_write_of_the_same_caller_for_a_while(client, stale, stepped, error_of):
    created = client.create_service(name="orders")
    error = error_of(client.get_service, serviceIdentifier=created["id"])
    assert (error["status"], error["code"], names(client)) == (404, "ResourceNotFoundException", [])
    stepped.advance(LAG)
    assert client.get_service(serviceIdentifier=created["id"])["name"] == "orders"
    assert names(client) == ["orders"]


def test_writes_act_on_the_present(client, stale, error_of):
    client.create_service(name="orders")
    assert names(client) == []
    assert error_of(client.create_service, name="orders")["status"] == 409


def test_a_state_is_seen_to_change_later(client, stale, stepped):
    service_id = client.create_service(name="orders")["id"]
    seen = []
    for seconds in (LAG, 2.9, 0.1):
        stepped.advance(seconds)
        seen.append(client.get_service(serviceIdentifier=service_id)["status"])
    assert seen == ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "ACTIVE"]


def test_what_is_deleted_is_still_seen(client, network_id, stale, stepped, error_of):
    client.delete_service_network(serviceNetworkIdentifier=network_id)
    assert client.get_service_network(serviceNetworkIdentifier=network_id)["name"] == "platform"
    stepped.advance(LAG)
    assert error_of(client.get_service_network, serviceNetworkIdentifier=network_id)["status"] == 404


def test_each_moment_of_the_past_is_seen_in_its_turn(client, network_id, stale, stepped):
    for auth_type in ("AWS_IAM", "NONE", "AWS_IAM"):
        stepped.advance(1)
        client.update_service_network(serviceNetworkIdentifier=network_id, authType=auth_type)
    stepped.advance(LAG - 3)
    seen = []
    for _ in range(4):
        seen.append(client.get_service_network(serviceNetworkIdentifier=network_id)["authType"])
        stepped.advance(1)
    assert seen == ["NONE", "AWS_IAM", "NONE", "AWS_IAM"]


def test_the_past_is_consistent_over_resources(client, network_id, make_service, stale, stepped):
    service_id = make_service("orders")
    stepped.advance(LAG)
    client.create_service_network_service_association(serviceNetworkIdentifier=network_id, serviceIdentifier=service_id)
    network = client.get_service_network(serviceNetworkIdentifier=network_id)
    associations = client.list_service_network_service_associations(serviceIdentifier=service_id)["items"]
    assert (network["numberOfAssociatedServices"], len(associations)) == (0, 0)
    stepped.advance(LAG)
    network = client.get_service_network(serviceNetworkIdentifier=network_id)
    associations = client.list_service_network_service_associations(serviceIdentifier=service_id)["items"]
    assert (network["numberOfAssociatedServices"], len(associations)) == (1, 1)


def test_a_stale_read_changes_nothing(client, make_service, make_listener, stale, stepped):
    service_id = make_service("orders")
    make_listener(service_id)
    stepped.advance(LAG)
    (listener,) = client.list_listeners(serviceIdentifier=service_id)["items"]
    client.delete_listener(serviceIdentifier=service_id, listenerIdentifier=listener["id"])
    assert len(client.list_listeners(serviceIdentifier=service_id)["items"]) == 1
    stale()
    assert client.list_listeners(serviceIdentifier=service_id)["items"] == []


def test_only_the_ordered_operations_are_stale(client, error_of):
    order_stale_reads(StaleReads(LAG, operation="List*"))
    service_id = client.create_service(name="orders")["id"]
    assert client.get_service(serviceIdentifier=service_id)["name"] == "orders"
    assert names(client) == []


def test_two_orders_may_look_back_differently_far(client, stepped):
    order_stale_reads(StaleReads(10, operation="ListServices"))
    order_stale_reads(StaleReads(2, operation="ListServiceNetworks"))
    stepped.advance(1)
    client.create_service(name="orders")
    client.create_service_network(name="platform")
    stepped.advance(2)
    assert len(client.list_service_networks()["items"]) == 1
    assert names(client) == []
    assert len(client.list_service_networks()["items"]) == 1


def test_some_reads_are_stale_and_the_seed_says_which(client):
    def seen(seed):
        withdraw = order_stale_reads(StaleReads(LAG), Chance(probability=0.5, seed=seed))
        found = [len(names(client)) for _ in range(20)]
        withdraw()
        return found

    client.create_service(name="orders")
    order_stale_reads(StaleReads(LAG, operation="GetRule"))
    client.create_service(name="carts")
    first = seen(3)
    assert first == seen(3)
    assert set(first) == {1, 2}


def test_health_is_seen_late_too(client, network_id, make_service, make_group, make_listener, stepped):
    group_id = make_group("orders-v1")
    service_id = make_service("orders")
    make_listener(service_id, group_id)
    client.create_service_network_service_association(serviceNetworkIdentifier=network_id, serviceIdentifier=service_id)
    client.register_targets(targetGroupIdentifier=group_id, targets=[{"id": "10.1.0.9", "port": 8080}])
    stepped.advance(10)
    order_stale_reads(StaleReads(LAG))
    stepped.advance(10)
    run_health_checks()

    def status():
        return client.list_targets(targetGroupIdentifier=group_id)["items"][0]["status"]

    assert status() == "INITIAL"
    stepped.advance(LAG)
    assert status() == "HEALTHY"


def run_health_checks():
    """Let one round of health checks go by, in which every target answers."""
    probed = threading.Event()

    def probe(**_):
        probed.set()
        return 200

    checker = HealthChecker(probe)
    checker.start()
    probed.wait(10)
    checker.stop()


def test_the_tagging_api_sees_the_past_while_authorization_does_not(client, stale, stepped):
    tagging = boto3.client("resourcegroupstaggingapi", "us-west-2")
    arn = client.create_service_network(name="platform", tags={"team": "a"})["arn"]
    assert tagging.get_resources(TagFilters=[{"Key": "team"}])["ResourceTagMappingList"] == []
    assert resource_tags(arn, region="us-west-2") == {"team": "a"}
    stepped.advance(LAG)
    tagging.tag_resources(ResourceARNList=[arn], Tags={"team": "b"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "a"}
    stepped.advance(LAG)
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "b"}


def test_a_region_that_is_first_used_later_has_a_past_without_anything(client, stale, stepped):
    other = boto3.client("vpc-lattice", "eu-west-1")
    lattice_backends["111122223333"]["eu-west-1"].reset()
    other.create_service(name="orders")
    assert names(other) == []
    stepped.advance(LAG)
    assert names(other) == ["orders"]


def test_only_the_window_is_kept(client, network_id, stale, stepped):
    history = configuration.current().faults.history
    for _ in range(20):
        stepped.advance(1)
        client.update_service_network(serviceNetworkIdentifier=network_id, authType="NONE")
    assert len(history._snapshots["us-west-2"]) == LAG + 1
    stale()
    assert not history.begins_with("us-west-2")


def test_concurrent_writes_and_stale_reads_do_not_disturb_each_other(client, stale, stepped):
    def work(number):
        created = client.create_service(name=f"orders-{number}")["name"]
        assert names(client) == []
        return created

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(work, range(24)))
    stepped.advance(LAG)
    assert sorted(names(client)) == sorted(created)
