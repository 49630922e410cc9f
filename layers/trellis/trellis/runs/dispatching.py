"""From an event about an EKS cluster to the execution that deals with it."""

import json
from typing import Any

from trellis.events import parse_cluster_call
from trellis.runs.toolbox import Toolbox

_NAME_LENGTH = 80


def dispatch(tools: Toolbox, event: dict[str, Any]) -> dict[str, Any]:
    """Start the execution that the event asks for; raises InvalidEventError.

    The execution is named after the event, so that an event which is delivered twice starts one execution.
    """
    call = parse_cluster_call(event)
    if call.action == "ignore" or call.cluster is None:
        return {"started": None}
    settings = tools.settings
    machine = settings.onboard_machine if call.action == "onboard" else settings.offboard_machine
    name = f"{call.action}-{call.id}"[:_NAME_LENGTH]
    states = tools.clients.stepfunctions
    try:
        answer = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"cluster": call.cluster}))
    except states.exceptions.ExecutionAlreadyExists:
        return {"started": None, "duplicate": name}
    return {"started": answer["executionArn"]}
