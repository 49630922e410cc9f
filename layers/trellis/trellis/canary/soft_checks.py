"""The checks that need more than one bad window: two of the last three, or the whole step when it is baked."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from trellis.canary import checks
from trellis.canary.evidence import Evidence
from trellis.canary.request_analysis import Checks
from trellis.canary.verdict import CheckEvidence, CheckResult, JudgeConfig
from trellis.canary.versions import Versions
from trellis.canary.windows import Sample, Span

BAD_WINDOWS = 2

REASONS = {
    "relativeErrorRate": "ERROR_RATE_RELATIVE",
    "errorRate": "ERROR_RATE",
    "latency": "LATENCY",
    "clientErrors": "CLIENT_ERRORS",
    "custom": "CUSTOM",
}
"""Reason codes by check, the most telling first."""


class SoftChecks:
    """The soft checks of one step."""

    def __init__(self, config: JudgeConfig, limits: Checks, versions: Versions, evidence: Evidence) -> None:
        self._analysis = config.analysis
        self._limits = limits
        self._versions = versions
        self._custom = evidence.custom

    def rows(self, *, is_baked: bool) -> list[CheckEvidence]:
        """All rows: for the last windows, and for the whole step if it is baked."""
        versions = self._versions
        if not versions.is_readable:
            return []
        found = [row for window in versions.last_windows for row in self._of_window(*window)]
        if is_baked:
            found += [*self._of_errors(versions.baseline, versions.canary), self._latency(*versions.warm())]
            found += self._of_custom(versions.span)
        return [muted(row, self._analysis.dry_run_checks) for row in found]

    def both_bad(self, rows: Iterable[CheckEvidence]) -> bool:
        """Whether the baseline breaks the limit of errors too, and the canary is proven to be no worse."""
        whole = any(row.window is None for row in rows if row.check == "errorRate" and row.verdict == CheckResult.FAIL)
        versions = self._versions
        v1, v2 = (versions.baseline, versions.canary) if whole else versions.recent()
        no_worse = self._relative(v1, v2).verdict == CheckResult.PASS
        return no_worse and checks.is_bad(v1, self._limits.error_rate)

    def _of_window(self, window: Span, v1: Sample, v2: Sample) -> Iterator[CheckEvidence]:
        latency = self._latency(v1, v2)
        if latency.verdict == CheckResult.FAIL and not self._versions.is_warm(window):
            latency = replace(latency, verdict=CheckResult.WARN, state="WARMING_UP")
        for row in (*self._of_errors(v1, v2), latency, *self._of_custom(window)):
            yield replace(row, window=window.since)

    def _of_errors(self, v1: Sample, v2: Sample) -> Iterator[CheckEvidence]:
        limits, enough = self._limits, self._versions.min_requests
        yield checks.error_rate(v1, v2, limits.error_rate, min_requests=enough)
        yield self._relative(v1, v2)
        if limits.client_errors.enabled:
            z = limits.relative_error_rate.z
            relative = self._analysis.min_requests_relative
            yield checks.client_errors(v1, v2, limits.client_errors, min_requests=relative, z=z)

    def _relative(self, v1: Sample, v2: Sample) -> CheckEvidence:
        return checks.relative_error_rate(
            v1,
            v2,
            self._limits.relative_error_rate,
            min_requests=self._analysis.min_requests_relative,
            min_failures=self._limits.error_rate.min_failures,
        )

    def _latency(self, v1: Sample, v2: Sample) -> CheckEvidence:
        return checks.latency(v1, v2, self._limits.latency, min_requests=self._versions.min_requests)

    def _of_custom(self, span: Span) -> Iterator[CheckEvidence]:
        for metric in self._analysis.custom:
            values = self._custom.get(metric.name, {})
            yield checks.custom(metric, [value for start, value in values.items() if start in span])


def failed(rows: Iterable[CheckEvidence]) -> list[str]:
    """The reason codes of the soft checks that have failed, the most telling first."""
    bad = [row for row in rows if row.verdict == CheckResult.FAIL]
    windows = Counter(row.check for row in bad if row.window is not None)
    often = {check for check, count in windows.items() if count >= BAD_WINDOWS}
    names = {kind_of(check) for check in often | {row.check for row in bad if row.window is None}}
    return [reason for kind, reason in REASONS.items() if kind in names]


def muted(row: CheckEvidence, dry_run: Collection[str]) -> CheckEvidence:
    """The row as it counts: a check in dry run neither fails nor keeps a step from passing."""
    if kind_of(row.check) not in dry_run:
        return row
    told = {CheckResult.FAIL: CheckResult.WOULD_FAIL, CheckResult.INCONCLUSIVE: CheckResult.WARN}
    return replace(row, verdict=told.get(row.verdict, row.verdict))


def kind_of(check: str) -> str:
    """The check of a row such as `alarms:high-latency`."""
    return check.partition(":")[0]
