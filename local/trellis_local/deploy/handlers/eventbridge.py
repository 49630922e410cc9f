"""AWS::Events::Rule and AWS::Scheduler::Schedule."""

import json

from trellis_local.deploy.errors import DeployError
from trellis_local.deploy.properties import tag_list
from trellis_local.deploy.resource import Created, Resource


def create_rule(resource: Resource) -> Created:
    """The rule and its targets; Ref is its name, after its bus where that is not the default one."""
    given = resource.properties
    name, bus = given.take("Name", resource.name()), given.take("EventBusName")
    pattern = given.take("EventPattern")
    arn = resource.api(
        "events",
        "put_rule",
        Name=name,
        EventBusName=bus,
        EventPattern=None if pattern is None else json.dumps(pattern),
        Tags=tag_list(given.tags()) or None,
        **given.some("ScheduleExpression", "State", "Description", "RoleArn"),
    )["RuleArn"]
    targets = given.take("Targets", [])
    if targets:
        answer = resource.api("events", "put_targets", Rule=name, EventBusName=bus, Targets=targets)
        if answer["FailedEntryCount"]:
            raise DeployError(f"{given.where}.Targets", json.dumps(answer["FailedEntries"]))
    return Created(name if bus in (None, "default") else f"{bus}|{name}", {"Arn": arn})


def create_schedule(resource: Resource) -> Created:
    """The schedule; Ref is its name."""
    given = resource.properties
    name = given.take("Name", resource.name())
    arn = resource.api(
        "scheduler",
        "create_schedule",
        Name=name,
        ScheduleExpression=given.require("ScheduleExpression"),
        FlexibleTimeWindow=given.require("FlexibleTimeWindow"),
        Target=given.require("Target"),
        **given.some(
            "ActionAfterCompletion",
            "Description",
            "EndDate",
            "GroupName",
            "KmsKeyArn",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
        ),
    )["ScheduleArn"]
    return Created(name, {"Arn": arn})
