"""A walk through the API model: every operation answers in shape, and limits are where the model has them.

The cases come from botocore's model of VPC Lattice; by hand is only what a minimal request of an operation needs.
"""

import pytest
from lattice_answers import mismatches
from lattice_model import MODEL, OPERATIONS, input_of, inside, outside, sample

from trellis_local.lattice.operations import find_operation

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

# Members that the service judges more strictly than the model, with the reason.
TIGHTER = {
    "action.fixedResponse.statusCode": "404 and 500 are supported (API reference, FixedResponseAction)",
    "certificateArn": "a certificate of ACM in the same account and region (User Guide, custom domain names)",
    "config.healthCheck.matcher.httpCode": "a code, a list or a range from 200 to 499 (User Guide, health checks)",
    "config.healthCheck.protocol": "HTTP and HTTPS are supported (User Guide, health checks)",
    "config.lambdaEventStructureVersion": "for target groups of type LAMBDA only (API reference, TargetGroupConfig)",
    "destinationArn": "an S3 bucket, a log group or a Firehose stream that exists (User Guide, access logs)",
    "healthCheck.matcher.httpCode": "as for the configuration of a new group",
    "healthCheck.protocol": "as for the configuration of a new group",
    "nextToken": "must be a token that the same list gave",
    "policy": "must be a policy document in JSON",
}


def test_all_seventy_three_operations_of_the_model_are_emulated():
    assert len(OPERATIONS) == 73
    assert [operation for operation in OPERATIONS if find_operation(operation) is None] == []


@pytest.mark.parametrize("form", ["id", "arn"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_a_minimal_request_in_the_shape_of_the_model(make_world, operation, form):
    world = make_world(form)
    answer = world.call(operation, **world.request(operation))
    assert (answer.code, mismatches(answer)) == (None, [])
    output = MODEL.operation_model(operation).output_shape
    absent = set(output.members if output else ()) - set(answer.document)
    assert absent <= CIRCUMSTANTIAL


@pytest.mark.parametrize("case", [case for operation in OPERATIONS for case in outside(operation)], ids=str)
def test_a_value_just_outside_a_limit_is_refused_with_the_name_of_its_field(wire, case):
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
    kept = None if operation.startswith("Create") else make_world("id")  # what is unique can be created once
    refused = []
    for number in range(len(list(inside(operation, {})))):
        world = kept or make_world("id")
        case = list(inside(operation, world.samples))[number]
        answer = world.call(operation, **case.request(world.request(operation), world.samples))
        if answer.status >= 500 or (case.field in answer.fields and case.field not in TIGHTER):
            refused.append(str(case))
    assert refused == []
