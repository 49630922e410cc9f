"""Ends a canary: promoted, with its lease kept until the manifests say the same; or with a rollback that failed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from trellis.canary.live_route import RouteState
from trellis.canary.names import Event, Metric
from trellis.canary.report import Result
from trellis.canary.state import Lease, Phase
from trellis.runs.canary_calls import CanaryCall, failed, held, obey_abort, request_of
from trellis.runs.canary_reports import publish
from trellis.runs.canary_rollback import reason_of, taken
from trellis.runs.canary_telling import measure, notify, tell
from trellis.runs.canary_view import connect
from trellis.runs.canary_weights import read, write
from trellis.runs.toolbox import Toolbox


class FinishCall(CanaryCall):
    """`promote`, or `fail` with what made the rollback impossible."""

    action: Literal["promote", "fail"]
    failure: Mapping[str, str] = {}


def finish(tools: Toolbox, call: FinishCall) -> dict[str, Any]:
    """End the canary and return its report's outline; raises LeaseLostError and CanaryFailedError."""
    return _promoted(tools, call) if call.action == "promote" else _given_up(tools, call)


def _promoted(tools: Toolbox, call: FinishCall) -> dict[str, Any]:
    lease = held(tools, call)
    api = connect(tools, call.key)
    request = request_of(tools, lease.progress)
    obey_abort(lease)
    found = read(api, lease, request)
    if found.live.state is not RouteState.EXPECTED:
        raise failed(found.live.state, "the route is not as the last step has left it")
    lease = replace(lease, phase=Phase.PROMOTED_PENDING_GIT, gate=None, token="")
    write(api, lease, found, lease.progress.expected)
    lease = tools.canaries.save(lease, acknowledge=lease.command is not None)
    report = publish(tools, lease, Result.PROMOTED, found)
    tell(tools, lease, Event.PROMOTED, {"report": report["report"]})
    notify(tools, lease, request, "promoted: change the manifests accordingly, the report has the patch")
    measure(tools, lease, {Metric.PROMOTIONS: 1})
    return report


def _given_up(tools: Toolbox, call: FinishCall) -> dict[str, Any]:
    lease = taken(tools, call, call.failure)
    if lease.phase is Phase.RELEASED:
        return {}
    lease = tools.canaries.save(_with_reason(replace(lease, phase=Phase.ROLLBACK_FAILED), call.failure))
    report = publish(tools, lease, Result.ROLLBACK_FAILED)
    tell(tools, lease, Event.ROLLBACK_FAILED, {"reason": reason_of(call.failure), "report": report["report"]})
    words = f"ROLLBACK FAILED, the weights need a person: {reason_of(call.failure)}"
    notify(tools, lease, request_of(tools, lease.progress), words)
    measure(tools, lease, {Metric.ROLLBACKS_FAILED: 1})
    return report


def _with_reason(lease: Lease, failure: Mapping[str, str]) -> Lease:
    note = {"kind": "rollback failed", "message": reason_of(failure)}
    return replace(lease, progress=replace(lease.progress, notes=(*lease.progress.notes, note)))
