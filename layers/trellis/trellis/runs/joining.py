"""Starts the executions by which clusters join and leave.

Several events tell of one change (a call, and the tags that it has set), and the schedule may see it too. They come
together as the checks of a cluster do: whoever asks before an execution has looked at the cluster starts no other.
"""

import json
from typing import Any, Literal

from trellis.runs.toolbox import Toolbox

Wish = Literal["onboard", "repair", "offboard"]

_NAME_LENGTH = 80


def ask(tools: Toolbox, wish: Wish, cluster: str, *, name: str) -> dict[str, Any]:
    """Start an execution under this name, unless one is about to begin; started again, it is a duplicate."""
    flow = "offboard" if wish == "offboard" else "onboard"
    run = name[:_NAME_LENGTH]
    # The delay that spaces checks is not waited for: these executions are rare.
    if not tools.checks.request(_key(flow, cluster), {wish}, run=run).starts:
        return {"started": None, "joined": flow}
    settings, states = tools.settings, tools.clients.stepfunctions
    machine = settings.offboard_machine if flow == "offboard" else settings.onboard_machine
    try:
        answer = states.start_execution(stateMachineArn=machine, name=run, input=_input(wish, cluster))
    except states.exceptions.ExecutionAlreadyExists:
        return {"started": None, "duplicate": run}
    return {"started": answer["executionArn"]}


def begin(tools: Toolbox, flow: Literal["onboard", "offboard"], cluster: str) -> frozenset[str]:
    """What was asked for until now; wishes from now on start another execution."""
    return tools.checks.take_if_any(_key(flow, cluster))


def _key(flow: str, cluster: str) -> str:
    # `@` cannot occur in a cluster's name.
    return f"@{flow}/{cluster}"


def _input(wish: Wish, cluster: str) -> str:
    return json.dumps({"cluster": cluster, **({"repair": True} if wish == "repair" else {})})
