"""The errors of the API model: HTTP status, members, and which operation answers with which of them.

API reference, "Common Errors" and the errors of each operation; API model, shapes of the exceptions.
"""

import pytest
from botocore import xform_name
from lattice_calls import CALLS, by_arn, by_id, unknown_id

from trellis_local.lattice import configuration, quotas
from trellis_local.lattice.choices import Choices

OTHER = "444455556666"


def modelled(client, operation):
    return {shape.name for shape in client.meta.service_model.operation_model(operation).error_shapes}


def call(client, operation):
    return getattr(client, xform_name(operation))


@pytest.mark.parametrize("operation", CALLS)
def test_an_operation_on_an_unknown_resource_is_not_found(client, error_of, operation):
    """API model, ResourceNotFoundException: 404 with message, resourceId and resourceType."""
    members = by_id(operation)
    error = error_of(call(client, operation), **members)
    assert (error["status"], error["code"]) == (404, "ResourceNotFoundException")
    assert error["code"] in modelled(client, operation)
    assert error["resourceId"] == next(iter(members.values()))
    assert error["message"]
    assert error["resourceType"]


@pytest.mark.parametrize("operation", [name for name in CALLS if name != "DeleteTargetGroup"])
def test_an_operation_on_a_resource_of_another_account_is_denied(client, error_of, operation):
    """API model, AccessDeniedException: 403 with message only."""
    error = error_of(call(client, operation), **by_arn(operation, account=OTHER))
    assert (error["status"], error["code"]) == (403, "AccessDeniedException")
    assert error["code"] in modelled(client, operation)
    assert not {"resourceId", "resourceType"} & set(error)


def test_delete_target_group_has_no_access_denied(client, error_of):
    """API model, DeleteTargetGroup: the only operation without AccessDeniedException."""
    assert "AccessDeniedException" not in modelled(client, "DeleteTargetGroup")
    error = error_of(client.delete_target_group, **by_arn("DeleteTargetGroup", account=OTHER))
    assert (error["status"], error["code"]) == (404, "ResourceNotFoundException")


LISTS_WITHOUT_NOT_FOUND = [
    ("ListServiceNetworkVpcAssociations", {"serviceNetworkIdentifier": unknown_id("sn")}),
    ("ListServiceNetworkVpcAssociations", {"vpcIdentifier": "vpc-01234567"}),
    ("ListServiceNetworkServiceAssociations", {"serviceNetworkIdentifier": unknown_id("sn")}),
    ("ListServiceNetworkServiceAssociations", {"serviceIdentifier": unknown_id("svc")}),
    ("ListTargetGroups", {"vpcIdentifier": "vpc-01234567"}),
    ("ListServices", {}),
    ("ListServiceNetworks", {}),
]


@pytest.mark.parametrize(("operation", "members"), LISTS_WITHOUT_NOT_FOUND)
def test_a_list_with_a_filter_that_names_nothing_is_empty(client, operation, members):
    """API model: List operations with filters or of the account have no ResourceNotFoundException."""
    assert "ResourceNotFoundException" not in modelled(client, operation)
    assert call(client, operation)(**members)["items"] == []


def test_a_wrong_field_is_status_400_with_a_field_list(client, error_of):
    """API model, ValidationException: message, reason, fieldList of name and message."""
    error = error_of(client.create_service, name="orders", idleTimeoutSeconds=59 + 600)
    assert (error["status"], error["code"], error["reason"]) == (400, "ValidationException", "fieldValidationFailed")
    assert [set(field) for field in error["fieldList"]] == [{"name", "message"}]
    assert error["fieldList"][0]["name"] == "idleTimeoutSeconds"
    assert "idleTimeoutSeconds" in error["message"]


def test_a_wrong_request_without_a_wrong_field_has_the_reason_other(client, error_of):
    """API model, ValidationExceptionReason."""
    assert error_of(client.list_service_network_vpc_associations)["reason"] == "other"


def test_a_body_that_is_no_json_cannot_be_parsed(client, error_of):
    """API model, ValidationExceptionReason."""

    def spoil(request, **_):
        request.data = b"{"

    client.meta.events.register_first("before-sign.vpc-lattice.CreateService", spoil)
    try:
        error = error_of(client.create_service, name="orders")
    finally:
        client.meta.events.unregister("before-sign.vpc-lattice.CreateService", spoil)
    assert (error["status"], error["code"], error["reason"]) == (400, "ValidationException", "cannotParse")


def test_a_conflict_is_status_409_and_names_the_resource(client, error_of):
    """API model, ConflictException: message, resourceId, resourceType."""
    service_id = client.create_service(name="orders")["id"]
    error = error_of(client.create_service, name="orders")
    assert (error["status"], error["code"]) == (409, "ConflictException")
    assert (error["resourceId"], error["resourceType"]) == (service_id, "SERVICE")


def test_an_exceeded_quota_is_status_402_and_names_the_quota(client, make_service, make_listener, error_of):
    """API model, ServiceQuotaExceededException: message, resourceType, serviceCode, quotaCode, resourceId."""
    configuration.reconfigure(quotas={quotas.LISTENERS_PER_SERVICE: 0})
    service_id = make_service("orders")
    error = error_of(make_listener, service_id=service_id)
    assert (error["status"], error["code"]) == (402, "ServiceQuotaExceededException")
    assert (error["serviceCode"], error["quotaCode"]) == ("vpc-lattice", "L-D64E952E")
    assert (error["resourceType"], error["resourceId"]) == ("LISTENER", service_id)
    assert error["message"]


def test_a_refused_deletion_of_an_auth_policy_is_a_validation_exception(client, network_id, error_of):
    """API model, DeleteAuthPolicy: no ConflictException; User Guide, "Auth policies": fails while AWS_IAM."""
    configuration.reconfigure(choices=Choices(auth_policy_deletable=False))
    client.put_auth_policy(resourceIdentifier=network_id, policy='{"Statement": []}')
    client.update_service_network(serviceNetworkIdentifier=network_id, authType="AWS_IAM")
    error = error_of(client.delete_auth_policy, resourceIdentifier=network_id)
    assert (error["status"], error["code"]) == (400, "ValidationException")
