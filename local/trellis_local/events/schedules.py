"""The thread that fires schedules on the virtual clock: rules with a ScheduleExpression, and EventBridge Scheduler's.

Both are read from moto's backends at every look, so that a change of a schedule takes effect as the API stored it. A
firing is never skipped: after a stall every missed one follows.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.scheduler.models import scheduler_backends

from trellis_local import clock
from trellis_local.events.bus import EventBus
from trellis_local.events.delivery import RetryPolicy
from trellis_local.events.envelope import ACCOUNT, REGION, envelope, iso_time
from trellis_local.events.expressions import Expression, Rate, parse_for_rule, parse_for_scheduler
from trellis_local.events.rules import StoredRule, rules_of
from trellis_local.events.scheduled_delivery import ScheduledDelivery, notification

_LOOK_REAL_SECONDS = 0.2


@dataclass(frozen=True)
class Entry:
    """One enabled schedule as stored now; `key` changes when its timing changes."""

    key: tuple[Any, ...]
    expression: Expression
    starts_at: float | None
    ends_at: float | None
    fires_at_start: bool
    fire: Callable[[float], None]
    finish: Callable[[], None]


@dataclass
class _Progress:
    since: float
    next_at: float | None


class Scheduler:
    """Fires what is due, from `start` to `stop`."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._progress: dict[tuple[Any, ...], _Progress] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-schedules", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def fire_due(self) -> float | None:
        """Fire everything that is due now; the virtual time of the next firing, None when there is none."""
        now = clock.current().time()
        entries = {entry.key: entry for entry in self._entries()}
        self._progress = {key: progress for key, progress in self._progress.items() if key in entries}
        for key, entry in entries.items():
            progress = self._progress.setdefault(key, _first(entry, now))
            while progress.next_at is not None and progress.next_at <= now:
                due = progress.next_at
                progress.next_at = _within(entry, entry.expression.next_after(due, since=progress.since))
                entry.fire(due)
            if progress.next_at is None:
                entry.finish()
        return min((item.next_at for item in self._progress.values() if item.next_at is not None), default=None)

    def _run(self) -> None:
        while not self._stopping.is_set():
            next_at = self.fire_due()
            wait = _LOOK_REAL_SECONDS
            if next_at is not None:
                wait = min(wait, clock.current().real_seconds(next_at - clock.current().time()))
            self._stopping.wait(max(0.001, wait))

    def _entries(self) -> Iterator[Entry]:
        for rule in rules_of("default"):
            if rule.enabled and rule.schedule:
                yield self._rule_entry(rule, rule.schedule)
        for group in list(scheduler_backends[ACCOUNT][REGION].schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                if schedule.state == "ENABLED":
                    yield self._schedule_entry(group, schedule)

    def _rule_entry(self, rule: StoredRule, expression: str) -> Entry:
        def fire(due: float) -> None:
            event = {
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "time": iso_time(due),
                "resources": [rule.arn],
                "detail": {},
            }
            self._bus.deliver(rule, envelope(event))

        return Entry(
            key=(rule.arn, expression),
            expression=parse_for_rule(expression),
            starts_at=None,
            ends_at=None,
            fires_at_start=False,
            fire=fire,
            finish=lambda: None,
        )

    def _schedule_entry(self, group: Any, schedule: Any) -> Entry:
        def fire(due: float) -> None:
            event = notification(
                execution_id=str(uuid.uuid4()), schedule_arn=schedule.arn, at=due, account=ACCOUNT, region=REGION
            )
            self._bus.queue.put(
                ScheduledDelivery(
                    access=self._bus.access,
                    trace=self._bus.trace,
                    event=event,
                    schedule_arn=schedule.arn,
                    target=dict(schedule.target),
                    accepted_at=clock.current().time(),
                    retry=RetryPolicy.of(schedule.target),
                )
            )

        def finish() -> None:
            if schedule.action_after_completion == "DELETE":
                group.schedules.pop(schedule.name, None)

        text, zone = schedule.schedule_expression, schedule.schedule_expression_timezone
        starts_at, ends_at = _seconds(schedule.start_date), _seconds(schedule.end_date)
        expression = parse_for_scheduler(text, zone)
        return Entry(
            key=(schedule.arn, text, zone, starts_at, ends_at),
            expression=expression,
            starts_at=starts_at,
            ends_at=ends_at,
            # "If you do not provide a StartDate, your schedule starts invoking the target immediately."
            fires_at_start=isinstance(expression, Rate),
            fire=fire,
            finish=finish,
        )


def _first(entry: Entry, now: float) -> _Progress:
    since = entry.starts_at if entry.starts_at is not None else now
    if entry.fires_at_start and since >= now:
        return _Progress(since, _within(entry, since))
    if isinstance(entry.expression, Rate):
        return _Progress(since, _within(entry, entry.expression.next_after(max(since, now), since=since)))
    # It may have been stored since the last look, and have become due meanwhile.
    looked = now - clock.current().speed * 2 * _LOOK_REAL_SECONDS
    begins = looked if entry.starts_at is None else max(looked, entry.starts_at)
    return _Progress(since, _within(entry, entry.expression.next_after(begins, since=since)))


def _within(entry: Entry, moment: float | None) -> float | None:
    if moment is None or (entry.ends_at is not None and moment > entry.ends_at):
        return None
    return moment


def _seconds(stored: Any) -> float | None:
    return None if stored is None else float(stored)
