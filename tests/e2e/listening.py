"""Queues that hear what Trellis says: its messages to the topic, and its events on the bus."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from drifting import SECONDS

from trellis_local.walkthrough import World


@dataclass(frozen=True)
class Listening:
    """A queue that is subscribed to the topic, and one that a rule sends the events to."""

    world: World
    messages: str
    events: str

    def take(self, queue: str) -> list[dict[str, Any]]:
        """All messages of a queue so far."""
        sqs, found = self.world.aws("sqs"), []
        while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found += [json.loads(message["Body"]) for message in got]
            for message in got:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def heard(self, queue: str) -> list[dict[str, Any]]:
        """Wait for the first messages of a queue."""
        found: list[dict[str, Any]] = self.world.wait("a message", lambda: self.take(queue), seconds=SECONDS)
        return found


@contextmanager
def listening_for(world: World, kind: str) -> Iterator[Listening]:
    """Meanwhile the topic's messages and the events of one detail type are kept in queues."""
    sqs, sns, events = world.aws("sqs"), world.aws("sns"), world.aws("events")
    topic = next(found["TopicArn"] for found in sns.list_topics()["Topics"] if "DriftTopic" in found["TopicArn"])
    queues = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("heard-messages", "heard-events")]
    arns = [_arn(sqs, queue) for queue in queues]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arns[0])["SubscriptionArn"]
    pattern = json.dumps({"source": ["trellis"], "detail-type": [kind]})
    rule = events.put_rule(Name="heard", EventPattern=pattern)["RuleArn"]
    sqs.set_queue_attributes(QueueUrl=queues[1], Attributes={"Policy": _policy(arns[1], rule)})
    events.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arns[1]}])
    try:
        yield Listening(world, *queues)
    finally:
        events.remove_targets(Rule="heard", Ids=["queue"])
        events.delete_rule(Name="heard")
        sns.unsubscribe(SubscriptionArn=subscription)
        for queue in queues:
            sqs.delete_queue(QueueUrl=queue)


def _policy(queue: str, rule: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _arn(sqs: Any, queue: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
