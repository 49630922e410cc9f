"""The kind of target an ARN names, so that rules and schedules refuse what cannot be delivered before they store it."""

from dataclasses import dataclass
from enum import StrEnum


class UnsupportedTargetError(ValueError):
    """The ARN is no ARN, or names a target that the local stack does not deliver to."""


class TargetKind(StrEnum):
    """What can be invoked here."""

    STATE_MACHINE = "states"
    FUNCTION = "lambda"
    QUEUE = "sqs"
    TOPIC = "sns"
    EVENT_BUS = "events"


@dataclass(frozen=True)
class TargetArn:
    """The parts of a target's ARN; `name` is the last part of the resource."""

    kind: TargetKind
    region: str
    account: str
    name: str


_RESOURCE_PREFIX = {
    TargetKind.STATE_MACHINE: "stateMachine:",
    TargetKind.FUNCTION: "function:",
    TargetKind.QUEUE: "",
    TargetKind.TOPIC: "",
    TargetKind.EVENT_BUS: "event-bus/",
}


def parse_target(arn: str) -> TargetArn:
    """The target that `arn` names; raise UnsupportedTargetError."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise UnsupportedTargetError(f"{arn} is not in correct format")
    _, _, service, region, account, resource = parts
    if service not in list(TargetKind) or not resource.startswith(_RESOURCE_PREFIX[TargetKind(service)]):
        raise UnsupportedTargetError(f"the local stack does not deliver to {arn}")
    kind = TargetKind(service)
    return TargetArn(kind, region, account, resource.removeprefix(_RESOURCE_PREFIX[kind]))
