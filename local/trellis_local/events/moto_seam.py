"""The one place that changes moto's events and scheduler services: publishing goes to our bus, and what AWS would
refuse is refused when it is stored.

Every seam is private to moto and has a contract test. `install` is undone by the function it returns.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.events import notifications
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler
from moto.scheduler.exceptions import ValidationException as SchedulerValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend

from trellis_local.events import expressions
from trellis_local.events.arns import TargetKind, UnsupportedTargetError, parse_target
from trellis_local.events.bus import EventBus, rule_matches
from trellis_local.events.envelope import InvalidEventError, envelope
from trellis_local.events.patterns import InvalidEventPatternError, matches, validate
from trellis_local.events.put_events import put_events
from trellis_local.events.rules import read_rule
from trellis_local.events.schedule_validation import InvalidScheduleError, check_schedule

Seam = tuple[Any, str, Any]


def install(bus: EventBus) -> Callable[[], None]:
    """Route moto's events and scheduler services through `bus`; call the result to put moto back."""
    seams: list[Seam] = [
        (EventsBackend, "put_events", _put_events(bus)),
        (EventsBackend, "put_rule", _put_rule(EventsBackend.put_rule)),
        (EventsBackend, "put_targets", _put_targets(EventsBackend.put_targets)),
        (EventsHandler, "test_event_pattern", _test_event_pattern),
        (Rule, "send_to_targets", _send_to_targets(bus)),
        # moto invents "Object Created" for CreateBucket; AWS sends a CloudTrail event, which the endpoint makes.
        (notifications, "_send_safe_notification", lambda *_: None),
        (EventBridgeSchedulerBackend, "create_schedule", _checked(EventBridgeSchedulerBackend.create_schedule)),
        (EventBridgeSchedulerBackend, "update_schedule", _checked(EventBridgeSchedulerBackend.update_schedule)),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in seams]
    for owner, name, replacement in seams:
        setattr(owner, name, replacement)

    def uninstall() -> None:
        for owner, name, original in before:
            setattr(owner, name, original)

    return uninstall


def _put_events(bus: EventBus) -> Callable[..., list[dict[str, Any]]]:
    def replacement(self: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(events) > 10:
            raise ValidationException("Value at 'entries' failed: Member must have length less than or equal to 10")
        for entry in events:
            self.describe_event_bus(self._normalize_event_bus_arn(entry.get("EventBusName")))
        return [put_events(bus, entry, account=self.account_id, region=self.region_name) for entry in events]

    return replacement


def _put_rule(original: Callable[..., Any]) -> Callable[..., Any]:
    def replacement(self: Any, name: str, **options: Any) -> Any:
        if options.get("event_pattern"):
            _checked_pattern(options["event_pattern"])
        if options.get("scheduled_expression"):
            _refuse_illegal_rule_schedule(options["scheduled_expression"])
        return original(self, name, **options)

    return replacement


def _refuse_illegal_rule_schedule(expression: str) -> None:
    try:
        expressions.parse_for_rule(expression)
    except expressions.InvalidExpressionError as error:
        raise ValidationException(f"Parameter ScheduleExpression is not valid. {error}") from error


def _checked_pattern(text: str) -> dict[str, Any]:
    try:
        pattern = json.loads(text)
        validate(pattern)
    except InvalidEventPatternError as error:
        raise InvalidEventPatternException(str(error).partition("Reason: ")[2]) from error
    except ValueError as error:
        raise InvalidEventPatternException("Invalid JSON") from error
    return dict(pattern)


def _put_targets(original: Callable[..., None]) -> Callable[..., None]:
    def replacement(self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            _refuse_illegal_target(target)
        original(self, name, event_bus_arn, targets)

    return replacement


def _refuse_illegal_target(target: dict[str, Any]) -> None:
    unread = set(target) - {
        "Id",
        "Arn",
        "RoleArn",
        "Input",
        "InputPath",
        "InputTransformer",
        "SqsParameters",
        "RetryPolicy",
        "DeadLetterConfig",
    }
    if unread:
        raise ValidationException(f"the local stack does not support {', '.join(sorted(unread))} of a target")
    try:
        kind = parse_target(target["Arn"]).kind
    except UnsupportedTargetError as error:
        raise ValidationException(f"Parameter {target['Arn']} is not valid. Reason: {error}.") from error
    if kind in (TargetKind.STATE_MACHINE, TargetKind.EVENT_BUS) and not target.get("RoleArn"):
        raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
    if sum(name in target for name in ("Input", "InputPath", "InputTransformer")) > 1:
        raise ValidationException(f"Only one of Input, InputPath, or InputTransformer is allowed: {target['Id']}.")


def _test_event_pattern(self: Any) -> tuple[str, dict[str, Any]]:
    pattern = _checked_pattern(self._get_param("EventPattern"))
    try:
        event = envelope(json.loads(self._get_param("Event")))
    except (InvalidEventError, ValueError) as error:
        raise ValidationException(f"Parameter Event is not valid. Reason: {error}") from error
    return json.dumps({"Result": matches(pattern, event)}), self.response_headers


def _send_to_targets(bus: EventBus) -> Callable[..., None]:
    """moto's replays and S3 notifications offer their events to one rule at a time."""

    def replacement(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
        rule, event = read_rule(self), envelope({"id": str(uuid.uuid4()), **original_event})
        if rule_matches(rule, event):
            bus.deliver(rule, event)

    return replacement


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    def replacement(self: Any, **options: Any) -> Any:
        try:
            check_schedule(
                expression=options["schedule_expression"],
                timezone=options["schedule_expression_timezone"],
                window=options["flexible_time_window"],
                target=options["target"],
            )
        except InvalidScheduleError as error:
            raise SchedulerValidationException(str(error)) from error
        return original(self, **options)

    return replacement
