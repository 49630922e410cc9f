"""One event on its way to one target of a rule, and to the target's dead-letter queue when that fails.

Source: "Debugging event delivery": dead-letter queue attributes; the queue's policy must allow the rule.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trellis_local.events.access import AwsAccess
from trellis_local.events.arns import UnsupportedTargetError, parse_target
from trellis_local.events.delivery import RetryPolicy
from trellis_local.events.failures import DeliveryError, delivery_error
from trellis_local.events.queues import queue_policy, queue_url, string_attributes
from trellis_local.events.resource_policy import ServiceRequest, UnsupportedPolicyError
from trellis_local.events.rule_targets import PRINCIPAL, Invocation, Publish, invoke, require_permission
from trellis_local.events.trace import DEAD_LETTER, DELIVERED, FAILED, Trace
from trellis_local.events.transform import InvalidInputError, RuleFacts, target_input


@dataclass(frozen=True)
class RuleDelivery:
    """A `Delivery` of an event to a rule's target."""

    access: AwsAccess
    trace: Trace
    event: dict[str, Any]
    target: dict[str, Any]
    facts: RuleFacts
    execution_name: str
    accepted_at: float
    publish: Publish
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def attempt(self, number: int) -> None:
        """Make the input and invoke the target; raise DeliveryError."""
        try:
            payload = target_input(self.target, self.event, self.facts)
        except InvalidInputError as error:
            raise DeliveryError("INVALID_JSON", str(error)) from error
        invoke(
            self.access,
            Invocation(
                target=self.target,
                payload=payload,
                rule_arn=self.facts.arn,
                account=self.event["account"],
                event=self.event,
                execution_name=self.execution_name,
                publish=self.publish,
            ),
        )
        self._record(DELIVERED, attempts=number)

    def give_up(self, error: DeliveryError, *, retries: int, exhausted: str | None) -> None:
        """Send the event to the dead-letter queue, if the target has one that lets the rule write."""
        queue_arn = self.target.get("DeadLetterConfig", {}).get("Arn")
        lost = f"{error.code}: {error.message}"
        if not queue_arn:
            self._record(FAILED, attempts=retries + 1, error=lost)
            return
        try:
            self._dead_letter(queue_arn, error, retries=retries, exhausted=exhausted)
        except (DeliveryError, UnsupportedPolicyError, UnsupportedTargetError) as refusal:
            self._record(FAILED, attempts=retries + 1, error=f"{lost}; dead-letter queue: {refusal}")
        else:
            self._record(DEAD_LETTER, attempts=retries + 1, error=lost)

    def _dead_letter(self, queue_arn: str, error: DeliveryError, *, retries: int, exhausted: str | None) -> None:
        queue = parse_target(queue_arn)
        request = ServiceRequest(PRINCIPAL, "sqs:SendMessage", queue_arn, self.facts.arn, self.event["account"])
        attributes = {
            "RULE_ARN": self.facts.arn,
            "TARGET_ARN": self.target["Arn"],
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "EXHAUSTED_RETRY_CONDITION": exhausted or "",
            "RETRY_ATTEMPTS": str(retries),
        }
        try:
            require_permission(queue_policy(self.access, queue), request)
            sqs = self.access.client("sqs", region=queue.region)
            sqs.send_message(
                QueueUrl=queue_url(sqs, queue),
                MessageBody=json.dumps(self.event),
                MessageAttributes=string_attributes(attributes),
            )
        except (ClientError, BotoCoreError) as failure:
            raise delivery_error(failure) from failure

    def _record(self, outcome: str, *, attempts: int, error: str = "") -> None:
        self.trace.add(
            self.event, outcome, rule=self.facts.arn, target=self.target["Arn"], attempts=attempts, error=error
        )
