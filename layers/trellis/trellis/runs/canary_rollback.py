"""Brings back the weights from before a canary.

It takes the lease over first, even from its own execution: a new epoch on the route makes the patch of any call that is
still under way fail. It does not move traffic to a baseline that has nothing healthy to serve it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any, Literal

from trellis.canary.live_route import RouteState
from trellis.canary.names import Event, Metric
from trellis.canary.patch import no_annotations
from trellis.canary.report import Result
from trellis.canary.request import CanaryRequest
from trellis.canary.rollback import Guard, rollback_guard, rollback_vector
from trellis.canary.state import Lease, Phase
from trellis.errors import BaselineUnhealthyError, LeaseLostError, NotYetAppliedError, ServiceUnavailableError
from trellis.resources.canary_evidence import read_targets
from trellis.resources.canary_rules import compare_rules
from trellis.resources.metric_data import UnreadableError
from trellis.runs.canary_calls import CanaryCall, request_of, scope_of, shown
from trellis.runs.canary_reports import check_countable, minute_after, publish
from trellis.runs.canary_telling import measure, notify, tell
from trellis.runs.canary_view import connect, view
from trellis.runs.canary_weights import Read, annotate, read, write
from trellis.runs.toolbox import Toolbox

_NOBODYS = (RouteState.ROUTE_GONE, RouteState.ROUTE_REPLACED, RouteState.DELETING)
"""States of a route that nothing is written to any more."""

_TOLD = 3
"""Differing rules that an error names."""


class RollbackCall(CanaryCall):
    """`restore` writes the weights, `verify` says whether VPC Lattice carries them and ends the canary.

    `count` reports once more, when CloudWatch has everything that the canary did.
    """

    action: Literal["restore", "verify", "count"]
    failure: Mapping[str, str] = {}
    """What the state machine has caught: `error` and `cause`."""


def roll_back(tools: Toolbox, call: RollbackCall) -> dict[str, Any]:
    """Do what is asked; raises LeaseLostError, BaselineUnhealthyError, RouteMovedError and NotYetAppliedError."""
    if call.action == "count":
        return _counted(tools, call)
    lease = taken(tools, call, call.failure)
    request = request_of(tools, lease.progress)
    if call.action == "verify":
        return _verified(tools, lease, request)
    if lease.phase is Phase.RELEASED:
        return {"canary": shown(lease), "scope": "cluster"}
    _restore(tools, lease, request)
    return {"canary": shown(lease), "scope": scope_of(lease)}


def taken(tools: Toolbox, call: CanaryCall, failure: Mapping[str, str]) -> Lease:
    """The lease in a new epoch of the same execution; raises LeaseLostError when another execution holds it.

    A repeated call finds it rolling back, and so does the execution that a reaper has made the holder.
    """
    lease = tools.canaries.find(call.key)
    if lease is None or lease.execution != call.execution:
        holder = f"{lease.phase} by {lease.execution}" if lease else "no canary has it"
        raise LeaseLostError(f"{call.key}: {holder}")
    if lease.phase in (Phase.ROLLING_BACK, Phase.RELEASED):
        return lease
    lease = tools.canaries.take_over(lease, execution=call.execution, reason=reason_of(failure))
    tell(tools, lease, Event.ROLLBACK_STARTED, {"reason": lease.progress.reason})
    return lease


def reason_of(failure: Mapping[str, str]) -> str:
    """Why a canary has failed: what a function said, without the wrapping of Lambda."""
    error, cause = failure.get("error", "Unknown"), failure.get("cause", "")
    try:
        message = str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        message = cause
    return message if error == "CanaryFailedError" else f"{error}: {message}"


def _restore(tools: Toolbox, lease: Lease, request: CanaryRequest) -> None:
    api = connect(tools, lease.key)
    found = read(api, lease, request)
    if found.live.state in _NOBODYS:
        return
    progress = lease.progress
    if _is_left(found, request):
        # From now on these are what is gone back to, also by a call that finds them expected.
        progress = replace(progress, baseline={**progress.baseline, **found.live.vector})
    baseline = rollback_vector(found.live, progress.baseline)
    if found.live.vector != baseline:
        _check_baseline(tools, lease, request)
    progress = replace(progress, pending=baseline, generation=found.live.generation, heartbeat_at=tools.now())
    lease = tools.canaries.save(replace(lease, progress=progress))
    route = write(api, lease, found, baseline)
    progress = replace(
        progress,
        expected=baseline,
        pending=None,
        generation=route["metadata"]["generation"],
        rolled_back_at=progress.rolled_back_at or tools.now(),
        next="",
    )
    tools.canaries.save(replace(lease, progress=progress))


def _is_left(found: Read, request: CanaryRequest) -> bool:
    """Whether an operator's own weights stay."""
    return found.live.state is RouteState.EDITED and request.safety.on_external_edit == "hold"


