"""Contested resources in the course of a run: looked for when it plans, remembered when it has changed something."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trellis.fleet.hints import Hint
from trellis.model import Cluster, ClusterState
from trellis.planning.contest import Contest, ContestLimits, Repair, contests, set_aside, subject
from trellis.planning.plan import WorkItem
from trellis.runs.toolbox import Toolbox

_TOLD_CALLS = 5


def leave_contested(tools: Toolbox, cluster: Cluster, items: Sequence[WorkItem]) -> tuple[WorkItem, ...]:
    """The work items without what is contested. Nothing is read where nothing differs or the cluster leaves."""
    if cluster.state is ClusterState.LEAVING or not any(item.plan.changes for item in items):
        return tuple(items)
    repairs, now = tools.repairs.of(cluster.name), tools.now()
    limits = ContestLimits(tools.settings.contested_repairs, tools.settings.contested_seconds)
    found = {item.key: contests(item, repairs, limits, now=now) for item in items if item.plan.changes}
    contested = {key: value for key, value in found.items() if value}
    if not contested:
        return tuple(items)
    hints = tools.hints.about(cluster.name, contested)
    return tuple(_left(item, contested.get(item.key, ()), hints) for item in items)


def remember(tools: Toolbox, cluster: str, run: str, plan: Mapping[str, Any], results: "Changed") -> None:
    """Keep what a run has changed; nothing is written when that is nothing."""
    wanted = {f"{item['kind']}/{item['name']}": item.get("wanted", "") for item in plan["items"]}
    now = tools.now()
    repairs = [
        Repair(
            run, now, key, wanted[key], frozenset(subject(change, wanted[key]) for change in done), key in results.told
        )
        for key, done in results.done.items()
        if done and key in wanted
    ]
    if repairs:
        tools.repairs.note(cluster, run, repairs)


class Changed:
    """What was done by work item, and the work items that events had told of."""

    def __init__(self, outcomes: Iterable[Mapping[str, Any]], hints: Iterable[Hint]) -> None:
        self.done: dict[str, list[dict[str, Any]]] = {}
        for outcome in outcomes:
            self.done.setdefault(f"{outcome['kind']}/{outcome['name']}", []).extend(outcome.get("done", ()))
        self.told = frozenset(item for hint in hints for item in hint.items)


def _left(item: WorkItem, contested: Sequence[Contest], hints: Sequence[Hint]) -> WorkItem:
    return set_aside(item, contested, actors=_actors(item, hints)) if contested else item


def _actors(item: WorkItem, hints: Sequence[Hint]) -> str:
    """Who made the last changes, in one line."""
    calls = [f"{hint.actor} ({hint.call} at {hint.time})" for hint in hints if item.key in hint.items][-_TOLD_CALLS:]
    return f"changed by {', '.join(calls)}" if calls else "no event told who changes it"
