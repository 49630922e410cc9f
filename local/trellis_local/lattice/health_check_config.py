"""The health check configuration of target groups: defaults, updates by field, and the codes of the matcher.

A zero or an empty value sets a field back to its default, as the API documents.
"""

import re
from collections.abc import Mapping
from typing import Any

from .errors import invalid_field

Document = dict[str, Any]
_DEFAULTS: Mapping[str, Any] = {
    "protocol": "HTTP",
    "path": "/",
    "healthCheckIntervalSeconds": 30,
    "healthCheckTimeoutSeconds": 5,
    "healthyThresholdCount": 5,
    "unhealthyThresholdCount": 2,
    "matcher": {"httpCode": "200"},
}
# The API model allows 0 in all of these, for "back to the default"; the user guide gives the real ranges.
_RANGES = {
    "healthCheckIntervalSeconds": (5, 300),
    "healthCheckTimeoutSeconds": (1, 120),
    "healthyThresholdCount": (2, 10),
    "unhealthyThresholdCount": (2, 10),
}


def default_health_check(config: Mapping[str, Any]) -> Document:
    """What a group gets that says nothing: checks are on for HTTP1 only."""
    is_http1 = config["protocol"] != "TCP" and config.get("protocolVersion", "HTTP1") == "HTTP1"
    return {"enabled": is_http1, **_DEFAULTS}


def merged_health_check(current: Mapping[str, Any], update: Mapping[str, Any]) -> Document:
    """The current check with the fields of an update; raises ValidationException for a value that is out of range."""
    merged = dict(current)
    for name, value in update.items():
        if name != "enabled" and value in (0, "", {"httpCode": ""}):
            merged.pop(name, None)
            merged.update({name: _DEFAULTS[name]} if name in _DEFAULTS else {})
        else:
            merged[name] = value
    for name, (lowest, highest) in _RANGES.items():
        if not lowest <= merged[name] <= highest:
            raise invalid_field(f"healthCheck.{name}", f"must be from {lowest} to {highest}")
    if merged["protocol"] == "TCP":
        raise invalid_field("healthCheck.protocol", "must be HTTP or HTTPS")
    matching_codes(merged["matcher"]["httpCode"])
    return merged


def require_checkable(check: Mapping[str, Any], *, version: str | None) -> None:
    """Raise ValidationException when gRPC targets are to be checked and the check does not say how.

    VPC Lattice User Guide, "Health checks for your VPC Lattice target groups": with gRPC "you must specify the health
    check protocol version as HTTP1 or HTTP2".
    """
    if version == "GRPC" and check["enabled"] and "protocolVersion" not in check:
        raise invalid_field("healthCheck.protocolVersion", "is required when a GRPC target group is health-checked")


def matching_codes(text: str) -> frozenset[int]:
    """The HTTP codes of a matcher such as 200,202 or 200-299; raises ValidationException."""
    codes: set[int] = set()
    for part in text.split(","):
        parsed = re.fullmatch(r"(\d{3})(?:-(\d{3}))?", part)
        if parsed is None:
            raise invalid_field("healthCheck.matcher.httpCode", f"{text} is neither a code, nor a list, nor a range")
        first, last = int(parsed[1]), int(parsed[2] or parsed[1])
        codes.update(range(first, last + 1))
    if not codes or min(codes) < 200 or max(codes) > 499:
        raise invalid_field("healthCheck.matcher.httpCode", "must be from 200 to 499")
    return frozenset(codes)
