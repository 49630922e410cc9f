"""Stores the report of a canary: JSON for programs and Markdown for people, beside each other."""

from typing import Any

from trellis.canary.patch import git_patch
from trellis.canary.rules import Route, find_rules, pair_of
from trellis.canary.state import Lease
from trellis.runs.canary_calls import request_of
from trellis.runs.canary_telling import moment
from trellis.runs.toolbox import Toolbox


def publish(tools: Toolbox, lease: Lease, result: str, route: Route | None = None) -> dict[str, Any]:
    """Store the report and return its outline; publishing again replaces nothing, since its key is its content."""
    request, progress = request_of(tools, lease.progress), lease.progress
    rules = find_rules(route, pair_of(request)).rules if route else ()
    report = {
        "result": result,
        "canary": progress.canary,
        "reason": progress.reason,
        "cluster": lease.key.cluster,
        "route": request.route.model_dump(by_alias=True),
        "startedAt": moment(progress.started_at),
        "steps": list(progress.steps),
        "baseline": progress.baseline,
        "expected": progress.expected,
        "reasserts": progress.reasserts,
        "gitPatch": git_patch(rules, progress.expected),
        "notes": list(progress.notes),
    }
    key = tools.documents.put("canaries", lease.key.cluster, report)
    return {"result": result, "reason": progress.reason, "report": key, "canary": progress.canary}
