"""The event buses of all regions: every published event is matched against the rules of its region and delivered.

Rules, targets and states live in moto's events backend, so that PutRule and PutTargets are the only way to make them.
An event of another region or account that no rule of its region takes is recorded as such, because that is a common
surprise: the events of global services are in us-east-1 only.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from trellis_local import clock
from trellis_local.events import trace as outcomes
from trellis_local.events.access import AwsAccess
from trellis_local.events.delivery import DeliveryQueue, RetryPolicy
from trellis_local.events.envelope import ACCOUNT, REGION, envelope, iso_time
from trellis_local.events.patterns import matches
from trellis_local.events.rule_delivery import RuleDelivery
from trellis_local.events.rules import StoredRule, parsed, rules_of
from trellis_local.events.trace import DeliveryRecord, Trace
from trellis_local.events.transform import RuleFacts

_ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


class EventBus:
    """Publishing, matching and delivering for account 111122223333; `stop` ends its threads."""

    def __init__(self, access: AwsAccess, *, workers: int = 8) -> None:
        self.access = access
        self.trace = Trace()
        self.queue = DeliveryQueue(workers=workers)

    @property
    def deliveries(self) -> tuple[DeliveryRecord, ...]:
        """What became of the last events, oldest first."""
        return self.trace.records()

    def publish(self, event: Mapping[str, Any], *, bus: str = "default", region: str | None = None) -> str:
        """Put `event` on a bus of a region, its own if none is given, and return its id; raise InvalidEventError.

        Deliveries follow on worker threads. A forwarded event keeps the region that it came from.
        """
        complete = envelope(dict(event))
        where = region or str(complete["region"])
        if complete["account"] != ACCOUNT:
            self.trace.add(complete, outcomes.OTHER_ACCOUNT)
            return str(complete["id"])
        matching = [rule for rule in rules_of(bus, region=where) if rule_matches(rule, complete)]
        for rule in matching:
            self.deliver(rule, complete)
        if not matching:
            self.trace.add(complete, outcomes.UNMATCHED if where == REGION else outcomes.OTHER_REGION)
        return str(complete["id"])

    def deliver(self, rule: StoredRule, event: dict[str, Any]) -> None:
        """Queue `event` for every target of `rule`, without asking the rule's pattern."""
        accepted_at = clock.current().time()
        facts = RuleFacts(name=rule.name, arn=rule.arn, ingestion_time=iso_time(accepted_at))
        for target in rule.targets:
            self.queue.put(
                RuleDelivery(
                    access=self.access,
                    trace=self.trace,
                    event=event,
                    target=dict(target),
                    facts=facts,
                    execution_name=f"{event['id'][:40]}_{uuid.uuid4()}",
                    accepted_at=accepted_at,
                    retry=RetryPolicy.of(target),
                    publish=self.publish,
                )
            )

    def wait_idle(self, real_seconds: float = 30.0) -> bool:
        """Wait until every delivery has ended; False when it takes longer."""
        return self.queue.wait_idle(real_seconds)

    def stop(self) -> None:
        """End the delivery threads."""
        self.queue.stop()


def rule_matches(rule: StoredRule, event: Mapping[str, Any]) -> bool:
    """Whether an enabled rule's pattern takes the event; read-only calls only reach rules that ask for them."""
    if not rule.enabled or rule.pattern is None:
        return False
    if _is_read_only_call(event) and rule.state != _ALL_MANAGEMENT_EVENTS:
        return False
    return matches(parsed(rule.pattern), event)


def _is_read_only_call(event: Mapping[str, Any]) -> bool:
    return str(event["detail-type"]).endswith("via CloudTrail") and event["detail"].get("readOnly") is True
