"""What somebody changes of a rule and of a health check, by the field's path in Trellis' model."""

from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]


def _shares(rule: Document) -> list[Document]:
    found: list[Document] = rule["action"]["forward"]["targetGroups"]
    return found


def _reverse_groups(rule: Document) -> None:
    first, second = _shares(rule)
    first["targetGroupIdentifier"], second["targetGroupIdentifier"] = (
        second["targetGroupIdentifier"],
        first["targetGroupIdentifier"],
    )


def _http(rule: Document) -> Document:
    found: Document = rule["match"]["httpMatch"]
    return found


def _to_prefix(rule: Document) -> None:
    path = _http(rule)["pathMatch"]
    path["match"] = {"prefix": path["match"]["exact"]}


RULE_CHANGES: Mapping[str, Callable[[Document], None]] = {
    "priority": lambda rule: rule.update(priority=1999),
    "match.path.kind": _to_prefix,
    "match.path.value": lambda rule: _http(rule)["pathMatch"].update(match={"exact": "/elsewhere"}),
    "match.method": lambda rule: _http(rule).update(method="POST"),
    "match.headers.name": lambda rule: _http(rule)["headerMatches"][0].update(name="x-other"),
    "match.headers.value": lambda rule: _http(rule)["headerMatches"][0].update(match={"exact": "red"}),
    "action.status_code": lambda rule: rule.update(action={"fixedResponse": {"statusCode": 404}}),
    "action.target_groups.target_group": _reverse_groups,
    "action.target_groups.weight": lambda rule: _shares(rule)[0].update(weight=1),
}

CHECK_CHANGES: Mapping[str, Document] = {
    "enabled": {"enabled": False},
    "protocol": {"protocol": "HTTPS"},
    "protocol_version": {"protocolVersion": "HTTP2"},
    "port": {"port": 9999},
    "path": {"path": "/elsewhere"},
    "interval_seconds": {"healthCheckIntervalSeconds": 300},
    "timeout_seconds": {"healthCheckTimeoutSeconds": 1},
    "healthy_threshold": {"healthyThresholdCount": 10},
    "unhealthy_threshold": {"unhealthyThresholdCount": 10},
    "matcher": {"matcher": {"httpCode": "404"}},
}
