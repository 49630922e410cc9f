"""The Lambda API of the endpoint: every way to invoke ends in the worker pool."""

import json
import time

import pytest
from botocore.exceptions import ClientError

ECHO = "def handler(event, context): return {'got': event}"


def receive(cloud, url):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = cloud.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        if found.get("Messages"):
            return found["Messages"][0]
        time.sleep(0.02)
    raise AssertionError("no message came")


def test_a_function_uploaded_as_an_archive_runs(cloud):
    arn = cloud.function("echo", ECHO)
    answer = cloud.client("lambda").invoke(FunctionName=arn, Payload=b'{"a": 1}')
    assert (answer["StatusCode"], json.load(answer["Payload"])) == (200, {"got": {"a": 1}})


def test_changed_code_and_configuration_take_effect(cloud):
    cloud.function(
        "changing",
        "import os\ndef handler(e, c): return os.environ['MODE']",
        Environment={"Variables": {"MODE": "plan"}},
    )
    client = cloud.client("lambda")
    assert json.load(client.invoke(FunctionName="changing")["Payload"]) == "plan"
    client.update_function_configuration(FunctionName="changing", Environment={"Variables": {"MODE": "remediate"}})
    assert json.load(client.invoke(FunctionName="changing")["Payload"]) == "remediate"


def test_a_missing_function_is_a_404(cloud):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("lambda").invoke(FunctionName="not-there")


def test_an_exception_is_an_unhandled_function_error_with_the_log_tail(cloud):
    cloud.function("raising", "def handler(e, c): raise ValueError('no')")
    answer = cloud.client("lambda").invoke(FunctionName="raising", LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["LogResult"]
    assert json.load(answer["Payload"])["errorType"] == "ValueError"


def test_reserved_concurrency_of_zero_throttles(cloud):
    cloud.function("reserved", ECHO)
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refusal:
        client.invoke(FunctionName="reserved")
    assert refusal.value.response["Error"]["Code"] == "TooManyRequestsException"


def test_a_role_that_does_not_trust_lambda_cannot_be_used(cloud):
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = cloud.client("iam").create_role(RoleName="untrusting", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    cloud.function("distrusted", ECHO, Role=role)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        cloud.client("lambda").invoke(FunctionName="distrusted")


def test_a_failed_event_goes_to_the_destination_on_failure(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="failed-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function = cloud.function("failing-event", "def handler(e, c): raise ValueError('no')")
    client = cloud.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName="failing-event", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    assert client.invoke(FunctionName="failing-event", InvocationType="Event", Payload=b'{"a": 1}')["StatusCode"] == 202
    record = json.loads(receive(cloud, url)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["requestContext"]["functionArn"] == f"{function}:$LATEST"
    assert record["requestPayload"] == {"a": 1}
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_a_dead_letter_queue_gets_the_event_and_its_error(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    cloud.function("dying-event", "def handler(e, c): raise ValueError('no')", DeadLetterConfig={"TargetArn": arn})
    client = cloud.client("lambda")
    assert client.get_function_configuration(FunctionName="dying-event")["DeadLetterConfig"] == {"TargetArn": arn}
    client.invoke(FunctionName="dying-event", InvocationType="Event", Payload=b'{"a": 1}')
    message = receive(cloud, url)
    assert message["Body"] == '{"a": 1}'
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"


def test_a_deleted_function_is_forgotten(cloud):
    cloud.function("short-lived", ECHO)
    client = cloud.client("lambda")
    client.invoke(FunctionName="short-lived")
    client.delete_function(FunctionName="short-lived")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.invoke(FunctionName="short-lived")
