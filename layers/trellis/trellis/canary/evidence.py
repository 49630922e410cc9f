"""What is known of both versions at one moment, as plain values: the judge reads nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTE = 60

_TOLERANCE = 0.01


@dataclass(frozen=True)
class Minute:
    """One minute of one version, as CloudWatch has it. `start` is in Unix seconds.

    `failures` are 5xx answers and connections that could not be made; they count even where no request was counted.
    `answers` are those of all classes of status codes.
    """

    start: int
    requests: float
    failures: float
    client_errors: float = 0
    latency_ms: float | None = None
    answers: float | None = None

    @property
    def is_consistent(self) -> bool:
        """Whether its counts agree. They do not while CloudWatch has some of the metrics of a minute and not others."""
        return self.answers is not None and abs(self.answers - self.requests) <= _TOLERANCE * self.requests

    @property
    def total(self) -> float:
        """Requests; whether VPC Lattice counts one whose connection failed is not documented."""
        return max(self.requests, self.failures)


Series = tuple[Minute, ...]
"""Minutes in any order, of which each may be missing."""


@dataclass(frozen=True)
class TargetCounts:
    """Targets of one version by the status that VPC Lattice gives them."""

    healthy: int = 0
    unhealthy: int = 0
    initial: int = 0
    draining: int = 0
    unavailable: int = 0
    unused: int = 0

    @property
    def serving(self) -> int:
        """Targets that can serve. `UNAVAILABLE` is one whose group has no health check: a ready pod is all we know."""
        return self.healthy + self.unavailable


@dataclass(frozen=True)
class AlarmState:
    """A CloudWatch alarm; `since` is the Unix time of its last change of state; one that is absent is `MISSING`."""

    name: str
    state: str
    since: float = 0.0
    actions_enabled: bool = True


@dataclass(frozen=True)
class Evidence:
    """Everything that was read. `captured` are minutes of the baseline from before the first step.

    `custom` are values of the operator's metrics by name and minute. `unreadable` names sources that failed: what
    stands in their place means nothing. `causes` says why, for people.
    """

    baseline: Series = ()
    canary: Series = ()
    captured: Series = ()
    baseline_targets: TargetCounts = field(default_factory=TargetCounts)
    canary_targets: TargetCounts = field(default_factory=TargetCounts)
    alarms: tuple[AlarmState, ...] = ()
    custom: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
