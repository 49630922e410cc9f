"""Both versions of one step: their samples by window and in the whole, and what their data are worth."""

from collections.abc import Iterator
from functools import cached_property

from trellis.canary.evidence import MINUTE, Evidence, Series
from trellis.canary.verdict import DataState, JudgeConfig, Moment
from trellis.canary.windows import Sample, Span, Timeline, judged_span, windows

WINDOWS_LOOKED_AT = 3


class Versions:
    """The baseline and the canary, as far as the evidence goes."""

    def __init__(self, config: JudgeConfig, evidence: Evidence, moment: Moment) -> None:
        self._analysis = config.analysis
        self._evidence = evidence
        self._moment = moment
        self.is_alone = moment.step.percent >= 100
        """Whether the baseline gets no traffic any more, so that what was captured stands for it."""
        self.span = judged_span(
            verified_at=moment.verified_at,
            settle_seconds=config.settle_seconds,
            now=moment.now,
            delay_seconds=config.analysis.metric_delay_seconds,
        )
        self.min_requests = moment.step.min_requests or config.analysis.min_requests

        self.is_readable = "metrics" not in evidence.unreadable
        """Whether the metrics mean anything."""
        self._canary, self._baseline = (self._timeline(series) for series in (evidence.canary, evidence.baseline))

    @cached_property
    def canary(self) -> Sample:
        """The canary in the whole step."""
        return self._canary.sample(self.span)

    @cached_property
    def live_baseline(self) -> Sample:
        """The baseline in the whole step."""
        return self._baseline.sample(self.span)

    @cached_property
    def captured(self) -> Sample:
        """The baseline before the canary began."""
        return self._timeline(self._evidence.captured).sample(Span(0, int(self._moment.started_at)))

    @property
    def baseline(self) -> Sample:
        """What the canary is compared with."""
        return self.captured if self.is_alone else self.live_baseline

    @cached_property
    def canary_state(self) -> DataState:
        """What the canary's data are worth."""
        return self._state(self._canary)

    @cached_property
    def baseline_state(self) -> DataState:
        """What the baseline's data are worth."""
        return self._state(self._baseline)

    def told(self, state: DataState) -> str:
        """The state as a report tells it."""
        return state.value if self.is_readable else "UNREADABLE"

    @property
    def measured_percent(self) -> float | None:
        """The canary's share of the requests of both."""
        total = self.canary.requests + self.live_baseline.requests
        return 100 * self.canary.requests / total if total else None

    @cached_property
    def windows(self) -> tuple[tuple[Span, Sample, Sample], ...]:
        """The complete windows that have data of the canary, the oldest first: window, baseline, canary."""
        pairs = ((window, *self._pair(window)) for window in windows(self.span, self._analysis.window_seconds))
        return tuple(pair for pair in pairs if pair[2].minutes)

    @cached_property
    def early(self) -> tuple[tuple[int, Sample, Sample], ...]:
        """Minutes that tell of users who are hurt, and of nothing else: begin, baseline, canary. None leads to a pass.

        They are those in which the step settled, with the one in which it was verified, and those that are over but not
        yet complete for certain.
        """
        verified, now = (int(at) // MINUTE * MINUTE for at in (self._moment.verified_at, self._moment.now))
        spans = Span(verified, min(self.span.since, now)), Span(self.span.until, max(self.span.until, now))
        found = (each for span in spans for each in self._canary.consistent(span))
        return tuple((start, self._pair(Span(start, start + MINUTE))[0], sample) for start, sample in found)

    @property
    def last_windows(self) -> tuple[tuple[Span, Sample, Sample], ...]:
        """Those of the last three windows that have data."""
        return tuple(found for found in self.windows if found[0].since >= self._recent.since)

    def recent(self) -> tuple[Sample, Sample]:
        """Baseline and canary in the last three windows together."""
        return self._pair(self._recent)

    def warm(self) -> tuple[Sample, Sample]:
        """Baseline and canary in the whole step without the time in which the canary warms up."""
        since = -(-self._warm_at // MINUTE) * MINUTE
        return self._pair(Span(max(self.span.since, since), self.span.until))

    def is_warm(self, window: Span) -> bool:
        """Whether the canary has warmed up when the window begins."""
        return window.since >= self._warm_at

    def doubts(self) -> Iterator[str]:
        """Why the data do not suffice for a pass."""
        v1, v2 = self.baseline_state, self.canary_state
        if v2 != DataState.OK and self.canary.requests == 0 and (self.is_alone or self.live_baseline.requests == 0):
            yield "NO_TRAFFIC"
        if v2 == DataState.NEVER_SEEN:
            yield "NEVER_SEEN"
        if v2 == DataState.GAP or (v1 == DataState.GAP and not self.is_alone):
            yield "GAP"
        if v2 == DataState.THIN:
            yield "THIN"
        if v1 == DataState.NEVER_SEEN and not self.is_alone:
            yield "BASELINE_NEVER_SEEN"

    @property
    def _warm_at(self) -> int:
        return int(self._moment.verified_at) + self._analysis.warmup_seconds

    @cached_property
    def _recent(self) -> Span:
        last = windows(self.span, self._analysis.window_seconds)[-WINDOWS_LOOKED_AT:]
        return Span(last[0].since, last[-1].until) if last else Span(self.span.until, self.span.until)

    def _pair(self, span: Span) -> tuple[Sample, Sample]:
        return self.captured if self.is_alone else self._baseline.sample(span), self._canary.sample(span)

    def _timeline(self, series: Series) -> Timeline:
        return Timeline(series if self.is_readable else ())

    def _state(self, timeline: Timeline) -> DataState:
        return timeline.state(self.span, min_requests=self.min_requests, min_datapoints=self._analysis.min_datapoints)
