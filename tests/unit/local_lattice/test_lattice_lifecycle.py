"""States that change with the virtual clock, and failures that were ordered."""

import pytest

from trellis_local.lattice import configuration
from trellis_local.lattice.faults import Fault


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


def test_timestamps_are_virtual_and_move_with_updates(client, network_id, stepped):
    stepped.advance(60)
    client.update_service_network(serviceNetworkIdentifier=network_id, authType="AWS_IAM")
    network = client.get_service_network(serviceNetworkIdentifier=network_id)
    assert network["createdAt"].timestamp() == 1_800_000_000
    assert network["lastUpdatedAt"].timestamp() == 1_800_000_060
