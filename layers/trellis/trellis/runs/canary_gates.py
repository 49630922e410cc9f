"""Gates: a canary waits for a person while its analysis goes on.

The lease keeps the token of the waiting task; it is never logged nor told. The first decision counts, also against the
clock's.
"""

import json
import uuid
from dataclasses import replace
from typing import Any, Literal

from trellis.canary.names import Event
from trellis.canary.state import Gate, Lease, Phase
from trellis.runs.canary_calls import CanaryCall, held, request_of
from trellis.runs.canary_telling import moment, notify, tell
from trellis.runs.toolbox import Toolbox

APPROVE, REJECT, HOLD = "approve", "reject", "hold"
CLOCK = "timeout"

_ON_TIMEOUT = {"rollback": REJECT, "promote": APPROVE, "hold": HOLD}


class GateCall(CanaryCall):
    """`open` with the token of the task that waits, or `expire` when nobody has decided in time."""

    action: Literal["open", "expire"]
    token: str = ""


def keep_gate(tools: Toolbox, call: GateCall) -> dict[str, Any]:
    """Open the gate, or decide it by the clock; raises LeaseLostError."""
    lease = held(tools, call)
    if call.action == "open":
        return {"gate": _opened(tools, lease, call.token).id}
    return {"decision": _expired(tools, lease)}


def answer_task(tools: Toolbox, operation: str, **message: str) -> None:
    """Tell the waiting task; one that does not wait any more reads the lease at its next tick."""
    states = tools.clients.stepfunctions
    try:
        getattr(states, operation)(**message)
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist):
        return


def _opened(tools: Toolbox, lease: Lease, token: str) -> Gate:
    before = lease.progress.gate_before
    # A repeated call finds the gate open, and has another token.
    gate = lease.gate or Gate(uuid.uuid4().hex, tools.now(), before)
    opened = tools.canaries.save(replace(lease, phase=Phase.GATED, gate=gate, token=token))
    if gate.decision:
        # The decision went to the token of the call before, so this task would wait for nobody.
        output = json.dumps({"decision": gate.decision, "by": gate.decided_by})
        answer_task(tools, "send_task_success", taskToken=token, output=output)
        return gate
    request = request_of(tools, lease.progress)
    until = moment(gate.opened_at + request.gates.timeout_seconds)
    tell(tools, opened, Event.GATE_OPENED, {"gate": gate.id, "before": before, "until": until})
    notify(tools, opened, request, f"a person has to decide before {before}: until {until}")
    return gate


def _expired(tools: Toolbox, lease: Lease) -> str:
    if lease.gate is None or lease.gate.decision:
        return lease.gate.decision if lease.gate else ""
    decision = _ON_TIMEOUT[request_of(tools, lease.progress).gates.on_timeout]
    decided = replace(lease.gate, decision=decision, decided_by=CLOCK, decided_at=tools.now())
    if not tools.canaries.decide(lease, decided):
        # Somebody was faster, so what counts is in the lease.
        found = tools.canaries.find(lease.key)
        return found.gate.decision if found and found.gate else ""
    tell(tools, lease, Event.GATE_DECIDED, {"gate": decided.id, "decision": decision, "by": CLOCK})
    return decision
