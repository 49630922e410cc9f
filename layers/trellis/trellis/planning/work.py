"""The words that all kinds of resources share: what would be changed, what was refused, and how applying it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Description = Mapping[str, Any]
"""A change in words for reports: `kind`, `resource`, `expected`, `found`, `deletes`."""


def described(
    kind: str, resource: str, *, expected: Any = None, found: Any = None, deletes: bool = False
) -> Description:
    """Describe one change."""
    return {"kind": kind, "resource": resource, "expected": expected, "found": found, "deletes": deletes}


def reported(change: Description, because: str) -> Description:
    """A difference that is told and not repaired, with the reason."""
    return {**change, "action": "reported", "because": because}


@dataclass(frozen=True)
class Refusal:
    """Something that was asked for and is not done; `resource` is what it was asked for."""

    resource: str
    reason: str
    message: str


@dataclass(frozen=True)
class KindPlan:
    """What one kind of resource would change; `owned` counts the resources that exist and belong to the cluster.

    `ids` are the AWS ids by which a call that touches one of its resources is recognised. `reported` differs too, and
    no run changes it.
    """

    changes: tuple[Description, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    owned: int = 0
    waiting: bool = False
    ids: tuple[str, ...] = ()
    reported: tuple[Description, ...] = ()

    @property
    def needs_work(self) -> bool:
        """Whether a run must apply this kind, if only to wait for a change that AWS has not finished."""
        return bool(self.changes) or self.waiting

    @property
    def is_told(self) -> bool:
        """Whether there is anything to say about this kind."""
        return self.needs_work or bool(self.refusals or self.reported)


class Status(StrEnum):
    """How applying went: `IN_PROGRESS` asks the state machine to wait and call again."""

    DONE = "DONE"
    IN_PROGRESS = "IN_PROGRESS"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class Outcome:
    """The result of applying one work item once."""

    kind: str
    name: str
    status: Status
    done: tuple[Description, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    waiting_for: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
