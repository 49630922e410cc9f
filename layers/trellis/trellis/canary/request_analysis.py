"""How a canary is judged: checks with their thresholds, sample sizes, alarms, and metrics of the operator's own.

The defaults' reasons: a rate above 1 % with at least five failures finds a true rate of 5 % in practically every window
of 500 requests, and in two of three windows practically never takes 0.5 % for it.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from trellis.canary.request_base import (
    AlarmName,
    Flag,
    Milliseconds,
    Number,
    Part,
    Percent,
    Ratio,
    Requests,
    Seconds,
    Word,
    whole,
)

CheckName = Literal[
    "errorRate", "relativeErrorRate", "latency", "hardStop", "splitCheck", "clientErrors", "alarms", "custom"
]
LatencyStat = Annotated[str, StringConstraints(pattern=r"^(Average|p\d{1,2}(\.\d{1,2})?)$")]


class ErrorRate(Part):
    """The canary's own rate of failures, and how many there must be at least."""

    max_percent: Percent = 1.0
    min_failures: int = whole(5, 1, 1_000_000)


class RelativeErrorRate(Part):
    """The canary's rate against the baseline's: all three bounds must be broken."""

    max_ratio: Ratio = 1.5
    min_delta_percent: Percent = 0.5
    z: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=10)] = 2.33


class Latency(Part):
    """RequestTime of the canary against the baseline's, or above `max_ms` whatever the baseline's is."""

    stat: LatencyStat = "p99"
    max_ratio: Ratio = 1.5
    min_delta_ms: Milliseconds = 50
    max_ms: Milliseconds | None = None


class HardStop(Part):
    """So bad that one window is enough."""

    error_percent: Percent = 10
    min_requests: Requests = 20
    zero_healthy_targets: Flag = True


class SplitCheck(Part):
    """The measured share of requests against the weights, in standard deviations of a fair draw."""

    enabled: Flag = True
    sigma: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=100)] = 4


class ClientErrors(Part):
    """The canary's rate of 4xx answers against the baseline's."""

    enabled: Flag = False
    max_ratio: Ratio = 2.0


class Checks(Part):
    """All checks."""

    error_rate: ErrorRate = ErrorRate()
    relative_error_rate: RelativeErrorRate = RelativeErrorRate()
    latency: Latency = Latency()
    hard_stop: HardStop = HardStop()
    split_check: SplitCheck = SplitCheck()
    client_errors: ClientErrors = ClientErrors()


class CheckOverrides(Part):
    """Checks that one step has its own thresholds for; the others are those of the analysis."""

    error_rate: ErrorRate | None = None
    relative_error_rate: RelativeErrorRate | None = None
    latency: Latency | None = None
    hard_stop: HardStop | None = None
    split_check: SplitCheck | None = None
    client_errors: ClientErrors | None = None

    def over(self, checks: Checks) -> Checks:
        """The checks of the step."""
        own = {name: value for name in CheckOverrides.model_fields if (value := getattr(self, name)) is not None}
        return checks.model_copy(update=own)


class CustomMetric(Part):
    """A metric of the operator's own. In the queries `${baselineTg}`, `${canaryTg}` and `${service}` are replaced.

    `direction` is the bad one: `lower` compares with `min`, `higher` with `max`. `weight` says what a breach does.
    """

    name: Word
    metric_data_queries: tuple[dict[str, Any], ...] = Field(min_length=1, max_length=10)
    direction: Literal["lower", "higher"]
    max: Number | None = None
    min: Number | None = None
    weight: Literal["fail", "warn"] = "fail"


class Analysis(Part):
    """Rhythm, sample sizes, and what happens when the evidence does not suffice."""

    tick_seconds: int = whole(60, 10, 600)
    metric_delay_seconds: int = whole(120, 60, 900)
    min_datapoints: int = whole(3, 1, 60)
    window_seconds: int = whole(60, 60, 3600)
    warmup_seconds: Seconds = 120
    min_requests: Requests = 100
    min_requests_relative: Requests = 500
    max_extend_seconds: Seconds = 1800
    max_consecutive_errors: int = whole(4, 0, 100)
    on_inconclusive: Literal["rollback", "pause", "promote"] = "pause"
    allow_unsafe: Flag = False
    checks: Checks = Checks()
    custom: tuple[CustomMetric, ...] = Field(default=(), max_length=10)
    dry_run_checks: tuple[CheckName, ...] = Field(default=(), max_length=8)


class Alarms(Part):
    """CloudWatch alarms, metric or composite, that must stay out of ALARM."""

    names: tuple[AlarmName, ...] = Field(default=(), max_length=10)
    insufficient_data: Literal["inconclusive", "fail", "ignore"] = "inconclusive"
    allow_active_at_start: Flag = False
