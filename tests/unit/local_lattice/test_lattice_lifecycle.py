"""States that change with the virtual clock, and failures that were ordered."""

import pytest

from trellis_local.lattice import configuration
from trellis_local.lattice.faults import Fault


def test_a_service_becomes_active_after_three_virtual_seconds(client, make_service, stepped):
    service_id = make_service("orders", is_new=True)
    assert client.get_service(serviceIdentifier=service_id)["status"] == "CREATE_IN_PROGRESS"
    stepped.advance(3)
    assert client.get_service(serviceIdentifier=service_id)["status"] == "ACTIVE"


def test_a_deleted_service_is_gone_after_a_while(client, make_service, stepped, error_of):
    service_id = make_service("orders")
    assert client.delete_service(serviceIdentifier=service_id)["status"] == "DELETE_IN_PROGRESS"
    assert client.delete_service(serviceIdentifier=service_id)["status"] == "DELETE_IN_PROGRESS"
    stepped.advance(3)
    error = error_of(client.get_service, serviceIdentifier=service_id)
    assert (error["status"], error["resourceId"], error["resourceType"]) == (404, service_id, "SERVICE")


def test_a_vpc_association_takes_its_time_in_each_change(client, vpc_id, network_id, stepped):
    association = client.create_service_network_vpc_association(
        serviceNetworkIdentifier=network_id, vpcIdentifier=vpc_id
    )
    key = {"serviceNetworkVpcAssociationIdentifier": association["id"]}
    seen = [association["status"]]
    stepped.advance(8)
    seen.append(client.get_service_network_vpc_association(**key)["status"])
    client.update_service_network_vpc_association(**key, privateDnsEnabled=True)
    seen.append(client.get_service_network_vpc_association(**key)["status"])
    stepped.advance(4)
    seen.append(client.get_service_network_vpc_association(**key)["status"])
    assert seen == ["CREATE_IN_PROGRESS", "ACTIVE", "UPDATE_IN_PROGRESS", "ACTIVE"]


def test_durations_can_be_configured(client, make_service, stepped):
    configuration.reconfigure(durations={("Service", "CREATE_IN_PROGRESS"): 100.0})
    service_id = make_service("orders", is_new=True)
    stepped.advance(99)
    assert client.get_service(serviceIdentifier=service_id)["status"] == "CREATE_IN_PROGRESS"
    stepped.advance(1)
    assert client.get_service(serviceIdentifier=service_id)["status"] == "ACTIVE"


def test_an_unknown_duration_is_refused():
    with pytest.raises(KeyError):
        configuration.reconfigure(durations={("Service", "UPDATE_IN_PROGRESS"): 1.0})


def test_an_ordered_fault_ends_the_creation_in_create_failed(client, make_service):
    fault = Fault(kind="Service", during="CREATE_IN_PROGRESS", name="orders", code="InternalError", message="no luck")
    configuration.current().faults.inject(fault)
    other, failed = make_service("other"), make_service("orders")
    assert client.get_service(serviceIdentifier=other)["status"] == "ACTIVE"
    answer = client.get_service(serviceIdentifier=failed)
    assert (answer["status"], answer["failureCode"]) == ("CREATE_FAILED", "InternalError")
    assert answer["failureMessage"] == "no luck"


def test_a_failed_deletion_can_be_repeated(client, make_service, stepped, error_of):
    fault = Fault(kind="Service", during="DELETE_IN_PROGRESS", code="InternalError", message="no luck")
    configuration.current().faults.inject(fault)
    service_id = make_service("orders")
    client.delete_service(serviceIdentifier=service_id)
    stepped.advance(3)
    assert client.get_service(serviceIdentifier=service_id)["status"] == "DELETE_FAILED"
    client.delete_service(serviceIdentifier=service_id)
    stepped.advance(3)
    assert error_of(client.get_service, serviceIdentifier=service_id)["status"] == 404


def test_timestamps_are_virtual_and_move_with_updates(client, network_id, stepped):
    stepped.advance(60)
    client.update_service_network(serviceNetworkIdentifier=network_id, authType="AWS_IAM")
    network = client.get_service_network(serviceNetworkIdentifier=network_id)
    assert network["createdAt"].timestamp() == 1_800_000_000
    assert network["lastUpdatedAt"].timestamp() == 1_800_000_060
