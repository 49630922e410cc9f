"""From a published event to a target, a retry or a dead-letter queue."""

import io
import json
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

MACHINE = "arn:aws:states:us-west-2:111122223333:stateMachine:onboard"
EVENTS = "events.amazonaws.com"


def machine_target(world: Any, **more: Any) -> dict[str, Any]:
    return {"Arn": MACHINE, "RoleArn": world.role(EVENTS), **more}


def function() -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as contents:
        contents.writestr("app.py", "def handler(event, context): ...")
    boto3.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument="{}")
    created = boto3.client("lambda", region_name="us-west-2").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role="arn:aws:iam::111122223333:role/f",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return str(created["FunctionArn"])


def test_a_matching_event_starts_the_state_machine_under_the_targets_role(world: Any) -> None:
    world.put_rule(machine_target(world))
    event_id = world.publish()
    (call,) = world.called("start_execution")
    assert call["stateMachineArn"] == MACHINE
    assert json.loads(call["input"])["id"] == event_id
    assert call["name"].startswith(event_id)
    assert world.sessions == [(world.role(EVENTS), EVENTS)]
    assert world.outcomes() == ["delivered"]


def test_a_role_that_does_not_trust_eventbridge_is_a_failed_delivery_without_retries(world: Any) -> None:
    world.put_rule({"Arn": MACHINE, "RoleArn": world.role("lambda.amazonaws.com")})
    world.publish()
    (record,) = world.bus.deliveries
    assert (record.outcome, record.attempts) == ("failed", 1)
    assert record.error.startswith("NO_PERMISSIONS")


def test_an_event_that_no_rule_matches_is_recorded(world: Any) -> None:
    world.put_rule(machine_target(world))
    world.publish(source="other")
    assert world.outcomes() == ["unmatched"]


def test_a_disabled_rule_delivers_nothing(world: Any) -> None:
    world.put_rule(machine_target(world), State="DISABLED")
    world.publish()
    assert world.outcomes() == ["unmatched"]


@pytest.mark.parametrize(
    ("field", "outcome"), [({"region": "us-east-1"}, "other region"), ({"account": "222222222222"}, "other account")]
)
def test_events_from_elsewhere_do_not_reach_this_bus(world: Any, field: dict[str, str], outcome: str) -> None:
    world.put_rule(machine_target(world))
    world.publish(**field)
    assert world.outcomes() == [outcome]


def test_a_read_only_call_reaches_only_a_rule_that_asks_for_all_management_events(world: Any) -> None:
    call = {"detail-type": "AWS API Call via CloudTrail", "detail": {"readOnly": True}}
    world.put_rule(machine_target(world))
    world.publish(**call)
    world.put_rule(machine_target(world), State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    world.publish(**call)
    assert world.outcomes() == ["unmatched", "delivered"]


def test_a_queue_without_a_policy_for_the_rule_receives_nothing(world: Any) -> None:
    world.put_rule({"Arn": world.queue("orders", policy_for="arn:aws:events:us-west-2:111122223333:rule/another")})
    world.publish()
    assert world.messages("orders") == []
    assert world.bus.deliveries[0].error.startswith("NO_PERMISSIONS")


def test_a_queue_whose_policy_names_the_rule_receives_the_input(world: Any) -> None:
    rule = "arn:aws:events:us-west-2:111122223333:rule/rule"
    world.put_rule({"Arn": world.queue("orders", policy_for=rule), "InputPath": "$.detail.lines[0].sku"})
    world.publish()
    assert [message["Body"] for message in world.messages("orders")] == ["7"]


def test_a_function_needs_a_permission_for_this_rule(world: Any) -> None:
    arn = function()
    rule = world.put_rule({"Arn": arn})
    world.publish()
    boto3.client("lambda", region_name="us-west-2").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=EVENTS, SourceArn=rule
    )
    world.publish()
    assert world.outcomes() == ["failed", "delivered"]
    (call,) = world.called("invoke")
    assert call["InvocationType"] == "Event"


def test_a_missing_function_is_no_resource(world: Any) -> None:
    world.put_rule({"Arn": "arn:aws:lambda:us-west-2:111122223333:function:gone"})
    world.publish()
    assert world.bus.deliveries[0].error.startswith("NO_RESOURCE")


