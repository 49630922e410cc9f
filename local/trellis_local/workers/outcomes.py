"""Where the end of an asynchronous event goes: destinations and dead-letter target, written under the function's role.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html. A target that cannot be written is an
error in the stack's log, as it is a metric (`DestinationDeliveryFailures`, `DeadLetterErrors`) on AWS.
"""

import json
import logging
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from trellis_local.clock import Clock
from trellis_local.workers.contract import Identity
from trellis_local.workers.function import FunctionSource, InvokeResult
from trellis_local.workers.queueing import QueuedEvent

LOG = logging.getLogger(__name__)

Attributes = dict[str, tuple[str, str]]


class Outcomes:
    """Sends records; never raises."""

    def __init__(self, *, endpoint_url: str, region: str, clock: Clock, identity: Identity) -> None:
        """`identity` gives the session of the function's role."""
        self._endpoint_url = endpoint_url
        self._region = region
        self._clock = clock
        self._identity = identity

    def succeeded(self, event: QueuedEvent, result: InvokeResult, *, attempts: int) -> None:
        """Write to the destination on success, if there is one."""
        target = event.source.asynchronous.on_success
        if target:
            self._send(event.source, target, self._record(event, result, attempts=attempts, condition="Success"))

    def failed(self, event: QueuedEvent, result: InvokeResult | None, *, attempts: int, condition: str) -> None:
        """Write to the destination on failure and to the dead-letter target, if there are any."""
        policy = event.source.asynchronous
        if policy.on_failure:
            record = self._record(event, result, attempts=attempts, condition=condition)
            self._send(event.source, policy.on_failure, record)
        if policy.dead_letter_target:
            self._send(event.source, policy.dead_letter_target, event.payload.decode(), _dead_letter(event, result))

    def _record(self, event: QueuedEvent, result: InvokeResult | None, *, attempts: int, condition: str) -> str:
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{event.function_arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(event.payload),
        }
        if result is not None:
            context: dict[str, Any] = {"statusCode": result.status, "executedVersion": "$LATEST"}
            if result.function_error:
                context["functionError"] = result.function_error
            record |= {"responseContext": context, "responsePayload": json.loads(result.payload)}
        return json.dumps(record)

    def _send(self, source: FunctionSource, target: str, body: str, attributes: Attributes | None = None) -> None:
        try:
            self._deliver(source, target, body=body, attributes=attributes or {})
        except (ClientError, BotoCoreError, ValueError) as error:
            LOG.error("Lambda could not deliver the outcome of %s to %s: %s", source.name, target, error)

    def _deliver(self, source: FunctionSource, target: str, *, body: str, attributes: Attributes) -> None:
        _arn, _aws, service, region, account, name = target.split(":", 5)
        client = self._client(source, service, region)
        wire = {key: {"DataType": kind, "StringValue": value} for key, (kind, value) in attributes.items()}
        if service == "sqs":
            url = f"{self._endpoint_url}/{account}/{name}"
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=wire)
        elif service == "sns":
            client.publish(TopicArn=target, Message=body, MessageAttributes=wire)
        elif service == "lambda":
            client.invoke(FunctionName=target, InvocationType="Event", Payload=body.encode())
        elif service == "events":
            self._put_event(client, source, target, body)
        else:
            raise ValueError(f"Lambda has no destination of service {service}")

    def _put_event(self, client: Any, source: FunctionSource, bus: str, body: str) -> None:
        record = json.loads(body)
        outcome = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
        entry = {
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {outcome}",
            "Detail": body,
            "EventBusName": bus,
            "Resources": [record["requestContext"]["functionArn"]],
        }
        for answer in client.put_events(Entries=[entry])["Entries"]:
            if "ErrorCode" in answer:
                raise ValueError(f"{source.name}: {answer['ErrorCode']}: {answer.get('ErrorMessage', '')}")

    def _client(self, source: FunctionSource, service: str, region: str) -> Any:
        credentials = self._identity.role_session(
            source.role_arn, session_name=source.name, service_principal="lambda.amazonaws.com"
        )
        session = boto3.session.Session()
        return session.client(  # type: ignore[call-overload]  # the service's name is data here
            service,
            region_name=region or self._region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
        )


def _dead_letter(event: QueuedEvent, result: InvokeResult | None) -> Attributes:
    message = "" if result is None else str(json.loads(result.payload).get("errorMessage", ""))
    return {
        "RequestID": ("String", event.request_id),
        "ErrorCode": ("Number", str(200 if result is None else result.status)),
        "ErrorMessage": ("String", (message or "-")[:1024]),
    }
