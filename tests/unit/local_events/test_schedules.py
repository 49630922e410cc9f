"""Schedules of rules and of EventBridge Scheduler, on a clock that runs fast."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from trellis_local import clock
from trellis_local.events.schedules import Scheduler

MACHINE = "arn:aws:states:us-west-2:111122223333:stateMachine:check-drift"
PRINCIPAL = "scheduler.amazonaws.com"


@pytest.fixture
def scheduler(world: Any) -> Iterator[Scheduler]:
    scheduler = Scheduler(world.bus)
    scheduler.start()
    yield scheduler
    scheduler.stop()


def create(world: Any, expression: str, *, target: dict[str, Any] | None = None, **more: Any) -> Any:
    wanted = {"Arn": MACHINE, "RoleArn": world.role(PRINCIPAL), **(target or {})}
    options = {"FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpression": expression, "Target": wanted, **more}
    return boto3.client("scheduler", region_name="us-west-2").create_schedule(Name="s", **options)


def soon(condition: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_rules_schedule_fires_its_event_at_its_rate(world: Any, scheduler: Scheduler) -> None:
    rule = world.put_rule(
        {"Arn": MACHINE, "RoleArn": world.role("events.amazonaws.com")}, ScheduleExpression="rate(5 minutes)"
    )
    assert soon(lambda: len(world.called("start_execution")) >= 3)
    first, second = (json.loads(call["input"]) for call in world.called("start_execution")[:2])
    assert (first["source"], first["detail-type"], first["resources"]) == ("aws.events", "Scheduled Event", [rule])
    assert first["time"] != second["time"]


def test_a_disabled_rules_schedule_does_not_fire(world: Any) -> None:
    target = {"Arn": MACHINE, "RoleArn": world.role("events.amazonaws.com")}
    world.put_rule(target, ScheduleExpression="rate(1 minute)", State="DISABLED")
    assert Scheduler(world.bus).fire_due() is None


def test_a_rate_schedule_without_start_date_fires_at_once_under_its_role(world: Any) -> None:
    create(world, "rate(1 day)", target={"Input": '{"at": "<aws.scheduler.scheduled-time>"}'})
    assert Scheduler(world.bus).fire_due() is not None
    assert world.bus.wait_idle(5)
    assert world.sessions == [(world.role(PRINCIPAL), PRINCIPAL)]
    assert json.loads(world.called("start_execution")[0]["input"])["at"].endswith("Z")


def test_without_input_the_target_receives_the_schedulers_notification(world: Any) -> None:
    arn = create(world, "rate(1 day)")["ScheduleArn"]
    Scheduler(world.bus).fire_due()
    assert world.bus.wait_idle(5)
    received = json.loads(world.called("start_execution")[0]["input"])
    assert (received["source"], received["resources"]) == ("aws.scheduler", [arn])


def test_a_rate_schedule_keeps_firing(world: Any, scheduler: Scheduler) -> None:
    create(world, "rate(5 minutes)")
    assert soon(lambda: len(world.called("start_execution")) >= 3)


def jump(virtual_seconds: float) -> None:
    """Set the clock to that many seconds after real time."""
    clock.use(clock.Clock(start=time.time() - virtual_seconds, speed=2.0))


def fire_at_its_time(world: Any, **more: Any) -> None:
    jump(0)
    due = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(clock.current().time() + 900))
    create(world, f"at({due})", **more)
    scheduler = Scheduler(world.bus)
    assert scheduler.fire_due() is not None
    jump(1000)
    assert scheduler.fire_due() is None
    assert world.bus.wait_idle(5)
    assert len(world.called("start_execution")) == 1


def test_a_one_time_schedule_fires_once_and_stays_stored(world: Any) -> None:
    fire_at_its_time(world)
    assert boto3.client("scheduler", region_name="us-west-2").list_schedules()["Schedules"]


def test_a_schedule_that_is_over_is_deleted_when_it_asks_for_it(world: Any) -> None:
    fire_at_its_time(world, ActionAfterCompletion="DELETE")
    assert not boto3.client("scheduler", region_name="us-west-2").list_schedules()["Schedules"]


def test_a_disabled_schedule_does_not_fire(world: Any) -> None:
    create(world, "rate(1 minute)", State="DISABLED")
    assert Scheduler(world.bus).fire_due() is None


def test_a_role_that_does_not_trust_the_scheduler_fails_the_firing(world: Any) -> None:
    create(world, "rate(1 day)", target={"RoleArn": world.role("events.amazonaws.com")})
    Scheduler(world.bus).fire_due()
    assert world.bus.wait_idle(5)
    assert world.bus.deliveries[0].error.startswith("NO_PERMISSIONS")


def test_a_lost_firing_reaches_the_dead_letter_queue(world: Any) -> None:
    target = {"DeadLetterConfig": {"Arn": world.queue("dead")}, "RetryPolicy": {"MaximumRetryAttempts": 0}}
    arn = create(world, "rate(1 day)", target=target)["ScheduleArn"]
    world.faults["start_execution"] = [world.error("ThrottlingException", 429)]
    Scheduler(world.bus).fire_due()
    assert world.bus.wait_idle(5)
    (message,) = world.messages("dead")
    values = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    assert (values["SCHEDULE_ARN"], values["EXHAUSTED_RETRY_CONDITION"]) == (arn, "MaximumRetryAttempts")


@pytest.mark.parametrize(
    ("expression", "more", "reason"),
    [
        ("every day", {}, "Invalid Schedule Expression"),
        ("rate(1 hour)", {"ScheduleExpressionTimezone": "Mars/Olympus"}, "time zone"),
        ("rate(1 hour)", {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}}, "OFF only"),
        ("rate(1 hour)", {"target": {"Arn": "arn:aws:scheduler:::aws-sdk:eks:listClusters"}}, "not supported"),
    ],
)
def test_create_schedule_refuses_what_could_not_run(
    world: Any, expression: str, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        create(world, expression, **more)