def test_a_topic_needs_a_policy_that_names_the_service(world: Any) -> None:
    sns = boto3.client("sns", region_name="us-west-2")
    topic = sns.create_topic(Name="t")["TopicArn"]
    world.put_rule({"Arn": topic})
    world.publish()
    statement = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    world.publish()
    assert world.outcomes() == ["failed", "delivered"]


def test_an_event_of_an_aws_service_reaches_a_bus_of_another_region_as_it_was(world: Any) -> None:
    there = boto3.client("events", region_name="us-east-1")
    here = "arn:aws:events:us-west-2:111122223333:event-bus/default"
    there.put_rule(Name="forward", EventPattern='{"source":["aws.route53"]}')
    there.put_targets(Rule="forward", Targets=[{"Id": "bus", "Arn": here, "RoleArn": world.role(EVENTS)}])
    world.put_rule(machine_target(world), EventPattern='{"source":["aws.route53"]}')
    world.publish(source="aws.route53", region="us-east-1")
    received = json.loads(world.called("start_execution")[0]["input"])
    assert (received["source"], received["region"]) == ("aws.route53", "us-east-1")


def test_a_bus_receives_nothing_from_a_role_that_may_not_put_events(world: Any) -> None:
    events = boto3.client("events", region_name="us-west-2")
    other = events.create_event_bus(Name="other")["EventBusArn"]
    world.forbidden = {f"events:PutEvents {other}"}
    world.put_rule({"Arn": other, "RoleArn": world.role(EVENTS)})
    world.publish()
    assert world.outcomes() == ["failed"]


def test_an_event_of_another_region_without_a_rule_there_is_recorded(world: Any) -> None:
    world.publish(region="us-east-1")
    assert world.outcomes() == ["other region"]


def test_another_bus_receives_the_event(world: Any) -> None:
    events = boto3.client("events", region_name="us-west-2")
    other = events.create_event_bus(Name="other")["EventBusArn"]
    events.put_rule(Name="there", EventBusName="other", EventPattern='{"source":["shop"]}')
    events.put_targets(Rule="there", EventBusName="other", Targets=[{"Id": "m", **machine_target(world)}])
    world.put_rule({"Arn": other, "RoleArn": world.role(EVENTS)})
    world.publish()
    assert json.loads(world.called("start_execution")[0]["input"])["detail"]["item"] == "tea"


def test_throttling_is_retried_on_the_virtual_clock_until_it_succeeds(world: Any) -> None:
    world.put_rule(machine_target(world))
    world.faults["start_execution"] = [world.error("ThrottlingException", 400), world.error("InternalFailure", 500)]
    world.publish()
    calls = world.called("start_execution")
    assert len(calls) == 3
    assert len({call["name"] for call in calls}) == 1
    assert world.bus.deliveries[0].attempts == 3


def test_a_client_error_goes_to_the_dead_letter_queue_at_once_with_the_attributes_of_aws(world: Any) -> None:
    rule = "arn:aws:events:us-west-2:111122223333:rule/rule"
    world.put_rule(machine_target(world, DeadLetterConfig={"Arn": world.queue("dead", policy_for=rule)}))
    world.faults["start_execution"] = [world.error("StateMachineDoesNotExist", 400)]
    event_id = world.publish()
    (message,) = world.messages("dead")
    values = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["id"] == event_id
    assert values.pop("ERROR_MESSAGE")
    assert values == {"RULE_ARN": rule, "TARGET_ARN": MACHINE, "ERROR_CODE": "NO_RESOURCE", "RETRY_ATTEMPTS": "0"}
    assert world.outcomes() == ["dead-letter"]


def dead_letter_attributes(world: Any, retry: dict[str, int]) -> dict[str, str]:
    rule = "arn:aws:events:us-west-2:111122223333:rule/rule"
    target = machine_target(world, RetryPolicy=retry, DeadLetterConfig={"Arn": world.queue("dead", policy_for=rule)})
    world.put_rule(target)
    world.faults["start_execution"] = [world.error("ThrottlingException", 429) for _ in range(100)]
    world.publish()
    (message,) = world.messages("dead")
    return {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}


def test_exhausted_attempts_are_named_in_the_dead_letter(world: Any) -> None:
    values = dead_letter_attributes(world, {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600})
    assert (values["EXHAUSTED_RETRY_CONDITION"], values["RETRY_ATTEMPTS"]) == ("MaximumRetryAttempts", "2")


