"""Which operations only read, and which are data events that a trail of management events does not contain.

Read-only follows CloudTrail's readOnly field. Source of the data events:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

from collections.abc import Mapping

_READ_PREFIXES = (
    "Get",
    "List",
    "Describe",
    "Head",
    "Query",
    "Scan",
    "BatchGet",
    "Lookup",
    "Search",
    "Filter",
    "Select",
    "Simulate",
    "Validate",
    "Test",
    "Check",
    "Decode",
    "Preview",
    "Estimate",
    "Discover",
    "View",
)
# AssumeRole* carry readOnly true in CloudTrail's own examples (cloudtrail-user-guide "IAM and AWS STS API calls").
_READ_OPERATIONS = frozenset(
    {
        ("sts", "AssumeRole"),
        ("sts", "AssumeRoleWithWebIdentity"),
        ("sts", "AssumeRoleWithSAML"),
        ("dynamodb", "TransactGetItems"),
        ("sqs", "ReceiveMessage"),
        ("logs", "StartQuery"),
        ("logs", "StopQuery"),
        ("kms", "Decrypt"),
        ("kms", "Encrypt"),
    }
)
_NOT_READ_OPERATIONS = frozenset({("iam", "GenerateCredentialReport"), ("states", "GetActivityTask")})

_DATA_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "dynamodb": (
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
    ),
    "s3": (
        "PutObject",
        "CopyObject",
        "DeleteObject",
        "DeleteObjects",
        "CreateMultipartUpload",
        "UploadPart",
        "UploadPartCopy",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "PutObjectAcl",
        "PutObjectTagging",
        "DeleteObjectTagging",
        "RestoreObject",
        "PutObjectRetention",
        "PutObjectLegalHold",
    ),
    "sqs": (
        "SendMessage",
        "SendMessageBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ReceiveMessage",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
    ),
    "sns": ("Publish", "PublishBatch"),
    "lambda": ("Invoke", "InvokeAsync", "InvokeWithResponseStream"),
    "cloudwatch": ("PutMetricData",),
    "logs": ("PutLogEvents",),
    "events": ("PutEvents",),
    "xray": ("PutTraceSegments", "PutTelemetryRecords"),
}


def is_read_only(service: str, operation: str) -> bool:
    """Whether the operation changes nothing; `service` is the IAM prefix."""
    if (service, operation) in _NOT_READ_OPERATIONS:
        return False
    return (service, operation) in _READ_OPERATIONS or operation.startswith(_READ_PREFIXES)


def is_data_event(service: str, operation: str) -> bool:
    """Whether the operation is no management event."""
    return operation in _DATA_OPERATIONS.get(service, ())
