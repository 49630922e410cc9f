"""One firing of an EventBridge Scheduler schedule: the target and its dead-letter queue, both under the target's role.

Source: "Managing targets" (context attributes, default input) and "Configuring a dead-letter queue" in the Scheduler
User Guide.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis_local.events.access import AwsAccess
from trellis_local.events.arns import TargetArn, TargetKind, parse_target
from trellis_local.events.delivery import RetryPolicy
from trellis_local.events.envelope import iso_time
from trellis_local.events.failures import DeliveryError, delivery_error
from trellis_local.events.queues import queue_url, string_attributes
from trellis_local.events.trace import DEAD_LETTER, DELIVERED, FAILED, Trace

_PRINCIPAL = "scheduler.amazonaws.com"


@dataclass(frozen=True)
class ScheduledDelivery:
    """A `Delivery` of one firing; `event` is the notification that a target without Input receives."""

    access: AwsAccess
    trace: Trace
    event: dict[str, Any]
    schedule_arn: str
    target: dict[str, Any]
    accepted_at: float
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def attempt(self, number: int) -> None:
        """Invoke the target under its role; raise DeliveryError."""
        target = parse_target(self.target["Arn"])
        try:
            _INVOKERS[target.kind](self, target, self._input(number))
        except (ClientError, BotoCoreError) as error:
            raise delivery_error(error) from error
        self._record(DELIVERED, attempts=number)

    def give_up(self, error: DeliveryError, *, retries: int, exhausted: str | None) -> None:
        """Send the input to the dead-letter queue, if there is one that the role may write to."""
        lost = f"{error.code}: {error.message}"
        queue_arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            self._record(FAILED, attempts=retries + 1, error=lost)
            return
        try:
            self._dead_letter(queue_arn, error, retries=retries, exhausted=exhausted)
        except (ClientError, BotoCoreError) as refusal:
            self._record(FAILED, attempts=retries + 1, error=f"{lost}; dead-letter queue: {refusal}")
        else:
            self._record(DEAD_LETTER, attempts=retries + 1, error=lost)

    def _dead_letter(self, queue_arn: str, error: DeliveryError, *, retries: int, exhausted: str | None) -> None:
        queue = parse_target(queue_arn)
        attributes = {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "EXECUTION_ID": self.event["id"],
            "EXHAUSTED_RETRY_CONDITION": exhausted or "",
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(retries),
            "SCHEDULED_TIME": self.event["time"],
            "SCHEDULE_ARN": self.schedule_arn,
            "TARGET_ARN": self.target["Arn"],
        }
        sqs = self.client("sqs", queue)
        sqs.send_message(
            QueueUrl=queue_url(sqs, queue),
            MessageBody=self._input(retries + 1),
            MessageAttributes=string_attributes(attributes),
        )

    def client(self, service: str, target: TargetArn) -> Any:
        """A client under the target's role, assumed by the Scheduler."""
        credentials = self.access.role_session(
            self.target["RoleArn"], session_name=self.event["id"], service_principal=_PRINCIPAL
        )
        return self.access.client(service, credentials=credentials, region=target.region)

    def _input(self, attempt: int) -> str:
        text = str(self.target.get("Input") or json.dumps(self.event))
        for name, value in (
            ("schedule-arn", self.schedule_arn),
            ("scheduled-time", self.event["time"]),
            ("execution-id", self.event["id"]),
            ("attempt-number", str(attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def _record(self, outcome: str, *, attempts: int, error: str = "") -> None:
        self.trace.add(
            self.event, outcome, rule=self.schedule_arn, target=self.target["Arn"], attempts=attempts, error=error
        )


def notification(*, execution_id: str, schedule_arn: str, at: float, account: str, region: str) -> dict[str, Any]:
    """What a target without Input receives; the Scheduler writes `detail` as text."""
    return {
        "version": "0",
        "id": execution_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": iso_time(at),
        "region": region,
        "resources": [schedule_arn],
        "detail": "{}",
    }


def _start_execution(delivery: ScheduledDelivery, target: TargetArn, payload: str) -> None:
    delivery.client("stepfunctions", target).start_execution(
        stateMachineArn=delivery.target["Arn"], name=delivery.event["id"], input=payload
    )


def _invoke_function(delivery: ScheduledDelivery, target: TargetArn, payload: str) -> None:
    delivery.client("lambda", target).invoke(
        FunctionName=delivery.target["Arn"], InvocationType="Event", Payload=payload.encode()
    )


def _send_message(delivery: ScheduledDelivery, target: TargetArn, payload: str) -> None:
    sqs = delivery.client("sqs", target)
    sqs.send_message(
        QueueUrl=queue_url(sqs, target), MessageBody=payload, **(delivery.target.get("SqsParameters") or {})
    )


def _publish(delivery: ScheduledDelivery, target: TargetArn, payload: str) -> None:
    delivery.client("sns", target).publish(TopicArn=delivery.target["Arn"], Message=payload)


def _put_events(delivery: ScheduledDelivery, target: TargetArn, payload: str) -> None:
    described = delivery.target.get("EventBridgeParameters") or {}
    if not {"Source", "DetailType"} <= described.keys():
        raise DeliveryError("INVALID_PARAMETER", "an event bus target needs EventBridgeParameters")
    answer = delivery.client("events", target).put_events(
        Entries=[{**described, "Detail": payload, "EventBusName": delivery.target["Arn"]}]
    )
    failed = next((entry for entry in answer["Entries"] if "ErrorCode" in entry), None)
    if failed:
        raise DeliveryError(failed["ErrorCode"], failed.get("ErrorMessage", ""))


_INVOKERS: dict[TargetKind, Callable[[ScheduledDelivery, TargetArn, str], None]] = {
    TargetKind.STATE_MACHINE: _start_execution,
    TargetKind.FUNCTION: _invoke_function,
    TargetKind.QUEUE: _send_message,
    TargetKind.TOPIC: _publish,
    TargetKind.EVENT_BUS: _put_events,
}
