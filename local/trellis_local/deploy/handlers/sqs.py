"""AWS::SQS::Queue and AWS::SQS::QueuePolicy."""

import json

from trellis_local.deploy.intrinsics import text_of
from trellis_local.deploy.policy_documents import policy_text
from trellis_local.deploy.resource import Created, Resource

_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def create_queue(resource: Resource) -> Created:
    """The queue; Ref is its URL."""
    given = resource.properties
    attributes = given.some(*_ATTRIBUTES)
    suffix = ".fifo" if attributes.get("FifoQueue") else ""
    name = given.take("QueueName", resource.name(limit=80 - len(suffix)) + suffix)
    url = resource.api(
        "sqs",
        "create_queue",
        QueueName=name,
        Attributes={
            key: json.dumps(value) if isinstance(value, dict) else text_of(value) for key, value in attributes.items()
        },
        tags=given.tags(),
    )["QueueUrl"]
    arn = f"arn:aws:sqs:{resource.region}:{resource.account}:{name}"
    return Created(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def create_queue_policy(resource: Resource) -> Created:
    """The same policy on every queue that it names."""
    given = resource.properties
    policy = policy_text(given.require("PolicyDocument"))
    for url in given.require("Queues"):
        resource.api("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": policy})
    return Created(resource.name())
