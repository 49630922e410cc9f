"""What is remembered of a canary between two calls: who holds its lease, and how far it is.

Times are Unix times in seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trellis.canary.rules import Pair, Vector


class Phase(StrEnum):
    """Where a canary is. `PROMOTED_PENDING_GIT` outlives the execution, until the manifests say what was promoted."""

    PREPARED = "PREPARED"
    SHIFTING = "SHIFTING"
    BAKING = "BAKING"
    GATED = "GATED"
    PAUSED = "PAUSED"
    FINAL_BAKE = "FINAL_BAKE"
    ROLLING_BACK = "ROLLING_BACK"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    PROMOTED_PENDING_GIT = "PROMOTED_PENDING_GIT"
    RELEASED = "RELEASED"


class Next(StrEnum):
    """What the state machine is to do when a step has ended."""

    SHIFT = "SHIFT"
    HOOK = "HOOK"
    GATE = "GATE"
    COMPLETE = "COMPLETE"
    DRY_RUN = "DRY_RUN"


RESTING = frozenset({Phase.RELEASED, Phase.PROMOTED_PENDING_GIT})
"""Phases without an execution that ought to be running."""


@dataclass(frozen=True)
class CanaryKey:
    """The route that a canary shifts: one canary at a time for each."""

    cluster: str
    namespace: str
    name: str
    kind: str = "HTTPRoute"

    def __str__(self) -> str:
        return f"{self.cluster}/{self.namespace}/{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> "CanaryKey":
        """The key that `str` wrote."""
        cluster, namespace, kind, name = text.split("/")
        return cls(cluster, namespace, name, kind)


@dataclass(frozen=True)
class Groups:
    """The target groups of both versions under one VPC Lattice service."""

    service: str
    service_id: str
    baseline: str
    """Id of the target group of the baseline."""

    canary: str
    """Id of the target group of the canary."""


@dataclass(frozen=True)
class LatticeRule:
    """A listener rule that carries weights of the canary's route, and the weights by id of the target group."""

    service_id: str
    listener_id: str
    rule_id: str
    weights: Mapping[str, int]


@dataclass(frozen=True)
class Command:
    """What an operator asks of a canary under way; see `runs.canary_commands` for what each name does."""

    name: str
    request_id: str
    author: str
    reason: str = ""
    argument: float | None = None


@dataclass(frozen=True)
class Gate:
    """A point where a person decides: `approve` or `reject`; `hold` when the time was over; empty until then."""

    id: str
    opened_at: float
    before: str
    """What the gate stands before: `start`, `step N` or `promote`."""

    approvals: tuple[str, ...] = ()
    """Who has agreed so far, where several have to."""

    decision: str = ""
    decided_by: str = ""
    decided_at: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a canary is."""

    canary: str
    """Name of the execution that began it."""

    request: str
    """Key of the checked input, with all defaults, in the documents bucket."""

    route_uid: str
    pair: Pair
    started_at: float
    deadline_at: float
    baseline: Vector
    expected: Vector
    generation: int
    """The route's `metadata.generation` after the last write that is known to have happened."""

    pending: Vector | None = None
    outline: str = ""
    """Digest of the route's spec without these weights, as it was at the beginning."""

    step: int = -1
    """Index of the step that the weights stand at; -1 before the first."""

    going_to: int = 0
    """Index of the step that the next shift goes to; the same as `step` when weights are put back."""

    groups: tuple[Groups, ...] = ()
    rules: tuple[LatticeRule, ...] = ()
    patched_at: float = 0.0
    verified_at: float = 0.0
    heartbeat_at: float = 0.0
    extended_seconds: int = 0
    paused_at: float = 0.0
    """When the canary was paused; 0 while it is not."""

    paused_by: str = ""
    reasserts: int = 0
    drifted: bool = False
    """Whether VPC Lattice carried other weights at the last look than those that were verified."""

    failed_reads: int = 0
    """Evaluations in a row that could not read all that they need."""

    queries: int = 0
    """Calls for metrics so far."""

    next: str = ""
    """What is to be done after an ended step, see `Next`; empty while a step bakes."""

    hooks_due: tuple[str, ...] = ()
    """The hooks that are to be asked before what comes next, in their order."""

    after_hooks: str = ""
    """What is to be done when they have been asked, see `Next`."""

    hooks: tuple[Mapping[str, Any], ...] = ()
    """What hooks have answered so far, for the report."""

    gate_before: str = ""
    """What the next gate, or the open one, stands before."""

    held: bool = False
    """Nobody is to shift or roll back by itself any more: a person has to decide."""

    rolled_back_at: float = 0.0
    restored_at: float = 0.0
    """When every rule was seen to carry the baseline's weights again; 0 until then."""

    reason: str = ""
    """Why it is rolled back: a code, a colon and words."""

    gates: tuple[Gate, ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    """The report's lines of the steps so far."""

    notes: tuple[Mapping[str, Any], ...] = ()
    """Edits by others, commands and warnings, for the report."""


@dataclass(frozen=True)
class Lease:
    """The right to change the weights of a route. Whoever writes shows `epoch`, `execution` and `revision`."""

    key: CanaryKey
    execution: str
    """ARN of the execution that holds it."""

    epoch: int
    revision: int
    phase: Phase
    services: tuple[str, ...]
    """Names of the VPC Lattice services that the route leads to; each is locked with it."""

    progress: Progress
    command: Command | None = None
    gate: Gate | None = None
    token: str = field(default="", repr=False)
    """The task token of the open gate. It must not be logged or told."""
