"""The plan of one run: what would be changed, what was refused, whether the guard allows it, and the work in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trellis.model import Cluster, ClusterState, Mode
from trellis.planning.work import KindPlan

APPLY, PRUNE = "apply", "prune"

# An auth policy comes before what it protects changes, and once more after services are made; one that nobody wants any
# more goes after what it protected.
# An association of a VPC can take AWS minutes, and a rule of a security group does not wait for it.
# Names follow services, since only VPC Lattice knows their targets; what is deleted goes in the opposite order, and a
# service only after its names are gone.
ORDER: tuple[tuple[str, str], ...] = (
    ("open_security_group", APPLY),
    ("associate_vpc", APPLY),
    ("attach_auth_policy", APPLY),
    ("apply_service", APPLY),
    ("attach_auth_policy", APPLY),
    ("attach_auth_policy", PRUNE),
    ("sync_dns", APPLY),
    ("provision_client_identity", APPLY),
    ("provision_client_identity", PRUNE),
    ("apply_service", PRUNE),
    ("associate_vpc", PRUNE),
    ("open_security_group", PRUNE),
)

BATCH = 20
"""Items that one call of a function carries out: many, since each call lists everything there is once, and few enough
for the function's time-out."""


class Verdict(StrEnum):
    """What the run does with its plan."""

    APPLY = "APPLY"
    CONVERGED = "CONVERGED"
    REPORT_ONLY = "REPORT_ONLY"
    STOPPED_BY_GUARD = "STOPPED_BY_GUARD"


@dataclass(frozen=True)
class WorkItem:
    """One call of the function that applies a kind; `name` is a cluster's or a service's.

    `wanted` is a digest of what is wanted, where a service is. `left` names what must not be changed, each with why.
    """

    kind: str
    phase: str
    name: str
    plan: KindPlan
    wanted: str = ""
    left: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """How the item is named where events ask for it."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class GuardLimits:
    """See `Settings`: deletions in total, as percentage of what is owned, and below which number that says nothing."""

    max_deletions: int
    max_percent: int
    floor: int


@dataclass(frozen=True)
class Guard:
    """Whether the guard lets a plan pass, and why not."""

    passed: bool
    message: str = ""


def guard(items: Sequence[WorkItem], limits: GuardLimits) -> Guard:
    """Stop a run that would delete more than is plausible; somebody must look first."""
    deletions = sum(bool(change["deletes"]) for item in items for change in item.plan.changes)
    owned = sum(item.plan.owned for item in items)
    if deletions > limits.max_deletions:
        return Guard(passed=False, message=f"{deletions} deletions planned, {limits.max_deletions} allowed in one run")
    if deletions > limits.floor and deletions * 100 > owned * limits.max_percent:
        percent = deletions * 100 // max(owned, 1)
        return Guard(
            passed=False,
            message=f"{deletions} of {owned} resources would be deleted ({percent} %), {limits.max_percent} % allowed",
        )
    return Guard(passed=True)


def verdict(cluster: Cluster, mode: Mode, items: Sequence[WorkItem], checked: Guard) -> Verdict:
    """Decide what the run does. A cluster that leaves is deleted on request, so no guard stops it."""
    works = any(item.plan.needs_work for item in items)
    differs = works or any(item.plan.reported for item in items)
    if not differs:
        return Verdict.CONVERGED
    if mode is Mode.PLAN or not works:
        return Verdict.REPORT_ONLY
    if not checked.passed and cluster.state is not ClusterState.LEAVING:
        return Verdict.STOPPED_BY_GUARD
    return Verdict.APPLY


def stages(items: Sequence[WorkItem]) -> list[dict[str, Any]]:
    """The work in order, as the state machine walks through it: one stage for each kind that has any, in batches."""
    ordered = []
    for kind, phase in ORDER:
        names = sorted(item.name for item in items if (item.kind, item.phase) == (kind, phase) and item.plan.needs_work)
        batches = [
            {"kind": kind, "phase": phase, "names": names[start : start + BATCH]}
            for start in range(0, len(names), BATCH)
        ]
        if batches:
            ordered.append({"batches": batches})
    return ordered
