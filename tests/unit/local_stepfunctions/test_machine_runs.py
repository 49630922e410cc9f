"""The interpreter with its seams, seen through the API."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUSY_TWICE = """
calls = 0
class Busy(Exception): pass
def handler(event, context):
    global calls
    calls += 1
    if calls < 3:
        raise Busy("try again")
    return {"calls": calls, "event": event}
"""
LAMBDA = "arn:aws:states:::lambda:invoke"
SUCCEED = {"Type": "Succeed"}


def invoke(function: str, **fields: Any) -> dict[str, Any]:
    arguments = {"FunctionName": function, "Payload": "{% $states.input %}"}
    return {"Type": "Task", "Resource": LAMBDA, "Arguments": arguments, **fields}


def test_strings_with_quotes_and_braces_stay_values(cloud):
    text = 'he said "{% no %}" it\'s \\ fine'
    result = cloud.run(
        {"P": {"Type": "Pass", "Output": {"text": "{% $states.input.text %}"}, "End": True}}, {"text": text}
    )
    assert result["output"] == {"text": text}


def test_an_undefined_result_is_a_query_evaluation_error(cloud):
    result = cloud.run({"P": {"Type": "Pass", "Output": "{% $states.input.absent %}", "End": True}})
    assert (result["status"], result["error"]) == ("FAILED", "States.QueryEvaluationError")


def test_assign_and_output_of_one_state_see_the_variables_of_before(cloud):
    result = cloud.run(
        {
            "A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}", "Next": "C"},
            "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $n %}"], "End": True},
        }
    )
    assert result["output"] == [1, 2]


def test_a_lambda_task_is_retried_with_backoff_and_jitter_in_virtual_time(cloud):
    function = cloud.function("busy-twice", BUSY_TWICE)
    retry = {
        "ErrorEquals": ["Busy"],
        "IntervalSeconds": 30,
        "MaxAttempts": 5,
        "BackoffRate": 2,
        "MaxDelaySeconds": 40,
        "JitterStrategy": "FULL",
    }
    started = time.monotonic()
    result = cloud.run(
        {"T": invoke(function, Retry=[retry], Output="{% $states.result.Payload %}", End=True)}, {"x": 1}
    )
    assert result["output"] == {"calls": 3, "event": {"x": 1}}
    assert time.monotonic() - started < 10


def test_an_error_is_caught_by_its_name_and_leads_on(cloud):
    function = cloud.function("fails", "class LeaseTaken(Exception): pass\ndef handler(e, c): raise LeaseTaken('by b')")
    catch = {"ErrorEquals": ["LeaseTaken"], "Next": "Caught", "Output": "{% $states.errorOutput.Error %}"}
    result = cloud.run({"T": invoke(function, Catch=[catch], End=True), "Caught": SUCCEED})
    assert result["output"] == "LeaseTaken"


def test_states_task_failed_catches_any_error_of_a_function(cloud):
    function = cloud.function("fails-somehow", "def handler(e, c): raise ValueError('x')")
    catch = {"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}
    result = cloud.run({"T": invoke(function, Catch=[catch], End=True), "Caught": SUCCEED})
    assert result["status"] == "SUCCEEDED"


def test_a_missing_function_has_lambdas_error_name(cloud):
    result = cloud.run({"T": invoke("missing", End=True)})
    assert result["error"] == "Lambda.ResourceNotFoundException"


def test_choice_and_wait_run_on_the_stacks_clock(cloud):
    started = time.monotonic()
    result = cloud.run(
        {
            "W": {"Type": "Wait", "Seconds": "{% $states.input.wait %}", "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.wait > 60 %}", "Next": "Long"}],
                "Default": "Short",
            },
            "Long": {"Type": "Pass", "Output": "long", "End": True},
            "Short": {"Type": "Fail", "Error": "Short"},
        },
        {"wait": 600},
    )
    assert result["output"] == "long"
    assert (result["stopDate"] - result["startDate"]).total_seconds() >= 599
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_maps_keep_the_order_of_their_items(cloud, mode):
    processor = {
        "ProcessorConfig": {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "Output": "{% $states.input.item * $states.input.factor %}", "End": True}},
    }
    result = cloud.run(
        {
            "A": {"Type": "Pass", "Assign": {"factor": 10}, "Next": "M"},
            "M": {
                "Type": "Map",
                "Items": "{% [1..5] %}",
                "ItemSelector": {"item": "{% $states.context.Map.Item.Value %}", "factor": "{% $factor %}"},
                "MaxConcurrency": 2,
                "ItemProcessor": processor,
                "End": True,
            },
        }
    )
    assert result["output"] == [10, 20, 30, 40, 50]


def test_one_failed_child_fails_a_distributed_map(cloud):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "F"}], "Default": "S"},
            "F": {"Type": "Fail", "Error": "Two"},
            "S": SUCCEED,
        },
    }
    result = cloud.run({"M": {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": processor, "End": True}})
    assert result["error"] == "States.ExceedToleratedFailureThreshold"


def test_a_child_execution_is_awaited_and_its_output_is_json(cloud):
    child = cloud.machine(
        {
            "W": {"Type": "Wait", "Seconds": 30, "Next": "P"},
            "P": {"Type": "Pass", "Output": {"got": "{% $states.input.k %}"}, "End": True},
        }
    )
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": child, "Input": {"k": 'a "quoted" one'}},
        "Output": "{% $states.result.Output %}",
        "End": True,
    }
    assert cloud.run({"S": task})["output"] == {"got": 'a "quoted" one'}


def test_a_failed_child_execution_fails_its_task(cloud):
    child = cloud.machine({"F": {"Type": "Fail", "Error": "Broken"}})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": child},
        "End": True,
    }
    assert cloud.run({"S": task})["error"] == "States.TaskFailed"


def test_sdk_integrations_speak_pascal_case_both_ways(cloud):
    cloud.client("eks").create_cluster(name="a", roleArn=cloud.role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:eks:describeCluster",
        "Arguments": {"Name": "a"},
        "Output": "{% $states.result.Cluster.Name %}",
        "End": True,
    }
    assert cloud.run({"T": task})["output"] == "a"


def test_sdk_errors_are_named_as_the_java_sdk_names_them(cloud):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:eks:describeCluster",
        "Arguments": {"Name": "absent"},
        "Catch": [{"ErrorEquals": ["Eks.ResourceNotFoundException"], "Next": "Absent"}],
        "End": True,
    }
    assert cloud.run({"T": task, "Absent": SUCCEED})["status"] == "SUCCEEDED"


def test_a_message_body_that_is_an_object_is_sent_as_json(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="bodies")["QueueUrl"]
    arguments = {"QueueUrl": url, "MessageBody": {"a": "{% $states.input.a %}"}}
    cloud.run(
        {"T": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": arguments, "End": True}},
        {"a": 1},
    )
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == '{"a":1}'


def test_a_function_is_timed_out_in_real_seconds_as_it_runs_in_them(cloud):
    function = cloud.function("slow", "import time\ndef handler(e, c): time.sleep(e['seconds'])", Timeout=10)
    assert cloud.run({"T": invoke(function, TimeoutSeconds=2, End=True)}, {"seconds": 0.3})["status"] == "SUCCEEDED"
    assert cloud.run({"T": invoke(function, TimeoutSeconds=1, End=True)}, {"seconds": 3})["error"] == "States.Timeout"


def test_a_task_that_waits_for_a_token_is_timed_out_in_virtual_seconds(cloud):
    url = cloud.client("sqs").create_queue(QueueName="forgotten")["QueueUrl"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": url, "MessageBody": "{% $states.context.Task.Token %}"},
        "TimeoutSeconds": 600,
        "End": True,
    }
    assert cloud.run({"T": task})["error"] == "States.Timeout"


def test_a_missed_heartbeat_has_its_own_error_name(cloud):
    url = cloud.client("sqs").create_queue(QueueName="tokens")["QueueUrl"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": url, "MessageBody": "{% $states.context.Task.Token %}"},
        "HeartbeatSeconds": 60,
        "TimeoutSeconds": 6000,
        "End": True,
    }
    assert cloud.run({"T": task})["error"] == "States.HeartbeatTimeout"


def test_a_task_token_ends_its_task_and_keeps_the_cause_of_a_failure(cloud):
    sqs, client = cloud.client("sqs"), cloud.client("stepfunctions")
    url = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": url, "MessageBody": "{% $states.context.Task.Token %}"},
        "End": True,
    }
    execution = cloud.start(cloud.machine({"T": task}))
    token = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"]
    client.send_task_failure(taskToken=token, error="Rejected", cause="not on a Friday")
    result = cloud.finish(execution)
    assert (result["error"], result["cause"]) == ("Rejected", "not on a Friday")


def test_the_context_object_prints_times_as_aws_does(cloud):
    result = cloud.run({"P": {"Type": "Pass", "Output": "{% $states.context %}", "End": True}})
    assert result["output"]["Execution"]["StartTime"].endswith("Z")
    assert result["output"]["State"]["Name"] == "P"


def test_the_machine_timeout_ends_the_execution(cloud):
    assert cloud.run({"W": {"Type": "Wait", "Seconds": 6000, "End": True}}, TimeoutSeconds=60)["status"] == "TIMED_OUT"


def test_an_execution_without_a_name_gets_one(cloud):
    machine = cloud.machine({"S": SUCCEED})
    assert cloud.start(machine) != cloud.start(machine)


def test_the_same_name_and_input_while_running_is_the_same_execution(cloud):
    machine = cloud.machine({"W": {"Type": "Wait", "Seconds": 60000, "End": True}})
    execution = cloud.start(machine, {"a": 1}, name="once")
    assert cloud.start(machine, {"a": 1}, name="once") == execution
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        cloud.start(machine, {"a": 2}, name="once")
    cloud.client("stepfunctions").stop_execution(executionArn=execution)


def test_stopping_shows_at_once(cloud):
    execution = cloud.start(cloud.machine({"W": {"Type": "Wait", "Seconds": 60000, "End": True}}))
    cloud.client("stepfunctions").stop_execution(executionArn=execution)
    assert cloud.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_integrations_run_as_the_machines_role_and_the_session_is_named_after_the_execution(cloud):
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues", "End": True}
    execution = cloud.start(cloud.machine({"T": task}), name="who-am-i")
    cloud.finish(execution)
    assert (cloud.role, "who-am-i", "states.amazonaws.com") in cloud.identity.asked


def test_a_role_that_does_not_trust_step_functions_cannot_have_a_machine(cloud):
    with pytest.raises(ClientError, match="AccessDeniedException"):
        cloud.machine({"S": SUCCEED}, role="arn:aws:iam::111122223333:role/untrusting")


def test_status_changes_are_published_once_each(cloud):
    execution = cloud.start(cloud.machine({"S": SUCCEED}), {"a": 1})
    cloud.finish(execution)
    deadline = time.monotonic() + 5
    while len(statuses := [e["detail"]["status"] for e in cloud.events if e["resources"] == [execution]]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert statuses == ["RUNNING", "SUCCEEDED"]


def test_executions_are_listed_for_status_pages(cloud):
    execution = cloud.start(cloud.machine({"P": {"Type": "Pass", "Output": 5, "End": True}}))
    cloud.finish(execution)
    found = next(seen for seen in cloud.step_functions.executions() if seen.arn == execution)
    assert (found.status, found.output) == ("SUCCEEDED", "5")


def test_history_has_an_event_for_every_step(cloud):
    execution = cloud.start(cloud.machine({"S": SUCCEED}))
    cloud.finish(execution)
    history = cloud.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]


def test_stopping_a_parent_stops_the_child_it_waits_for(cloud):
    child = cloud.machine({"W": {"Type": "Wait", "Seconds": 600000, "End": True}})
    resource = "arn:aws:states:::states:startExecution.sync:2"
    arguments = {"StateMachineArn": child, "Name": "the-child"}
    parent = cloud.start(
        cloud.machine({"T": {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True}})
    )
    client, deadline = cloud.client("stepfunctions"), time.monotonic() + 10
    while not client.list_executions(stateMachineArn=child)["executions"]:
        assert time.monotonic() < deadline
    client.stop_execution(executionArn=parent)
    started = client.list_executions(stateMachineArn=child)["executions"][0]["executionArn"]
    assert cloud.finish(started)["status"] == "ABORTED"


def test_an_error_of_an_optimised_integration_has_its_code(cloud):
    arguments = {"StateMachineArn": "arn:aws:states:us-west-2:111122223333:stateMachine:absent"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Arguments": arguments, "End": True}
    assert cloud.run({"T": task})["error"] == "StepFunctions.StateMachineDoesNotExistException"
