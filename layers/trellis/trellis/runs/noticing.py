"""From an event about somebody else's call to the check of the clusters whose resources it touched."""

import json
from hashlib import sha256
from typing import Any

from trellis.fleet.hints import Hint
from trellis.foreign_calls import ForeignCall, parse_foreign_call
from trellis.runs.toolbox import Toolbox


def notice(tools: Toolbox, event: dict[str, Any]) -> dict[str, Any]:
    """Keep what the event says and start a run for each cluster concerned; raises InvalidEventError.

    An event that is delivered twice starts one run; one about what nobody owns starts none.
    """
    call = parse_foreign_call(event)
    owners = tools.inventory.owners(call.touched) if call.touched else {}
    return {"started": [started for cluster in sorted(owners) if (started := _check(tools, call, cluster, owners))]}


def _check(tools: Toolbox, call: ForeignCall, cluster: str, owners: dict[str, set[str]]) -> str | None:
    items = frozenset(owners[cluster])
    tools.hints.add(cluster, Hint(call.id, call.call, call.actor, call.detail.eventTime, items, call.touched))
    run = f"event-{sha256(f'{cluster} {call.id}'.encode()).hexdigest()[:32]}"
    requested = tools.checks.request(cluster, items, run=run)
    return _start(tools, cluster, run, requested.delay) if requested.starts else None


def _start(tools: Toolbox, cluster: str, run: str, delay: int) -> str | None:
    states = tools.clients.stepfunctions
    document = json.dumps({"cluster": cluster, "lane": "event", "delaySeconds": delay})
    try:
        answer = states.start_execution(stateMachineArn=tools.settings.reconcile_machine, name=run, input=document)
    except states.exceptions.ExecutionAlreadyExists:
        return None
    return str(answer["executionArn"])
