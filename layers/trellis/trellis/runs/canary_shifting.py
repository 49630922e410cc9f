"""One step of a canary: the lease says what is coming, the route is patched, the lease says what came; then the machine
reconciles the route's services, and `verify` compares every rule of every listener.

Any call may die at any point and be repeated: what the route and the lease say decides what is left to do.
"""

from dataclasses import replace
from typing import Any, Literal

from trellis.canary.live_route import RouteState
from trellis.canary.liveness import seconds_to_next_look
from trellis.canary.names import Event, Metric
from trellis.canary.request import CanaryRequest
from trellis.canary.rules import Vector
from trellis.canary.state import Lease, Next, Phase
from trellis.canary.strategy import percents_of
from trellis.canary.weights import shifted
from trellis.clusters.api import KubernetesApi
from trellis.errors import NotYetAppliedError
from trellis.resources.canary_rules import compare_rules
from trellis.runs.canary_calls import CanaryCall, failed, held, obey_abort, request_of, steps
from trellis.runs.canary_telling import measure, moment, tell
from trellis.runs.canary_view import connect, view
from trellis.runs.canary_weights import Read, read, write
from trellis.runs.toolbox import Toolbox

_TOLD = 3
"""Differing rules that an error names."""

_SHIFTABLE = (RouteState.EXPECTED, RouteState.PENDING)


class ShiftCall(CanaryCall):
    """`shift` writes the weights of the next step, `verify` says whether VPC Lattice carries them."""

    action: Literal["shift", "verify"]


def shift(tools: Toolbox, call: ShiftCall) -> dict[str, Any]:
    """Shift or verify; raises NotYetAppliedError, RouteMovedError, LeaseLostError and CanaryFailedError."""
    lease = held(tools, call)
    api = connect(tools, call.key)
    request = request_of(tools, lease.progress)
    if call.action == "verify":
        return _verified(tools, api, lease, request)
    obey_abort(lease)
    if lease.progress.next == Next.SHIFT:
        _shifted(tools, api, lease, request)
    return {}


def _shifted(tools: Toolbox, api: KubernetesApi, lease: Lease, request: CanaryRequest) -> None:
    step = steps(request)[lease.progress.going_to]
    found = read(api, lease, request)
    reasserted = lease.progress.going_to == lease.progress.step
    if found.live.state not in (*_SHIFTABLE, *([RouteState.REVERTED] if reasserted else [])):
        raise failed(found.live.state, f"the route is not as the canary has left it: {dict(found.live.vector)}")
    wanted = _weights(found, lease, request, step.percent)
    announced = replace(lease.progress, pending=wanted, generation=found.live.generation)
    lease = tools.canaries.save(replace(lease, phase=Phase.SHIFTING, progress=announced))
    route = write(api, lease, found, wanted)
    progress = replace(
        lease.progress,
        expected=wanted,
        pending=None,
        generation=route["metadata"]["generation"],
        step=step.index,
        next="",
        patched_at=tools.now(),
        verified_at=0.0,
        heartbeat_at=tools.now(),
        rules=(),
        drifted=False,
        extended_seconds=0,
    )
    if not reasserted:
        line = {"percent": step.percent, "desired": wanted, "patchedAt": moment(progress.patched_at)}
        progress = replace(progress, steps=(*progress.steps, line))
    lease = tools.canaries.save(replace(lease, progress=progress))
    tell(
        tools,
        lease,
        Event.REASSERTED if reasserted else Event.STEP_SHIFTED,
        {"percent": step.percent, "weights": wanted},
    )


def _weights(found: Read, lease: Lease, request: CanaryRequest, percent: float) -> Vector:
    """The weights of a step by rule and backend, from the weights before the canary: rounding never adds up."""
    percents = percents_of(request.strategy)
    wanted: dict[str, dict[str, int]] = {}
    for key, rule in found.live.rules.items():
        before = lease.progress.baseline[key]
        refs = tuple(replace(ref, weight=before.get(ref.label, ref.weight)) for ref in rule.refs)
        original = replace(rule, refs=refs)
        wanted[key] = original.labelled(shifted(original.weights, percent, percents))
    return wanted


def _not_yet(tools: Toolbox, lease: Lease, request: CanaryRequest, differing: str) -> Exception:
    """What asks for another look, or when the time for it is over, for the baseline."""
    waited = tools.now() - lease.progress.patched_at
    if waited < request.verify.timeout_seconds:
        return NotYetAppliedError(differing)
    return failed("NOT_APPLIED", f"VPC Lattice has not followed the route for {waited:.0f} seconds: {differing}")


def _verified(tools: Toolbox, api: KubernetesApi, lease: Lease, request: CanaryRequest) -> dict[str, Any]:
    progress = lease.progress
    if not progress.verified_at:
        seen = view(tools, api, lease.key)
        compared = compare_rules(tools.clients.lattice, seen.services, progress.groups)
        if compared.differing:
            raise _not_yet(tools, lease, request, "; ".join(compared.differing[:_TOLD]))
        found = read(api, lease, request)
        if found.live.state is not RouteState.EXPECTED:
            raise failed(found.live.state, "the route was changed before VPC Lattice carried the canary's weights")
        now = tools.now()
        seconds = round(now - progress.patched_at, 1)
        line = {**progress.steps[-1], "applied": progress.expected, "verifiedAt": moment(now), "verifySeconds": seconds}
        progress = replace(
            progress,
            rules=compared.rules,
            verified_at=now,
            heartbeat_at=now,
            steps=(*progress.steps[:-1], line),
        )
        is_last = progress.step == len(steps(request)) - 1
        phase = Phase.FINAL_BAKE if is_last else Phase.BAKING
        lease = tools.canaries.save(replace(lease, phase=phase, progress=progress))
        percent = steps(request)[progress.step].percent
        tell(tools, lease, Event.STEP_VERIFIED, {"percent": percent, "verifySeconds": seconds})
        measure(tools, lease, {Metric.CANARY_WEIGHT: percent, Metric.VERIFY_SECONDS: seconds})
    bake = steps(request)[lease.progress.step].bake_seconds
    return {"wait": min(seconds_to_next_look(request, now=tools.now()), bake) or 1}