def _check_baseline(tools: Toolbox, lease: Lease, request: CanaryRequest) -> None:
    """Raise BaselineUnhealthyError when requests would go to nothing that can answer them."""
    for group in lease.progress.groups:
        try:
            targets = read_targets(tools.clients.lattice, [group.baseline])
        except UnreadableError as error:
            raise ServiceUnavailableError(f"{group.baseline}: {error}") from error
        if rollback_guard(targets, request.safety) is Guard.HOLD:
            raise BaselineUnhealthyError(
                f"BASELINE_UNHEALTHY: no target of {group.baseline} of service {group.service} can serve: {targets}"
            )


def _verified(tools: Toolbox, lease: Lease, request: CanaryRequest) -> dict[str, Any]:
    """The outline of a first report, and the seconds until CloudWatch has what the canary did last."""
    if lease.phase is Phase.RELEASED:
        return {"report": publish(tools, lease, Result.ROLLED_BACK), "wait": _uncounted(tools, lease, request)}
    _check_served(tools, lease, request)
    lease = replace(lease, progress=replace(lease.progress, restored_at=tools.now()))
    report = publish(tools, lease, Result.ROLLED_BACK)
    seconds = _seconds(lease)
    tell(
        tools,
        lease,
        Event.ROLLED_BACK,
        {"reason": lease.progress.reason, "report": report["report"], "seconds": seconds},
    )
    notify(tools, lease, request, f"rolled back: {lease.progress.reason}")
    measure(tools, lease, {Metric.ROLLBACKS: 1, Metric.ROLLBACK_SECONDS: seconds, Metric.CANARY_WEIGHT: 0})
    tools.canaries.release(lease)
    return {"report": report, "wait": _uncounted(tools, lease, request)}


def _check_served(tools: Toolbox, lease: Lease, request: CanaryRequest) -> None:
    """Raise NotYetAppliedError unless VPC Lattice serves what the route says; then take the canary's marks off it."""
    api = connect(tools, lease.key)
    found = read(api, lease, request)
    if found.live.state in _NOBODYS:
        return
    seen = view(tools, api, lease.key)
    groups = [group for group in lease.progress.groups if group.service in {item.name for item in seen.services}]
    compared = compare_rules(tools.clients.lattice, seen.services, groups)
    if compared.differing:
        raise NotYetAppliedError(f"ROUTE_PATCHED_LATTICE_PENDING: {'; '.join(compared.differing[:_TOLD])}")
    annotate(api, lease, found, no_annotations())


def _uncounted(tools: Toolbox, lease: Lease, request: CanaryRequest) -> int:
    complete = minute_after(lease.progress.restored_at) + request.analysis.metric_delay_seconds
    return max(1, ceil(complete - tools.now()))


def _counted(tools: Toolbox, call: RollbackCall) -> dict[str, Any]:
    """The outline of the report with all whom the canary has reached; raises LeaseLostError, ServiceUnavailableError.

    The route is free by now: another canary's requests would be counted among these. Then the first report stays, as it
    does where this one cannot be stored.
    """
    lease = tools.canaries.find(call.key)
    if lease is None or (lease.execution, lease.epoch, lease.phase) != (call.execution, call.epoch, Phase.RELEASED):
        raise LeaseLostError(f"{call.key}: another canary has begun before this one's requests were counted")
    check_countable(tools, lease.progress, request_of(tools, lease.progress))
    report = publish(tools, lease, Result.ROLLED_BACK)
    if not report["report"]:
        raise ServiceUnavailableError(f"{call.key}: the report with all requests could not be stored")
    tell(tools, lease, Event.EXPOSURE_COUNTED, {"report": report["report"]})
    return report


def _seconds(lease: Lease) -> float:
    since = lease.progress.rolled_back_at
    return round(lease.progress.restored_at - since, 1) if since else 0.0
