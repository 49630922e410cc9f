"""Takes over canaries whose execution is gone, because nothing in a stopped execution can bring the baseline back.

Events tell of it within seconds; the sweep at the start of each drift check finds what no event told of. Either makes a
new execution the holder, which does nothing but roll back.
"""

import json
from collections.abc import Mapping
from typing import Any

from trellis.canary.liveness import Liveness, liveness
from trellis.canary.names import Event, Metric
from trellis.canary.state import Lease, Phase
from trellis.errors import InvalidEventError, LeaseHeldError, LeaseLostError, TrellisError
from trellis.observability import logger
from trellis.runs.canary_calls import request_of, shown
from trellis.runs.canary_promotion import follow_up
from trellis.runs.canary_telling import measure, tell
from trellis.runs.toolbox import Toolbox

SWEEP = {"action": "sweep"}

_LONGEST_NAME = 80
"""Characters in the name of an execution."""


def reap(tools: Toolbox, event: Mapping[str, Any]) -> dict[str, Any]:
    """Follow an event about an ended execution, or sweep; raises InvalidEventError for anything else."""
    if event == SWEEP:
        return {"swept": [line for lease in tools.canaries.all() if (line := _swept(tools, lease))]}
    try:
        arn, status = event["detail"]["executionArn"], event["detail"]["status"]
    except (KeyError, TypeError) as error:
        raise InvalidEventError(f"no event about an execution: {error}") from error
    orphans = [lease for lease in tools.canaries.all() if lease.execution == arn and _needs_execution(lease)]
    return {"swept": [_recovered(tools, lease, _stopped(status)) for lease in orphans]}


def _needs_execution(lease: Lease) -> bool:
    return lease.phase not in (Phase.PROMOTED_PENDING_GIT, Phase.ROLLBACK_FAILED) and not lease.progress.held


def _swept(tools: Toolbox, lease: Lease) -> dict[str, str] | None:
    """What was done about one lease; one that cannot be swept is left to the next sweep, and keeps no other from it."""
    try:
        return _sweep(tools, lease)
    except (LeaseLostError, LeaseHeldError):
        return None
    except TrellisError:
        logger.exception("a canary could not be swept", route=str(lease.key))
        return {"route": str(lease.key), "did": "failed"}


def _sweep(tools: Toolbox, lease: Lease) -> dict[str, str] | None:
    if tools.registry.find(lease.key.cluster) is None:
        tools.canaries.release(lease)
        return {"route": str(lease.key), "did": "released: its cluster has left"}
    now, progress = tools.now(), lease.progress
    measure(tools, lease, {Metric.LEASE_AGE_SECONDS: now - progress.started_at})
    if lease.phase is not Phase.PROMOTED_PENDING_GIT:
        measure(tools, lease, {Metric.LEASE_OVERDUE_SECONDS: max(0.0, now - progress.deadline_at)})
    if progress.held:
        return None
    if lease.phase is Phase.PROMOTED_PENDING_GIT:
        return _followed_up(tools, lease)
    if lease.phase is Phase.ROLLBACK_FAILED:
        return _recovered(tools, lease, lease.progress.reason)
    status = _status(tools, lease.execution)
    return _silent(tools, lease) if status == "RUNNING" else _recovered(tools, lease, _stopped(status))


def _followed_up(tools: Toolbox, lease: Lease) -> dict[str, str] | None:
    did = follow_up(tools, lease)
    if did == "revert":
        return _recovered(tools, lease, "OVERRIDE_EXPIRED: the manifests never said what was promoted")
    return {"route": str(lease.key), "did": did} if did else None


def _stopped(status: str) -> str:
    return f"STOPPED: its execution is {status}"


def _silent(tools: Toolbox, lease: Lease) -> dict[str, str] | None:
    """An execution that runs and says nothing: its functions fail before they can write."""
    request = request_of(tools, lease.progress)
    silent = tools.now() - lease.progress.heartbeat_at
    found = liveness(request, heartbeat_at=lease.progress.heartbeat_at, now=tools.now())
    if found is Liveness.ALIVE or lease.phase is Phase.ROLLING_BACK:
        return None
    if found is Liveness.LATE:
        tell(tools, lease, Event.SILENT, {"seconds": round(silent)})
        return {"route": str(lease.key), "did": "told"}
    return _recovered(tools, lease, f"SILENT: its execution has said nothing for {silent:.0f} seconds")


def _status(tools: Toolbox, execution: str) -> str:
    states = tools.clients.stepfunctions
    try:
        return states.describe_execution(executionArn=execution)["status"]
    except states.exceptions.ExecutionDoesNotExist:
        return "unknown to Step Functions"


def _recovered(tools: Toolbox, lease: Lease, reason: str) -> dict[str, str]:
    on_stop = request_of(tools, lease.progress).safety.on_stop
    if on_stop == "hold" and lease.phase is not Phase.ROLLBACK_FAILED and not lease.progress.reason:
        return _held(tools, lease, reason)
    name = f"recover-{lease.epoch + 1}-{lease.progress.canary}"[:_LONGEST_NAME]
    machine = tools.settings.canary_machine
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    taken = tools.canaries.take_over(lease, execution=execution, reason=reason)
    states = tools.clients.stepfunctions
    states.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"recover": shown(taken)}))
    tell(tools, taken, Event.LEASE_REAPED, {"from": lease.execution, "reason": taken.progress.reason})
    measure(tools, taken, {Metric.REAPED_LEASES: 1})
    return {"route": str(lease.key), "did": "recovered", "execution": execution}


def _held(tools: Toolbox, lease: Lease, reason: str) -> dict[str, str]:
    """`safety.onStop: hold`: the weights stay as they are until a person says what is to become of them."""
    tools.canaries.hold(lease, reason)
    tell(tools, lease, Event.HELD, {"reason": reason})
    return {"route": str(lease.key), "did": "held"}
