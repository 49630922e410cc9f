"""Each check by itself: two samples and thresholds to one row of evidence. `v1` is the baseline, `v2` the canary."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

from trellis.canary.request_analysis import (
    ClientErrors,
    CustomMetric,
    ErrorRate,
    HardStop,
    Latency,
    RelativeErrorRate,
    SplitCheck,
)
from trellis.canary.verdict import CheckEvidence, CheckResult
from trellis.canary.windows import Sample

_THIN = "THIN"
_GRAIN_PERCENT = 0.1
_SLACK = 0.05
"""VPC Lattice draws in each of its zones by itself, and minutes of both versions end at slightly different moments."""


def z_score(failures: tuple[int, int], requests: tuple[int, int]) -> float:
    """How many standard deviations the second rate is above the first, by the pooled two-proportion test."""
    if not all(requests):
        return 0.0
    pooled = sum(failures) / sum(requests)
    deviation = sqrt(max(0.0, pooled * (1 - pooled)) * (1 / requests[0] + 1 / requests[1]))
    return (failures[1] / requests[1] - failures[0] / requests[0]) / deviation if deviation else 0.0


def hard_stop(v1: Sample, v2: Sample, limits: HardStop) -> CheckEvidence:
    """So many failures that nothing else is waited for."""
    enough = v2.requests >= limits.min_requests
    failed = v2.error_percent >= limits.error_percent and v2.failures > 0
    return _row("hardStop", v1, v2, _result(enough, failed), f">= {limits.error_percent:g} %")


def error_rate(v1: Sample, v2: Sample, limits: ErrorRate, *, min_requests: int) -> CheckEvidence:
    """The canary's own rate."""
    enough = v2.requests >= min_requests
    threshold = f"> {limits.max_percent:g} % and >= {limits.min_failures} failures"
    return _row("errorRate", v1, v2, _result(enough, is_bad(v2, limits)), threshold)


def is_bad(version: Sample, limits: ErrorRate) -> bool:
    """Whether a version breaks the absolute limit."""
    return version.error_percent > limits.max_percent and version.failures >= limits.min_failures


def relative_error_rate(
    v1: Sample, v2: Sample, limits: RelativeErrorRate, *, min_requests: int, min_failures: int
) -> CheckEvidence:
    """The canary's rate against the baseline's."""
    z = z_score((v1.failures, v2.failures), (v1.requests, v2.requests))
    failed = (
        v2.error_percent > limits.max_ratio * v1.error_percent
        and v2.error_percent - v1.error_percent >= limits.min_delta_percent
        and z > limits.z
        and v2.failures >= min_failures
    )
    enough = min(v1.requests, v2.requests) >= min_requests
    threshold = f"> {limits.max_ratio:g} x v1, >= {limits.min_delta_percent:g} points more, z > {limits.z:g}"
    return replace(_row("relativeErrorRate", v1, v2, _result(enough, failed), threshold), z=z)


def client_errors(v1: Sample, v2: Sample, limits: ClientErrors, *, min_requests: int, z: float) -> CheckEvidence:
    """The canary's rate of 4xx answers against the baseline's, if the difference is more than chance."""
    found = z_score((v1.client_errors, v2.client_errors), (v1.requests, v2.requests))
    rates = v1.client_error_percent, v2.client_error_percent
    failed = rates[1] > limits.max_ratio * rates[0] and found > z
    enough = min(v1.requests, v2.requests) >= min_requests
    threshold = f"> {limits.max_ratio:g} x v1, z > {z:g}"
    row = _row("clientErrors", v1, v2, _result(enough, failed), threshold)
    return replace(row, v1=rates[0], v2=rates[1], z=found)


def latency(v1: Sample, v2: Sample, limits: Latency, *, min_requests: int) -> CheckEvidence:
    """The canary's latency against the baseline's, and against the longest that is allowed at all."""
    known = v2.latency_ms is not None and v2.requests >= min_requests
    comparable = known and v1.latency_ms is not None and v1.requests >= min_requests
    before, now = v1.latency_ms or 0.0, v2.latency_ms or 0.0
    too_long = known and limits.max_ms is not None and now > limits.max_ms
    longer = comparable and now > limits.max_ratio * before and now - before > limits.min_delta_ms
    enough = comparable or (known and limits.max_ms is not None)
    threshold = f"{limits.stat} > {limits.max_ratio:g} x v1 and > {limits.min_delta_ms:g} ms more"
    if limits.max_ms is not None:
        threshold += f", or > {limits.max_ms:g} ms"
    row = _row("latency", v1, v2, _result(enough, too_long or longer), threshold)
    return replace(row, v1=v1.latency_ms, v2=v2.latency_ms)


def custom(metric: CustomMetric, values: Sequence[float]) -> CheckEvidence:
    """A metric of the operator's own: the mean of its values against its bound."""
    mean = sum(sorted(values)) / len(values) if values else None
    bound = metric.min if metric.direction == "lower" else metric.max
    failed = mean is not None and bound is not None and (mean < bound if metric.direction == "lower" else mean > bound)
    result = _result(mean is not None, failed)
    if result == CheckResult.FAIL and metric.weight == "warn":
        result = CheckResult.WARN
    threshold = f"{'<' if metric.direction == 'lower' else '>'} {bound:g}"
    return CheckEvidence(f"custom:{metric.name}", result, v2=mean, threshold=threshold, n2=len(values))


def split(v1: Sample, v2: Sample, limits: SplitCheck, *, percent: float) -> CheckEvidence:
    """The canary's share of the requests against the share that its weight asks for."""
    total = v1.requests + v2.requests
    share = 100 * v2.requests / total if total else None
    deviation = 100 * sqrt(percent / 100 * (1 - percent / 100) / total) if total else 0.0
    allowed = max(limits.sigma * deviation, _SLACK * min(percent, 100 - percent), _GRAIN_PERCENT)
    failed = share is not None and abs(share - percent) > allowed
    threshold = f"{percent:g} % +- {allowed:.2f}"
    row = _row("splitCheck", v1, v2, _result(bool(total), failed), threshold)
    return replace(row, v1=None if share is None else 100 - share, v2=share)


def _result(enough: bool, failed: bool) -> CheckResult:
    if not enough:
        return CheckResult.INCONCLUSIVE
    return CheckResult.FAIL if failed else CheckResult.PASS


def _row(name: str, v1: Sample, v2: Sample, result: CheckResult, threshold: str) -> CheckEvidence:
    """A row that compares rates of failures."""
    state = _THIN if result == CheckResult.INCONCLUSIVE else "OK"
    rates = v1.error_percent, v2.error_percent
    return CheckEvidence(name, result, *rates, threshold, v1.requests, v2.requests, state=state)
