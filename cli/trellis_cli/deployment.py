"""Trellis as it is deployed in the account and region of the caller, over the APIs of AWS alone.

State machines and the functions that people call have fixed names; so the same works on AWS and on the local stack,
which has no stack outputs.
"""

import json
import shlex
import time
from typing import Any

import boto3

_POLL_SECONDS = 1.0


class DeploymentError(Exception):
    """Trellis could not do what was asked of it; the message says why."""


def machine_arn(states: Any, name: str) -> str:
    """The ARN of a state machine; raises DeploymentError when there is none of that name."""
    for page in states.get_paginator("list_state_machines").paginate():
        for found in page["stateMachines"]:
            if found["name"] == name:
                return str(found["stateMachineArn"])
    raise DeploymentError(f"there is no state machine {name} in this account and region; is Trellis deployed here?")


def start_command(machine: str, text: str, *, name: str = "") -> str:
    """The call of the AWS CLI that starts the same execution."""
    named = f" --name {shlex.quote(name)}" if name else ""
    return f"aws stepfunctions start-execution --state-machine-arn {machine}{named} --input {shlex.quote(text)}"


def ended(states: Any, execution: str) -> dict[str, Any]:
    """What DescribeExecution says of an execution once it has ended."""
    while True:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(_POLL_SECONDS)


def invoke(function: str, payload: dict[str, Any]) -> Any:
    """Call a function and return its result; raises DeploymentError with the function's own words when it fails."""
    client: Any = boto3.client("lambda")
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    except client.exceptions.ResourceNotFoundException:
        raise DeploymentError(
            f"there is no function {function} in this account and region; is Trellis deployed here?"
        ) from None
    result = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise DeploymentError(f"{result.get('errorType', 'Error')}: {result.get('errorMessage', result)}")
    return result


def document(location: str) -> bytes:
    """What an `s3://` address holds."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bytes(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
