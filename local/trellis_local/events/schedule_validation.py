"""What CreateSchedule and UpdateSchedule check, which moto does not."""

from collections.abc import Mapping
from typing import Any

from trellis_local.events.arns import UnsupportedTargetError, parse_target
from trellis_local.events.expressions import InvalidExpressionError, parse_for_scheduler

_TARGET_MEMBERS = frozenset(
    {"Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig", "SqsParameters", "EventBridgeParameters"}
)


class InvalidScheduleError(ValueError):
    """AWS would refuse the schedule, or the local stack cannot run it."""


def check_schedule(
    *, expression: str, timezone: str | None, window: Mapping[str, Any], target: Mapping[str, Any]
) -> None:
    """Raise InvalidScheduleError unless the schedule can be run as it says."""
    try:
        parse_for_scheduler(expression, timezone or "UTC")
        parse_target(target["Arn"])
    except InvalidExpressionError as error:
        raise InvalidScheduleError(f"Invalid Schedule Expression {expression}: {error}") from error
    except UnsupportedTargetError as error:
        raise InvalidScheduleError(f"Provided Arn is not supported: {error}") from error
    if window.get("Mode") != "OFF":
        raise InvalidScheduleError("the local stack runs schedules with FlexibleTimeWindow OFF only")
    unread = set(target) - _TARGET_MEMBERS
    if unread:
        raise InvalidScheduleError(f"the local stack does not support {', '.join(sorted(unread))} of a target")
    if not target.get("RoleArn"):
        raise InvalidScheduleError("Target.RoleArn is required")
