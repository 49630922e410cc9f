"""One PutEvents entry: what the API checks before an event is on the bus.

It refuses sources of AWS services, as AWS does; the local stack itself publishes those straight to the bus.
"""

import json
from typing import Any

from trellis_local.events.bus import EventBus
from trellis_local.events.envelope import iso_time


def put_events(bus: EventBus, entry: dict[str, Any], *, account: str, region: str) -> dict[str, Any]:
    """Publish `entry` and return its result entry: an EventId, or an ErrorCode with its ErrorMessage."""
    refusal = _refusal(entry)
    if refusal:
        return {"ErrorCode": refusal[0], "ErrorMessage": refusal[1]}
    event = {
        "account": account,
        "region": region,
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
        "resources": entry.get("Resources", []),
    }
    if "Time" in entry:
        event["time"] = iso_time(float(entry["Time"]))
    return {"EventId": bus.publish(event, bus=(entry.get("EventBusName") or "default").split("/")[-1])}


def _refusal(entry: dict[str, Any]) -> tuple[str, str] | None:
    for field in ("Source", "DetailType", "Detail"):
        if not entry.get(field):
            reason = f"{field} is a required argument."
            return "InvalidArgument", f"Parameter {field} is not valid. Reason: {reason}"
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return "MalformedDetail", "Detail is malformed."
    return None if isinstance(detail, dict) else ("MalformedDetail", "Detail is malformed.")
