"""What the judge is asked with and what it answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from trellis.canary.live_route import RouteDecision
from trellis.canary.request import CanaryRequest
from trellis.canary.request_analysis import Alarms, Analysis, Checks
from trellis.canary.request_parts import Safety
from trellis.canary.strategy import Step


class Action(StrEnum):
    """What is to happen next.

    `WAIT` goes on baking, `EXTEND` does so beyond the bake because the evidence does not suffice, `ADVANCE` is a step
    that has passed. `DETACH` and `STOP` end without a write, `HOLD` keeps the weights and pages.
    """

    ADVANCE = "ADVANCE"
    WAIT = "WAIT"
    EXTEND = "EXTEND"
    PAUSE = "PAUSE"
    REASSERT = "REASSERT"
    HOLD = "HOLD"
    ROLLBACK = "ROLLBACK"
    STOP = "STOP"
    DETACH = "DETACH"


class DataState(StrEnum):
    """What is known of one version in this step."""

    NEVER_SEEN = "NEVER_SEEN"
    GAP = "GAP"
    THIN = "THIN"
    OK = "OK"


class CheckResult(StrEnum):
    """The verdict of one check; `WARN` and `WOULD_FAIL` (a dry run of the check) change nothing."""

    PASS = "PASS"
    FAIL = "FAIL"
    WARN = "WARN"
    WOULD_FAIL = "WOULD_FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class CheckEvidence:
    """One check with its numbers: both versions' values, the threshold, sample sizes and the z-score."""

    check: str
    verdict: CheckResult
    v1: float | None = None
    v2: float | None = None
    threshold: str = ""
    n1: int = 0
    n2: int = 0
    z: float | None = None
    state: str = ""
    window: int | None = None
    """Unix seconds of the window's begin; None for the whole step."""


@dataclass(frozen=True)
class JudgeConfig:
    """The part of a request that the judge needs."""

    analysis: Analysis
    alarms: Alarms
    safety: Safety
    settle_seconds: int

    @classmethod
    def of(cls, request: CanaryRequest) -> "JudgeConfig":
        """The configuration of a request."""
        return cls(request.analysis, request.alarms, request.safety, request.verify.settle_seconds)


@dataclass(frozen=True)
class Moment:
    """Where the canary stands: times in Unix seconds, `verified_at` when VPC Lattice carried the step's weights.

    `extra_seconds` is what operators have added to the longest extension. `failed_reads` counts readings in a row,
    this one included, in which a source could not be read.
    """

    now: float
    step: Step
    started_at: float
    verified_at: float
    deadline_at: float
    extra_seconds: int = 0
    failed_reads: int = 0
    is_aborted: bool = False
    lease_lost: bool = False
    route: RouteDecision | None = None

    def checks(self, analysis: Analysis) -> Checks:
        """The thresholds of this step."""
        return self.step.checks.over(analysis.checks)


@dataclass(frozen=True)
class Verdict:
    """An action, its reason code, the state of both versions' data, and every check that was made.

    `baked_seconds` is the time since the step was verified; `measured_percent` the canary's share of requests in it;
    `notes` tell why a source could not be read.
    """

    action: Action
    reason: str
    checks: tuple[CheckEvidence, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    baked_seconds: int = 0
    measured_percent: float | None = None
    requests: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As the lease and the report keep it."""
        return asdict(self)
