"""The states of resources: what a create call says, what follows, what a deletion shows and how failures end.

API model, the status enumerations and the HTTP status of each operation; API reference, the operations that are named.
"""

import pytest
from lattice_objects import KINDS, create

from trellis_local.lattice import configuration
from trellis_local.lattice.faults import Fault
from trellis_local.lattice.lifecycle import DURATIONS


@pytest.fixture
def subject(client, stepped, vpc_id):
    """Make a resource of a kind, and let its creation fail on demand."""

    def make(kind, *, failing=None):
        if failing:
            order(kind, failing)
        return create(client, kind, vpc_id=vpc_id, advance=stepped.advance)

    return make


def order(kind, during):
    fault = Fault(kind=kind, during=during, code="InternalError", message="no luck", name=None)
    configuration.current().faults.inject(fault)


CREATED = [
    pytest.param("Service", 201, id="API model, CreateService: 201, CREATE_IN_PROGRESS"),
    pytest.param("TargetGroup", 201, id="API model, CreateTargetGroup: 201, CREATE_IN_PROGRESS"),
    pytest.param("ServiceNetworkServiceAssociation", 200, id="API model, CreateServiceNetworkServiceAssociation: 200"),
    pytest.param("ServiceNetworkVpcAssociation", 200, id="API model, CreateServiceNetworkVpcAssociation: 200"),
]


@pytest.mark.parametrize(("kind", "status_code"), CREATED)
def test_a_creation_is_in_progress_and_then_active(subject, stepped, kind, status_code):
    made = subject(kind)
    assert made.answer["ResponseMetadata"]["HTTPStatusCode"] == status_code
    assert made.answer["status"] == "CREATE_IN_PROGRESS"
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"] - 1)
    assert made.get()["status"] == "CREATE_IN_PROGRESS"
    stepped.advance(1)
    assert made.get()["status"] == "ACTIVE"


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_creation_says_why(subject, stepped, kind):
    """API model: failureCode and failureMessage of GetService, GetTargetGroup and the associations."""
    made = subject(kind, failing="CREATE_IN_PROGRESS")
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"])
    seen = made.get()
    assert (seen["status"], seen["failureCode"], seen["failureMessage"]) == (
        "CREATE_FAILED",
        "InternalError",
        "no luck",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_creation_is_deleted(subject, stepped, error_of, kind):
    """API reference, e.g. CreateServiceNetworkServiceAssociation: "deleting the association and recreating it"."""
    made = subject(kind, failing="CREATE_IN_PROGRESS")
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"])
    assert made.delete()["status"] == "DELETE_IN_PROGRESS"
    stepped.advance(DURATIONS[kind, "DELETE_IN_PROGRESS"])
    assert error_of(made.get)["status"] == 404


@pytest.mark.parametrize("kind", KINDS)
def test_a_deletion_is_in_progress_and_then_the_resource_is_gone(subject, stepped, error_of, kind):
    """API model: the deletions answer 200 with a status."""
    made = subject(kind)
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"])
    answer = made.delete()
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["status"]) == (200, "DELETE_IN_PROGRESS")
    assert made.get()["status"] == "DELETE_IN_PROGRESS"
    stepped.advance(DURATIONS[kind, "DELETE_IN_PROGRESS"])
    assert error_of(made.get)["status"] == 404


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeated_deletion_changes_nothing(subject, stepped, error_of, kind):
    """API reference of the deletions of associations: "if you retry it while the status is DELETE_IN_PROGRESS"."""
    made = subject(kind)
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"])
    made.delete()
    stepped.advance(DURATIONS[kind, "DELETE_IN_PROGRESS"] - 1)
    assert made.delete()["status"] == "DELETE_IN_PROGRESS"
    stepped.advance(1)
    assert error_of(made.get)["status"] == 404


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_deletion_can_be_retried(subject, stepped, error_of, kind):
    """API reference of the deletions of associations: "You can retry the operation if the status is DELETE_FAILED"."""
    made = subject(kind)
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"])
    order(kind, "DELETE_IN_PROGRESS")
    made.delete()
    stepped.advance(DURATIONS[kind, "DELETE_IN_PROGRESS"])
    assert made.get()["status"] == "DELETE_FAILED"
    assert made.delete()["status"] == "DELETE_IN_PROGRESS"
    stepped.advance(DURATIONS[kind, "DELETE_IN_PROGRESS"])
    assert error_of(made.get)["status"] == 404


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_being_created_cannot_be_deleted(subject, error_of, kind):
    """API reference, DeleteTargetGroup, DeleteServiceNetworkServiceAssociation, DeleteServiceNetworkVpcAssociation."""
    made = subject(kind)
    error = error_of(made.delete)
    assert error["status"] == 409
    assert error["message"].endswith(f"resource id {made.answer['id']}, status: CREATE_IN_PROGRESS")


