"""From an event about somebody else's change to the check of the clusters whose resources it touched."""

import json
from collections.abc import Collection
from hashlib import sha256
from typing import Any

from trellis.fleet.hints import Hint
from trellis.foreign_calls import ForeignCall, parse_foreign_call
from trellis.resources import dns
from trellis.runs.toolbox import Toolbox
from trellis.unsigned_changes import is_unsigned, parse_unsigned_change


def notice(tools: Toolbox, event: dict[str, Any]) -> dict[str, Any]:
    """Keep what the event says and start a run for each cluster concerned; raises InvalidEventError.

    An event that is delivered twice starts one run; one about what nobody owns starts none.
    """
    started = _unsigned(tools, event) if is_unsigned(event) else _called(tools, parse_foreign_call(event))
    return {"started": [execution for execution in started if execution]}


def _called(tools: Toolbox, call: ForeignCall) -> list[str | None]:
    return [_take_note(tools, call, cluster, items) for cluster, items in owners_of(tools, call.touched)]


def _take_note(tools: Toolbox, call: ForeignCall, cluster: str, items: frozenset[str]) -> str | None:
    told = _told(call, items)
    tools.hints.add(cluster, Hint(call.id, call.call, call.actor, call.detail.eventTime, told, call.touched))
    return start_check(tools, call.id, cluster, items)


def _told(call: ForeignCall, items: frozenset[str]) -> frozenset[str]:
    """What the call may be the cause of: a change of records starts a run for a service or VPC, but touches names."""
    names = frozenset(item for item in items if item.startswith(f"{dns.KIND}/"))
    return names if names and call.is_about_records else items


def _unsigned(tools: Toolbox, event: dict[str, Any]) -> list[str | None]:
    """No hint is kept: the event does not say who it was."""
    change = parse_unsigned_change(event)
    owners = owners_of(tools, change.touched)
    return [start_check(tools, change.id, name, items) for name, items in owners if not change.leaves_intact(name)]


def owners_of(tools: Toolbox, touched: Collection[str]) -> list[tuple[str, frozenset[str]]]:
    """The clusters that the resources belong to, with the work items that they stand for."""
    owners = tools.inventory.owners(touched) if touched else {}
    return [(cluster, frozenset(owners[cluster])) for cluster in sorted(owners)]


def start_check(tools: Toolbox, event_id: str, cluster: str, items: frozenset[str]) -> str | None:
    """Ask for a check of work items; the execution that was started for it, None when one is waiting already."""
    run = f"event-{sha256(f'{cluster} {event_id}'.encode()).hexdigest()[:32]}"
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
