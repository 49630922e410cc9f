"""What becomes of a promotion after its execution: an override of the manifests, until they say the same."""

from trellis.canary.names import Event, Metric
from trellis.canary.patch import no_annotations
from trellis.canary.promotion import is_over
from trellis.canary.rules import pair_of
from trellis.canary.state import Lease
from trellis.runs.canary_calls import request_of
from trellis.runs.canary_telling import measure, tell
from trellis.runs.canary_view import connect
from trellis.runs.canary_weights import annotate, read
from trellis.runs.toolbox import Toolbox


def follow_up(tools: Toolbox, lease: Lease) -> str:
    """Clear the override of a promotion that the manifests have caught up with; what was done, in a word.

    `revert` asks for a rollback: the time for the manifests is over, and the operator wanted it so.
    """
    request = request_of(tools, lease.progress)
    api = connect(tools, lease.key)
    found = read(api, lease, request)
    progress, pair = lease.progress, pair_of(request)
    over = is_over(found.route, uid=progress.route_uid, pair=pair, expected=progress.expected)
    if over:
        if found.route and found.route["metadata"]["uid"] == progress.route_uid:
            annotate(api, lease, found, no_annotations())
        tell(tools, lease, Event.OVERRIDE_CLEARED, {"because": over})
        tools.canaries.release(lease)
        return "cleared"
    age = tools.now() - progress.verified_at
    measure(tools, lease, {Metric.OVERRIDE_AGE_SECONDS: age})
    if age < request.safety.override_ttl_seconds:
        return ""
    tell(tools, lease, Event.OVERRIDE_OVERDUE, {"seconds": round(age)})
    return "revert" if request.safety.on_promote_git_lag == "revert" else "told"
