"""RedriveExecution: an unsuccessful execution goes on where it did not succeed, with what it knew there."""

import pytest
from botocore.exceptions import ClientError

FAILS_ONCE = """
calls = 0
class Broken(Exception): pass
def handler(event, context):
    global calls
    calls += 1
    if calls == 1:
        raise Broken("not yet")
    return {"calls": calls, "event": event}
"""
LAMBDA = "arn:aws:states:::lambda:invoke"


def machine(cloud, name):
    function = cloud.function(name, FAILS_ONCE)
    count = {"Type": "Pass", "Assign": {"counted": "{% $states.input.n + 1 %}"}, "Output": {"n": 5}, "Next": "Try"}
    arguments = {"FunctionName": function, "Payload": "{% {'n': $states.input.n, 'counted': $counted} %}"}
    attempt = {"Type": "Task", "Resource": LAMBDA, "Arguments": arguments}
    output = {"Output": "{% $states.result.Payload %}", "End": True}
    return cloud.machine({"Count": count, "Try": {**attempt, **output}})


def test_it_goes_on_at_the_failed_state_with_its_input_and_variables(cloud):
    execution = cloud.start(machine(cloud, "fails-once"), {"n": 1})
    assert cloud.finish(execution)["status"] == "FAILED"
    cloud.client("stepfunctions").redrive_execution(executionArn=execution)
    ended = cloud.finish(execution)
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", {"calls": 2, "event": {"n": 5, "counted": 2}})
    assert (ended["redriveCount"], ended["redriveStatus"]) == (1, "NOT_REDRIVABLE")


def test_its_history_and_its_events_tell_of_both_attempts(cloud):
    execution = cloud.start(machine(cloud, "fails-once-told"), {"n": 1})
    cloud.finish(execution)
    cloud.client("stepfunctions").redrive_execution(executionArn=execution)
    cloud.finish(execution)
    events = cloud.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    kinds = [event["type"] for event in events]
    assert [kind for kind in kinds if kind.startswith("Execution")] == [
        "ExecutionStarted",
        "ExecutionFailed",
        "ExecutionRedriven",
        "ExecutionSucceeded",
    ]
    assert kinds.count("PassStateEntered") == 1
    told = [event["detail"]["status"] for event in cloud.events if event["resources"] == [execution]]
    assert told == ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]


def test_one_that_was_stopped_while_it_waited_waits_again(cloud):
    states = {
        "Hold": {"Type": "Wait", "Seconds": 600, "Next": "Go"},
        "Go": {"Type": "Pass", "Output": "gone", "End": True},
    }
    execution = cloud.start(cloud.machine(states))
    client = cloud.client("stepfunctions")
    client.stop_execution(executionArn=execution)
    assert client.describe_execution(executionArn=execution)["redriveStatus"] == "REDRIVABLE"
    client.redrive_execution(executionArn=execution)
    assert cloud.finish(execution)["output"] == "gone"


def test_one_that_ended_in_a_fail_state_fails_there_again(cloud):
    states = {"Work": {"Type": "Pass", "Next": "Give"}, "Give": {"Type": "Fail", "Error": "Up"}}
    execution = cloud.start(cloud.machine(states))
    cloud.finish(execution)
    cloud.client("stepfunctions").redrive_execution(executionArn=execution)
    ended = cloud.finish(execution)
    assert (ended["status"], ended["error"], ended["redriveCount"]) == ("FAILED", "Up", 1)


def test_one_that_succeeded_is_not_redriven(cloud):
    execution = cloud.start(cloud.machine({"Done": {"Type": "Succeed"}}))
    cloud.finish(execution)
    with pytest.raises(ClientError, match="ExecutionNotRedrivable"):
        cloud.client("stepfunctions").redrive_execution(executionArn=execution)