@pytest.mark.parametrize(("failing", "end"), [(False, "ACTIVE"), (True, "UPDATE_FAILED")])
def test_an_update_of_a_vpc_association_is_in_progress_first(subject, client, stepped, failing, end):
    """API model, ServiceNetworkVpcAssociationStatus: UPDATE_IN_PROGRESS, UPDATE_FAILED."""
    made = subject("ServiceNetworkVpcAssociation")
    stepped.advance(8)
    if failing:
        order("ServiceNetworkVpcAssociation", "UPDATE_IN_PROGRESS")
    answer = client.update_service_network_vpc_association(**made.key, privateDnsEnabled=True)
    assert answer["status"] == "UPDATE_IN_PROGRESS"
    stepped.advance(4)
    assert made.get()["status"] == end


def test_a_vpc_association_that_is_being_updated_is_neither_updated_nor_deleted(subject, client, stepped, error_of):
    """API reference, DeleteServiceNetworkVpcAssociation: "a create or update association in progress"."""
    made = subject("ServiceNetworkVpcAssociation")
    stepped.advance(8)
    client.update_service_network_vpc_association(**made.key, privateDnsEnabled=True)
    update = error_of(client.update_service_network_vpc_association, **made.key, privateDnsEnabled=False)
    deletion = error_of(made.delete)
    assert (update["status"], deletion["status"]) == (409, 409)
    assert deletion["message"].endswith("status: UPDATE_IN_PROGRESS")


def test_a_service_network_has_no_status_and_goes_at_once(client, network_id, error_of):
    """API model, CreateServiceNetwork: no status; DeleteServiceNetwork: 204."""
    assert "status" not in client.get_service_network(serviceNetworkIdentifier=network_id)
    answer = client.delete_service_network(serviceNetworkIdentifier=network_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert error_of(client.get_service_network, serviceNetworkIdentifier=network_id)["status"] == 404


def test_listeners_and_rules_have_no_status_and_go_at_once(client, make_service, make_listener, error_of):
    """API model, CreateListener and CreateRule: no status; DeleteListener and DeleteRule: 204."""
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    match, action = {"httpMatch": {"method": "GET"}}, {"fixedResponse": {"statusCode": 404}}
    rule = client.create_rule(**key, name="reads", priority=1, match=match, action=action)
    gone = client.delete_rule(**key, ruleIdentifier=rule["id"]), client.delete_listener(**key)
    assert [answer["ResponseMetadata"]["HTTPStatusCode"] for answer in gone] == [204, 204]
    assert "status" not in rule
    assert error_of(client.get_listener, **key)["status"] == 404


def test_a_service_that_failed_is_of_no_use(client, make_service, make_listener, network_id, error_of):
    """User Guide, "Services": a service that failed must be deleted and created again."""
    order("Service", "CREATE_IN_PROGRESS")
    service_id = make_service("orders")
    calls = [
        error_of(make_listener, service_id=service_id),
        error_of(client.update_service, serviceIdentifier=service_id, authType="AWS_IAM"),
        error_of(
            client.create_service_network_service_association,
            serviceIdentifier=service_id,
            serviceNetworkIdentifier=network_id,
        ),
    ]
    assert [(error["status"], error["resourceId"]) for error in calls] == [(409, service_id)] * 3
    assert all(error["message"].endswith("status: CREATE_FAILED") for error in calls)


def test_a_service_in_deletion_cannot_be_changed(client, make_service, make_listener, error_of):
    """Message form: "Invalid resource status for this operation, resource id ..., status: ..."."""
    service_id = make_service("orders")
    key = {"serviceIdentifier": service_id, "listenerIdentifier": make_listener(service_id)}
    client.delete_service(serviceIdentifier=service_id)
    error = error_of(client.delete_listener, **key)
    expected = f"Invalid resource status for this operation, resource id {service_id}, status: DELETE_IN_PROGRESS"
    assert (error["status"], error["message"]) == (409, expected)


@pytest.mark.parametrize("kind", ["Service", "TargetGroup"])
def test_the_name_of_what_is_gone_can_be_used_again(subject, stepped, kind):
    """A recreated service has another id, hence another generated domain name (User Guide, "Services")."""
    first = subject(kind)
    stepped.advance(DURATIONS[kind, "CREATE_IN_PROGRESS"])
    first.delete()
    stepped.advance(DURATIONS[kind, "DELETE_IN_PROGRESS"])
    second = subject(kind)
    assert second.answer["id"] != first.answer["id"]
    assert second.answer.get("dnsEntry", {"domainName": 2}) != first.answer.get("dnsEntry", {"domainName": 1})