def test_an_event_that_grew_too_old_is_named_in_the_dead_letter(world: Any) -> None:
    values = dead_letter_attributes(world, {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 600})
    assert values["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"


def test_a_dead_letter_queue_without_a_policy_loses_the_event_and_the_record_says_so(world: Any) -> None:
    world.put_rule(machine_target(world, DeadLetterConfig={"Arn": world.queue("dead")}))
    world.faults["start_execution"] = [world.error("StateMachineDoesNotExist", 400)]
    world.publish()
    assert world.messages("dead") == []
    assert "dead-letter queue" in world.bus.deliveries[0].error


def test_a_template_that_gives_no_json_fails_the_delivery(world: Any) -> None:
    transformer = {"InputPathsMap": {"gone": "$.detail.gone"}, "InputTemplate": '{"gone": <gone>}'}
    world.put_rule(machine_target(world, InputTransformer=transformer))
    world.publish()
    assert world.bus.deliveries[0].error.startswith("INVALID_JSON")


def test_a_fault_of_our_own_does_not_end_the_worker(world: Any) -> None:
    world.put_rule(machine_target(world))
    world.faults["start_execution"] = [ValueError("fault"), ValueError("fault"), ValueError("fault")]
    for _ in range(4):
        world.publish()
    assert world.outcomes() == ["failed", "failed", "failed", "delivered"]


def test_the_trace_is_json(world: Any) -> None:
    world.publish()
    assert json.loads(json.dumps(world.bus.trace.as_json()))["deliveries"][0]["outcome"] == "unmatched"


def test_put_events_publishes_and_answers_an_id(world: Any) -> None:
    world.put_rule(machine_target(world))
    entry = {"Source": "shop", "DetailType": "Order", "Detail": '{"item": "tea"}'}
    answer = boto3.client("events", region_name="us-west-2").put_events(Entries=[entry])
    assert world.bus.wait_idle(10)
    assert json.loads(world.called("start_execution")[0]["input"])["id"] == answer["Entries"][0]["EventId"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "aws.ec2", "DetailType": "x", "Detail": "{}"}, "NotAuthorizedForSourceException"),
        ({"Source": "shop", "DetailType": "x", "Detail": "{"}, "MalformedDetail"),
        ({"Source": "shop", "DetailType": "x", "Detail": "[]"}, "MalformedDetail"),
        ({"Source": "shop", "Detail": "{}"}, "InvalidArgument"),
    ],
)
def test_an_illegal_entry_is_refused_by_itself(world: Any, entry: dict[str, str], code: str) -> None:
    answer = boto3.client("events", region_name="us-west-2").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code


def test_put_rule_refuses_an_unknown_operator(world: Any) -> None:
    pattern = json.dumps({"source": [{"starts-with": "shop"}]})
    with pytest.raises(ClientError, match=r"InvalidEventPatternException.*source"):
        world.put_rule(machine_target(world), EventPattern=pattern)


def test_put_rule_refuses_an_illegal_schedule(world: Any) -> None:
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        world.put_rule(machine_target(world), ScheduleExpression="rate(1 minutes)")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"Arn": "arn:aws:logs:us-west-2:111122223333:log-group:x"}, "does not deliver"),
        ({"Arn": MACHINE}, "RoleArn is required"),
        ({"Arn": MACHINE, "RoleArn": "arn:aws:iam::1:role/r", "Input": "1", "InputPath": "$"}, "Only one of"),
        ({"Arn": "arn:aws:sqs:us-west-2:1:q", "HttpParameters": {}}, "does not support HttpParameters"),
    ],
)
def test_put_targets_refuses_what_could_not_be_delivered(world: Any, target: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        world.put_rule(target)


def test_test_event_pattern_answers(world: Any) -> None:
    events = boto3.client("events", region_name="us-west-2")
    event = json.dumps({"source": "shop", "detail-type": "x", "detail": {}, "id": "1"})
    assert events.test_event_pattern(EventPattern='{"source": ["shop"]}', Event=event)["Result"] is True
    assert events.test_event_pattern(EventPattern='{"source": ["else"]}', Event=event)["Result"] is False
