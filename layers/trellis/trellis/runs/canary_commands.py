"""What operators say to a canary under way: `pause`, `resume`, `promote`, `skip`, `extend`, `abort`; at a gate
`approve` or `reject`.

A command is left in the lease and acknowledged by an event when the canary has acted on it, within one tick, or after
the gate that is open. `abort` waits for no other command; it and decisions at a gate act at once, because the waiting
task is told.
"""

import json
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from trellis.canary.names import Event
from trellis.canary.state import RESTING, CanaryKey, Command, Gate, Lease
from trellis.errors import InvalidInputError
from trellis.runs.canary_calls import ABORT, request_of
from trellis.runs.canary_gates import APPROVE, REJECT, answer_task
from trellis.runs.canary_telling import tell
from trellis.runs.request import ClusterName
from trellis.runs.toolbox import Toolbox

_Text = Annotated[str, StringConstraints(max_length=256)]


class CommandRequest(BaseModel):
    """One command. `argument`: of `skip` the percent of a later step, of `extend` seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: ClusterName
    namespace: _Text
    name: _Text
    command: Literal["pause", "resume", "promote", "skip", "extend", "abort", "approve", "reject"]
    requestId: Annotated[str, StringConstraints(min_length=1, max_length=64)]  # noqa: N815
    author: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    reason: _Text = ""
    argument: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None


def command(tools: Toolbox, request: CommandRequest) -> dict[str, Any]:
    """Leave the command or the decision; raises InvalidInputError when there is nothing it could be for."""
    key = CanaryKey(request.cluster, request.namespace, request.name)
    lease = tools.canaries.find(key)
    if lease is None or lease.phase in RESTING:
        raise InvalidInputError(f"no canary is under way for {key}")
    if request.command in (APPROVE, REJECT):
        return _decide(tools, lease, request)
    if lease.progress.held and request.command == ABORT:
        tools.canaries.unhold(lease, f"ABORTED: by {request.author}: {request.reason}")
        return _accepted(lease, request)
    ordered = Command(request.command, request.requestId, request.author, request.reason, request.argument)
    if lease.command != ordered and not _ordered(tools, lease, ordered):
        waiting = lease.command.name if lease.command else "another command"
        raise InvalidInputError(f"{key}: {waiting} is not acknowledged yet; try again after the next tick")
    if request.command == ABORT and lease.gate and not lease.gate.decision:
        _refuse(tools, lease, f"ABORTED: by {request.author}: {request.reason}")
    return _accepted(lease, request)


def _ordered(tools: Toolbox, lease: Lease, ordered: Command) -> bool:
    """Leave a command; only `abort` takes the place of one that waits."""
    canaries = tools.canaries
    return canaries.order(lease, ordered) or (ordered.name == ABORT and canaries.order(lease, ordered, replacing=True))


def _decide(tools: Toolbox, lease: Lease, request: CommandRequest) -> dict[str, Any]:
    gate = lease.gate
    if gate is None or gate.decision:
        by = f"; {gate.decided_by} has decided: {gate.decision}" if gate else ""
        raise InvalidInputError(f"{lease.key}: no gate is open{by}")
    decided = _decided(tools, lease, gate, request)
    if not tools.canaries.decide(lease, decided):
        raise InvalidInputError(f"{lease.key}: somebody else has decided in this moment")
    detail = {"gate": gate.id, "decision": decided.decision, "by": request.author, "reason": request.reason}
    tell(tools, lease, Event.GATE_DECIDED, {**detail, "approvals": list(decided.approvals)})
    return {
        **_accepted(lease, request),
        "decision": decided.decision,
        "approvals": len(decided.approvals),
        "delivered": _delivered(tools, lease, decided, request),
    }


def _delivered(tools: Toolbox, lease: Lease, decided: Gate, request: CommandRequest) -> bool:
    """Wake the task that waits for the decision; False when none waits, for Step Functions has ended it.

    The decision is in the lease all the same, and counts at the next look of an execution that still runs.
    """
    if decided.decision == REJECT:
        return _refuse(tools, lease, f"GATE_REJECTED: by {request.author}: {request.reason}")
    if not decided.decision:
        return True
    output = json.dumps({"decision": APPROVE, "by": request.author})
    return answer_task(tools, "send_task_success", taskToken=lease.token, output=output)


def _decided(tools: Toolbox, lease: Lease, gate: Gate, request: CommandRequest) -> Gate:
    if request.command == REJECT:
        return replace(gate, decision=REJECT, decided_by=request.author, decided_at=tools.now(), reason=request.reason)
    asked = request_of(tools, lease.progress)
    if asked.gates.forbid_self_approval and request.author == asked.requested_by:
        raise InvalidInputError(f"{lease.key}: {request.author} asked for this canary and cannot approve it")
    approvals = tuple(dict.fromkeys((*gate.approvals, request.author)))
    if len(approvals) < asked.gates.min_approvers:
        return replace(gate, approvals=approvals)
    return replace(
        gate,
        approvals=approvals,
        decision=APPROVE,
        decided_by=", ".join(approvals),
        decided_at=tools.now(),
        reason=request.reason,
    )


def _refuse(tools: Toolbox, lease: Lease, cause: str) -> bool:
    return answer_task(tools, "send_task_failure", taskToken=lease.token, error="CanaryFailedError", cause=cause)


def _accepted(lease: Lease, request: CommandRequest) -> dict[str, Any]:
    return {"canary": lease.progress.canary, "command": request.command, "requestId": request.requestId}
