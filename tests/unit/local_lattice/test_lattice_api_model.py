"""A walk through the API model: every operation answers in shape, every limit of every member holds where the model has it.

The cases come from botocore's model of VPC Lattice; by hand is only what a minimal request of an operation needs.
"""

import pytest
from lattice_answers import mismatches
from lattice_model import MODEL, OPERATIONS, input_of, inside, outside, sample
from lattice_world import require_emulated

# Members that an answer has only under circumstances that a minimal request does not make.
CIRCUMSTANTIAL = {
    "amazonManaged",
    "certificateArn",
    "customDomainName",
    "dnsOptions",
    "domainVerificationArn",
    "domainVerificationId",
    "domainVerificationStatus",
    "failureCode",
    "failureMessage",
    "failureReason",
    "groupDomain",
    "idleTimeoutSeconds",
    "lastVerifiedTime",
    "managedBy",
    "nextToken",
    "privateDnsEntry",
    "resourceConfigurationGroupId",
    "serviceManaged",
    "serviceNetworkLogType",
    "isManagedAssociation",
    "ipv4AddressesPerEni",
}

# Limits that the documentation of a member draws tighter than the model does, by member and limit.
TIGHTER = {
    ("CreateTargetGroup", "config.lambdaEventStructureVersion"): "for target groups of type LAMBDA only",
}


def test_the_model_has_seventy_three_operations():
    assert len(OPERATIONS) == 73


@pytest.mark.parametrize("form", ["id", "arn"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_a_minimal_request_in_the_shape_of_the_model(make_world, operation, form):
    require_emulated(operation)
    world = make_world(form)
    answer = world.call(operation, **world.request(operation))
    assert (answer.code, mismatches(answer)) == (None, [])
    output = MODEL.operation_model(operation).output_shape
    absent = set(output.members if output else ()) - set(answer.document)
    assert absent <= CIRCUMSTANTIAL


@pytest.mark.parametrize("case", [case for operation in OPERATIONS for case in outside(operation)], ids=str)
def test_a_value_just_outside_a_limit_is_refused_with_the_name_of_its_field(wire, case):
    require_emulated(case.operation)
    answer = wire.call(case.operation, case.request(sample(input_of(case.operation), {}), {}))
    assert (answer.status, answer.code, answer.document.get("reason"), answer.fields, mismatches(answer)) == (
        400,
        "ValidationException",
        "fieldValidationFailed",
        {case.field},
        [],
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_value_just_inside_a_limit_is_not_refused_for_its_field(make_world, operation):
    require_emulated(operation)
    world = make_world("id")
    base = world.request(operation)
    refused = []
    for case in inside(operation, world.samples):
        answer = world.call(operation, **case.request(base, world.samples))
        if answer.status >= 500 or case.field in answer.fields and (operation, case.field) not in TIGHTER:
            refused.append((str(case), answer))
    assert refused == []
