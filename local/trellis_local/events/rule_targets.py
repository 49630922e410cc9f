"""How a rule invokes each kind of target: under the target's role, or as events.amazonaws.com by the target's policy.

Source: "Using resource-based policies" and "Using identity-based policies" for EventBridge targets.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from trellis_local.events.access import AwsAccess
from trellis_local.events.arns import TargetArn, TargetKind, UnsupportedTargetError, parse_target
from trellis_local.events.failures import DeliveryError, delivery_error
from trellis_local.events.queues import queue_policy, queue_url
from trellis_local.events.resource_policy import ServiceRequest, allowed

PRINCIPAL = "events.amazonaws.com"


class Publish(Protocol):
    """Puts an event on a bus of a region and returns its id."""

    def __call__(self, event: Mapping[str, Any], *, bus: str, region: str | None) -> str:
        """Publish one event."""


@dataclass(frozen=True)
class Invocation:
    """One input for one target of a rule; `execution_name` stays the same over retries."""

    target: Mapping[str, Any]
    payload: str
    rule_arn: str
    account: str
    event: Mapping[str, Any]
    execution_name: str
    publish: Publish


def invoke(access: AwsAccess, invocation: Invocation) -> None:
    """Invoke the target once; raise DeliveryError."""
    try:
        target = parse_target(invocation.target["Arn"])
        _INVOKERS[target.kind](access, invocation, target)
    except UnsupportedTargetError as error:
        raise DeliveryError("INVALID_PARAMETER", str(error)) from error
    except (ClientError, BotoCoreError) as error:
        raise delivery_error(error) from error


def require_permission(policy: Mapping[str, Any] | None, request: ServiceRequest) -> None:
    """Raise DeliveryError NO_PERMISSIONS unless the resource's policy allows the service's request."""
    if not allowed(policy, request):
        raise DeliveryError(
            "NO_PERMISSIONS",
            f"{request.principal} is not authorized to perform {request.action} on {request.resource} "
            f"for {request.source_arn}: no resource-based policy allows it",
        )


def _request(invocation: Invocation, action: str) -> ServiceRequest:
    return ServiceRequest(PRINCIPAL, action, invocation.target["Arn"], invocation.rule_arn, invocation.account)


def _role_client(access: AwsAccess, invocation: Invocation, service: str, region: str) -> Any:
    role_arn = invocation.target.get("RoleArn")
    if not role_arn:
        raise DeliveryError("NO_PERMISSIONS", f"RoleArn is required for target {invocation.target['Arn']}")
    credentials = access.role_session(role_arn, session_name=invocation.event["id"], service_principal=PRINCIPAL)
    return access.client(service, credentials=credentials, region=region)


def _start_execution(access: AwsAccess, invocation: Invocation, target: TargetArn) -> None:
    _role_client(access, invocation, "stepfunctions", target.region).start_execution(
        stateMachineArn=invocation.target["Arn"], name=invocation.execution_name, input=invocation.payload
    )


def _invoke_function(access: AwsAccess, invocation: Invocation, target: TargetArn) -> None:
    client = access.client("lambda", region=target.region)
    require_permission(function_policy(client, invocation.target["Arn"]), _request(invocation, "lambda:InvokeFunction"))
    client.invoke(FunctionName=invocation.target["Arn"], InvocationType="Event", Payload=invocation.payload.encode())


def function_policy(client: Any, arn: str) -> dict[str, Any] | None:
    """The function's resource policy; GetPolicy answers the same for no policy and no function, so ask again."""
    try:
        return dict(json.loads(client.get_policy(FunctionName=arn)["Policy"]))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
    client.get_function(FunctionName=arn)
    return None


def _send_message(access: AwsAccess, invocation: Invocation, target: TargetArn) -> None:
    require_permission(queue_policy(access, target), _request(invocation, "sqs:SendMessage"))
    sqs = access.client("sqs", region=target.region)
    sqs.send_message(
        QueueUrl=queue_url(sqs, target),
        MessageBody=invocation.payload,
        **invocation.target.get("SqsParameters", {}),
    )


def _publish(access: AwsAccess, invocation: Invocation, target: TargetArn) -> None:
    sns = access.client("sns", region=target.region)
    attributes = sns.get_topic_attributes(TopicArn=invocation.target["Arn"])["Attributes"]
    policy = json.loads(attributes["Policy"]) if attributes.get("Policy") else None
    require_permission(policy, _request(invocation, "sns:Publish"))
    sns.publish(TopicArn=invocation.target["Arn"], Message=invocation.payload)


def _forward(access: AwsAccess, invocation: Invocation, target: TargetArn) -> None:
    """To a bus, perhaps of another region: the event arrives as it was, also one of an AWS service.

    Source: "Sending and receiving events between AWS Regions in Amazon EventBridge". PutEvents itself, which takes no
    events of AWS services, is not called; the target's role must allow it on the bus all the same.
    """
    role_arn = invocation.target.get("RoleArn")
    if not role_arn:
        raise DeliveryError("NO_PERMISSIONS", f"RoleArn is required for target {invocation.target['Arn']}")
    access.role_session(role_arn, session_name=invocation.event["id"], service_principal=PRINCIPAL)
    if not access.permits(role_arn, action="events:PutEvents", resource=invocation.target["Arn"]):
        message = f"{role_arn} is not authorized to perform events:PutEvents on {invocation.target['Arn']}"
        raise DeliveryError("NO_PERMISSIONS", message)
    invocation.publish(json.loads(invocation.payload), bus=target.name, region=target.region)


_INVOKERS = {
    TargetKind.STATE_MACHINE: _start_execution,
    TargetKind.FUNCTION: _invoke_function,
    TargetKind.QUEUE: _send_message,
    TargetKind.TOPIC: _publish,
    TargetKind.EVENT_BUS: _forward,
}
