"""Gates: a canary waits for a person while its analysis goes on.

The lease keeps the token of the waiting task; it is never logged nor told. The first decision counts, also against the
clock's.
"""

import json
import uuid
from dataclasses import replace
from typing import Any, Literal

from trellis.canary.names import Event
from trellis.canary.state import Gate, Lease, Phase, Progress
from trellis.runs.canary_calls import CanaryCall, held, request_of
from trellis.runs.canary_telling import moment, notify, tell
from trellis.runs.toolbox import Toolbox

APPROVE, REJECT, HOLD = "approve", "reject", "hold"
CLOCK = "timeout"

_SHOWN = ("percent", "measuredSharePercent", "bakedSeconds", "requests", "failures", "evidence")
"""Members of a step's line in the report that whoever has to decide is shown."""

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


def answer_task(tools: Toolbox, operation: str, **message: str) -> bool:
    """Tell the waiting task; False when it does not wait any more, and reads the lease at its next tick if it runs."""
    states = tools.clients.stepfunctions
    try:
        getattr(states, operation)(**message)
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist):
        return False
    return True


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
    seen = _evidence(lease.progress)
    tell(tools, opened, Event.GATE_OPENED, {"gate": gate.id, "before": before, "until": until, "evidence": seen})
    place = f"--cluster {lease.key.cluster} --route {lease.key.namespace}/{lease.key.name}"
    ways = "\n".join(f"trellis canary {way} {place} --reason ..." for way in (APPROVE, REJECT))
    words = f"a person has to decide before {before}: until {until}\n\n{json.dumps(seen)}\n\n{ways}"
    notify(tools, opened, request, words)
    return gate


def _evidence(progress: Progress) -> dict[str, Any]:
    """What the last step has shown, in short; empty before the first one."""
    if not progress.steps:
        return {}
    line = progress.steps[-1]
    return {name: line[name] for name in _SHOWN if name in line}


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
