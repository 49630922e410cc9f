"""Sending to an SQS queue by its ARN, which is how targets and dead-letter queues name it."""

import json
from collections.abc import Mapping
from typing import Any

from trellis_local.events.access import AwsAccess
from trellis_local.events.arns import TargetArn


def queue_url(sqs: Any, queue: TargetArn) -> str:
    """The URL of `queue`; raises ClientError when it does not exist."""
    return str(sqs.get_queue_url(QueueName=queue.name, QueueOwnerAWSAccountId=queue.account)["QueueUrl"])


def queue_policy(access: AwsAccess, queue: TargetArn) -> dict[str, Any] | None:
    """The queue's policy document, None when it has none."""
    sqs = access.client("sqs", region=queue.region)
    answer = sqs.get_queue_attributes(QueueUrl=queue_url(sqs, queue), AttributeNames=["Policy"])
    text = answer.get("Attributes", {}).get("Policy")
    return dict(json.loads(text)) if text else None


def string_attributes(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Message attributes of type String; SQS refuses empty ones, so they are left out."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}
