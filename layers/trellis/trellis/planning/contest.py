"""Resources that somebody else keeps changing back: after a number of repairs they are left alone for a while.

What counts as a repair is that a run changed a resource although what is wanted of it had not changed. Two things tell:
an event said that somebody else touched it, or an earlier run had brought the same work item to the same wanted state.
An operator who edits a route ten times in an hour is therefore no contest, whoever deletes a rule five times is one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from trellis.model import Service
from trellis.planning.plan import WorkItem
from trellis.planning.work import Description, Refusal, reported

REASON = "Contested"

# Targets come and go with pods, while the rest of what is wanted of a service stays.
_TARGET_CHANGES = frozenset({"RegisterTargets", "DeregisterTargets"})

# These kinds are applied as a whole; a single change cannot be left out.
_INDIVISIBLE = frozenset({"associate_vpc", "open_security_group", "attach_auth_policy", "provision_client_identity"})


@dataclass(frozen=True)
class Repair:
    """What one run changed of one work item, at `time` (Unix seconds), when `wanted` was wanted of it.

    `subjects` stand for the resources; `told` says that an event had told of somebody else's change.
    """

    run: str
    time: float
    item: str
    wanted: str
    subjects: frozenset[str]
    told: bool


@dataclass(frozen=True)
class ContestLimits:
    """See `Settings`: more than `repairs` within `seconds` make a contest."""

    repairs: int
    seconds: int


@dataclass(frozen=True)
class Contest:
    """A contested resource: how often it was repaired, and the Unix time until which it is left alone."""

    resource: str
    repairs: int
    until: float

    def because(self) -> str:
        """The reason in people's words."""
        until = datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.resource} was put back {self.repairs} times and differs again; it is left alone until {until}"


def wanted_of(service: Service | None) -> str:
    """A digest of what is wanted of a service apart from its targets; empty for what nobody wants."""
    if service is None:
        return ""
    groups = tuple(replace(group, targets=()) for group in service.target_groups)
    return _digest(asdict(replace(service, target_groups=groups)))


def subject(change: Description, wanted: str) -> str:
    """What a change is about. Where `wanted` does not tell what was wanted, the values themselves do."""
    if wanted and change["kind"] not in _TARGET_CHANGES:
        return _digest(change["resource"])
    return _digest([change["resource"], change["expected"] or change["found"]])


def contests(item: WorkItem, repairs: Iterable[Repair], limits: ContestLimits, *, now: float) -> tuple[Contest, ...]:
    """The resources of a work item that must be left alone; `repairs` are those of the last day, in any order."""
    newest_first = sorted((repair for repair in repairs if repair.item == item.key), key=lambda repair: -repair.time)
    counted = tuple(_unasked(item, newest_first))
    since = now - limits.seconds
    found = {}
    for change in item.plan.changes:
        about = subject(change, item.wanted)
        times = sorted(repair.time for repair in counted if about in repair.subjects and repair.time > since)
        if len(times) > limits.repairs:
            until = times[len(times) - limits.repairs - 1] + limits.seconds
            found[change["resource"]] = Contest(change["resource"], len(times), until)
    return tuple(found.values())


def set_aside(item: WorkItem, contested: Sequence[Contest], *, actors: str) -> WorkItem:
    """The work item without what is contested, which is only reported and refused."""
    because = {contest.resource: contest.because() for contest in contested}
    changes, aside = [], []
    for change in item.plan.changes:
        reason = because.get(change["resource"]) or (contested[0].because() if item.kind in _INDIVISIBLE else "")
        if reason:
            aside.append(reported(change, reason))
        else:
            changes.append(change)
    refusals = tuple(Refusal(resource, REASON, f"{told}; {actors}") for resource, told in because.items())
    waiting = item.plan.waiting and item.kind not in _INDIVISIBLE
    plan = replace(
        item.plan,
        changes=tuple(changes),
        reported=(*item.plan.reported, *aside),
        refusals=(*item.plan.refusals, *refusals),
        waiting=waiting,
    )
    left = {**item.left, **{refusal.resource: refusal.message for refusal in refusals}}
    return replace(item, plan=plan, left=left)


def refusals_of(left: Mapping[str, str], resources: Iterable[str]) -> tuple[Refusal, ...]:
    """The refusals of those resources that are contested."""
    return tuple(Refusal(resource, REASON, left[resource]) for resource in dict.fromkeys(resources) if resource in left)


def _unasked(item: WorkItem, newest_first: Sequence[Repair]) -> Iterator[Repair]:
    """The runs that changed something although nothing else was wanted than before, each once."""
    chain = []
    for repair in newest_first:
        if repair.wanted != item.wanted:
            break
        chain.append(repair)
    runs = {repair.run: repair for repair in chain}  # the oldest of a run that was told twice
    first = chain[-1].run if chain else ""
    yield from (repair for run, repair in runs.items() if repair.told or run != first)


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]
