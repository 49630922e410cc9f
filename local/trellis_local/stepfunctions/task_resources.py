"""Which Task resources the local stack runs, and which arguments they take."""

import re
from collections.abc import Mapping
from typing import Any

from trellis_local.stepfunctions import sdk_names

LAMBDA_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w:$-]+")
INTEGRATION = re.compile(
    r"arn:aws[a-z-]*:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9]+):(?P<action>\w+)(?P<pattern>\.[\w:]+)?"
)
OPTIMISED = {
    ("dynamodb", "getItem"): {""},
    ("dynamodb", "putItem"): {""},
    ("dynamodb", "updateItem"): {""},
    ("dynamodb", "deleteItem"): {""},
    ("events", "putEvents"): {"", ".waitForTaskToken"},
    ("lambda", "invoke"): {"", ".waitForTaskToken"},
    ("sns", "publish"): {"", ".waitForTaskToken"},
    ("sqs", "sendMessage"): {"", ".waitForTaskToken"},
    ("states", "startExecution"): {"", ".sync", ".sync:2", ".waitForTaskToken"},
}
SDK_PATTERNS = {"", ".waitForTaskToken"}


def check_task(state: Mapping[str, Any]) -> str | None:
    """What is wrong with a Task's resource or the names of its arguments."""
    resource = state.get("Resource")
    if not isinstance(resource, str):
        return "a Task needs a Resource"
    if LAMBDA_ARN.fullmatch(resource):
        return None
    found = INTEGRATION.fullmatch(resource)
    if found is None:
        return f"the resource {resource!r} is not emulated by the local stack"
    service, action, pattern = found["service"], found["action"], found["pattern"] or ""
    known = SDK_PATTERNS if found["sdk"] else OPTIMISED.get((service, action), set())
    if pattern not in known:
        return f"the resource {resource!r} is not emulated by the local stack"
    return _check_arguments(service, action, state.get("Arguments"))


def is_waiting_for_child(state: Mapping[str, Any]) -> bool:
    """Whether a Task runs another state machine and waits for its end."""
    return ":states:startExecution.sync" in str(state.get("Resource", ""))


def _check_arguments(service: str, action: str, arguments: Any) -> str | None:
    try:
        operation = sdk_names.operation(service, action)
    except sdk_names.UnknownNameError as error:
        return str(error)
    if isinstance(arguments, Mapping):
        unknown = sorted(set(arguments) - sdk_names.members(operation.input_shape))
        if unknown:
            return f"the field '{unknown[0]}' is not supported by Step Functions"
    return None
