"""An in-process AWS for delivery tests: moto's state, and an access that checks roles' trust as the endpoint does."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from trellis_local import clock
from trellis_local.events.bus import EventBus
from trellis_local.events.moto_seam import install


@dataclass
class World:
    """Clients on moto in process; `sessions` are the roles assumed by whom; `faults` makes operations fail."""

    bus: Any = None
    sessions: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, list[ClientError]] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)

    def permits(self, role_arn: str, *, action: str, resource: str) -> bool:
        return f"{action} {resource}" not in self.forbidden

    def client(self, service: str, *, credentials: Any = None, region: str = "us-west-2") -> Any:
        return _Recording(boto3.client(service, region_name=region), self)

    def role_session(self, role_arn: str, *, session_name: str, service_principal: str) -> Any:
        if not role_arn.endswith(service_principal):
            raise self.error("AccessDenied", 403)
        self.sessions.append((role_arn, service_principal))
        return object()

    def role(self, principal: str) -> str:
        """A role that `principal` may assume."""
        return f"arn:aws:iam::111122223333:role/{principal}"

    def error(self, code: str, status: int) -> ClientError:
        return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Any")  # type: ignore[typeddict-item]

    def put_rule(self, target: dict[str, Any], **rule: Any) -> str:
        """A rule on everything from source `shop`, with one target."""
        events = boto3.client("events", region_name="us-west-2")
        if "ScheduleExpression" not in rule:
            rule.setdefault("EventPattern", json.dumps({"source": ["shop"]}))
        arn = str(events.put_rule(Name="rule", **rule)["RuleArn"])
        events.put_targets(Rule="rule", Targets=[{"Id": "only", **target}])
        return arn

    def publish(self, **fields: Any) -> str:
        """Publish an order from source `shop` and wait until it is delivered."""
        event = {"source": "shop", "detail-type": "Order", "detail": {"item": "tea", "lines": [{"sku": 7}]}, **fields}
        event_id = str(self.bus.publish(event))
        assert self.bus.wait_idle(10)
        return event_id

    def queue(self, name: str, *, policy_for: str | None = None) -> str:
        """A queue's ARN; with `policy_for` that rule may send to it."""
        sqs = boto3.client("sqs", region_name="us-west-2")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-west-2:111122223333:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": policy_for}},
        }
        if policy_for:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return arn

    def messages(self, name: str) -> list[dict[str, Any]]:
        """What waits in a queue."""
        sqs = boto3.client("sqs", region_name="us-west-2")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
        return list(answer.get("Messages", []))

    def called(self, operation: str) -> list[dict[str, Any]]:
        """The arguments of every call of an operation through this access."""
        return [arguments for name, arguments in self.calls if name == operation]

    def outcomes(self) -> list[str]:
        return [record.outcome for record in self.bus.deliveries]


class _Recording:
    """A client that fails when a fault is planted, and answers for the interpreters that moto has not."""

    def __init__(self, client: Any, world: World) -> None:
        self._client = client
        self._world = world

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self._world.calls.append((operation, arguments))
            if self._world.faults.get(operation):
                raise self._world.faults[operation].pop(0)
            if operation in ("start_execution", "invoke"):
                return {}
            return getattr(self._client, operation)(**arguments)

        return call


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A bus on moto, with a clock on which a minute takes 30 real milliseconds."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    before = clock.current()
    clock.use(clock.Clock(start=time.time(), speed=2000.0))
    with mock_aws():
        world = World()
        world.bus = EventBus(world, workers=2)
        uninstall = install(world.bus)
        yield world
        uninstall()
        world.bus.stop()
    clock.use(before)
