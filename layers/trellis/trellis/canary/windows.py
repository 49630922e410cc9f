"""Which minutes are judged, and what the data of one version are worth.

A minute counts when it began after the step had settled, and ended so long ago that CloudWatch has all of it. Minutes
of several target groups of one version add up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from trellis.canary.evidence import MINUTE, Minute, Series
from trellis.canary.verdict import DataState

GAP_MINUTES = 3


@dataclass(frozen=True)
class Span:
    """From `since` until before `until`, whole minutes in Unix seconds."""

    since: int
    until: int

    @property
    def seconds(self) -> int:
        """Its length."""
        return max(0, self.until - self.since)

    def __contains__(self, start: int) -> bool:
        return self.since <= start < self.until


@dataclass(frozen=True)
class Sample:
    """What several minutes of one version add up to. `latency_ms` is the mean of theirs, by requests."""

    requests: int = 0
    failures: int = 0
    client_errors: int = 0
    latency_ms: float | None = None
    minutes: int = 0

    @property
    def error_percent(self) -> float:
        """Failures in percent of the requests; 0 without any."""
        return 100 * self.failures / self.requests if self.requests else 0.0

    @property
    def client_error_percent(self) -> float:
        """4xx answers in percent of the requests; 0 without any."""
        return 100 * self.client_errors / self.requests if self.requests else 0.0


def judged_span(*, verified_at: float, settle_seconds: int, now: float, delay_seconds: int) -> Span:
    """The minutes of a step that may be judged now."""
    settled = ceil(verified_at / MINUTE) * MINUTE + settle_seconds
    since = ceil(settled / MINUTE) * MINUTE
    return Span(since, max(since, int((now - delay_seconds) // MINUTE) * MINUTE))


def windows(span: Span, seconds: int) -> tuple[Span, ...]:
    """The complete windows of a span, the oldest first."""
    return tuple(Span(at, at + seconds) for at in range(span.since, span.until - seconds + 1, seconds))


class Timeline:
    """The minutes of one version, each moment once, in whatever order they come."""

    def __init__(self, series: Series) -> None:
        grouped: dict[int, list[Minute]] = {}
        for minute in series:
            grouped.setdefault(minute.start, []).append(minute)
        self._minutes = {start: _added(start, grouped[start]) for start in sorted(grouped)}

    def within(self, span: Span) -> tuple[Minute, ...]:
        """The minutes of a span, ordered."""
        if span.seconds > MINUTE * len(self._minutes):
            return tuple(minute for start, minute in self._minutes.items() if start in span)
        found = (self._minutes.get(start) for start in range(span.since, span.until, MINUTE))
        return tuple(minute for minute in found if minute is not None)

    def sample(self, span: Span) -> Sample:
        """What the minutes of a span add up to."""
        return self._sample(self.within(span))

    def consistent(self, span: Span) -> tuple[tuple[int, Sample], ...]:
        """The minutes of a span one by one, as far as their counts agree: begin and sample."""
        return tuple((minute.start, self._sample((minute,))) for minute in self.within(span) if minute.is_consistent)

    def _sample(self, minutes: Sequence[Minute]) -> Sample:
        return Sample(
            requests=round(sum(minute.total for minute in minutes)),
            failures=round(sum(minute.failures for minute in minutes)),
            client_errors=round(sum(minute.client_errors for minute in minutes)),
            latency_ms=_latency(minutes),
            minutes=len(minutes),
        )

    def state(self, span: Span, *, min_requests: int, min_datapoints: int) -> DataState:
        """What the data are worth in a step; minutes from before it tell whether the version was seen at all.

        A version that was seen once reports each minute from then on, zeros too, so what is missing after that is a
        failure of the monitoring: https://docs.aws.amazon.com/vpc-lattice/latest/ug/monitoring-cloudwatch.html
        """
        first = min(self._minutes, default=span.until)
        if first >= span.until:
            return DataState.NEVER_SEEN
        begin = max(span.since, first)
        if sum(1 for start in range(begin, span.until, MINUTE) if start not in self._minutes) >= GAP_MINUTES:
            return DataState.GAP
        found = self.sample(span)
        if found.requests < min_requests or found.minutes < min_datapoints:
            return DataState.THIN
        return DataState.OK


def _added(start: int, minutes: Sequence[Minute]) -> Minute:
    if len(minutes) == 1:
        return minutes[0]
    # Sorted, so that the sum does not depend on the order.
    ordered = sorted(minutes, key=lambda each: (each.requests, each.failures, each.client_errors, each.latency_ms or 0))
    return Minute(
        start,
        sum(minute.requests for minute in ordered),
        sum(minute.failures for minute in ordered),
        sum(minute.client_errors for minute in ordered),
        _latency(ordered),
        None if any(minute.answers is None for minute in ordered) else sum(minute.answers or 0 for minute in ordered),
    )


def _latency(minutes: Sequence[Minute]) -> float | None:
    timed = list(_timed(minutes))
    weight = sum(requests for requests, _ in timed)
    return sum(requests * latency for requests, latency in timed) / weight if weight else None


def _timed(minutes: Sequence[Minute]) -> Iterator[tuple[float, float]]:
    for minute in minutes:
        if minute.latency_ms is not None and minute.requests > 0:
            yield minute.requests, minute.latency_ms
