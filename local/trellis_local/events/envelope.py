"""The event envelope: what every event on a bus carries, filled in where a publisher may leave it out."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from trellis_local import clock

ACCOUNT = "111122223333"
REGION = "us-west-2"


class InvalidEventError(ValueError):
    """Not an event: a field is missing or of the wrong type."""


def envelope(event: dict[str, Any]) -> dict[str, Any]:
    """A copy of `event` with version, id, time, account, region and resources; raise InvalidEventError."""
    for field, kind in (("source", str), ("detail-type", str), ("detail", dict)):
        if not isinstance(event.get(field), kind):
            raise InvalidEventError(f"an event needs {field} of type {kind.__name__}")
    filled: dict[str, Any] = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "account": ACCOUNT,
        "time": iso_time(clock.current().time()),
        "region": REGION,
        "resources": [],
    }
    return {**filled, **json.loads(json.dumps(event))}


def iso_time(timestamp: float) -> str:
    """Unix seconds as EventBridge writes them, in whole seconds."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
