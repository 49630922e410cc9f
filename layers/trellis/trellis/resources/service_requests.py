"""Matches, actions and health checks in the shapes of the VPC Lattice API, and back.

`caseSensitive` is always sent: the API documentation and the User Guide contradict each other on its default. Whatever
the model has no word for is read as a match of the kind `other`, which equals no wanted match, so that it is repaired.
GetTargetGroup tells of a health check with its defaults, but for those that stand for another value's.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from trellis.model import (
    Action,
    FixedResponse,
    Forward,
    HeaderMatch,
    HealthCheck,
    PathMatch,
    RuleMatch,
    WeightedTargetGroup,
)

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice.type_defs import (
        HealthCheckConfigTypeDef,
        RuleActionOutputTypeDef,
        RuleActionUnionTypeDef,
        RuleMatchUnionTypeDef,
    )

DEFAULT_WEIGHT = 1


def action_request(action: Action, group_ids: Mapping[str, str]) -> "RuleActionUnionTypeDef":
    """The action as a request; `group_ids` gives the id for each target group's name."""
    if isinstance(action, FixedResponse):
        return {"fixedResponse": {"statusCode": action.status_code}}
    return {
        "forward": {
            "targetGroups": [
                {"targetGroupIdentifier": group_ids[share.target_group], "weight": share.weight}
                for share in action.target_groups
            ]
        }
    }


def match_request(match: RuleMatch) -> "RuleMatchUnionTypeDef":
    """The match as a request."""
    http: dict[str, Any] = {"pathMatch": {"match": {match.path.kind: match.path.value}, "caseSensitive": True}}
    if match.method is not None:
        http["method"] = match.method
    if match.headers:
        http["headerMatches"] = [
            {"name": header.name, "match": {"exact": header.value}, "caseSensitive": True} for header in match.headers
        ]
    return cast("RuleMatchUnionTypeDef", {"httpMatch": http})


def health_check_request(check: HealthCheck, old: HealthCheck) -> "HealthCheckConfigTypeDef":
    """The health check as a request that replaces the old one.

    All members are told, and so the request means the same whether VPC Lattice changes those that it names or all. Only
    a port is left out where none was set, since 0 for each target's own is what the API's model says of other members.
    """
    request: dict[str, Any] = {
        "enabled": check.enabled,
        "protocol": check.protocol,
        "protocolVersion": check.protocol_version,
        "path": check.path,
        "healthCheckIntervalSeconds": check.interval_seconds,
        "healthCheckTimeoutSeconds": check.timeout_seconds,
        "healthyThresholdCount": check.healthy_threshold,
        "unhealthyThresholdCount": check.unhealthy_threshold,
        "matcher": {"httpCode": check.matcher},
    }
    if check.port or old.port:
        request["port"] = check.port
    return cast("HealthCheckConfigTypeDef", request)


def read_health_check(found: Mapping[str, Any]) -> HealthCheck:
    """The health check of an answer."""
    default = HealthCheck()
    return HealthCheck(
        enabled=found.get("enabled", default.enabled),
        protocol=found.get("protocol", default.protocol),
        protocol_version=found.get("protocolVersion", default.protocol_version),
        port=found.get("port", default.port),
        path=found.get("path") or default.path,
        interval_seconds=found.get("healthCheckIntervalSeconds", default.interval_seconds),
        timeout_seconds=found.get("healthCheckTimeoutSeconds", default.timeout_seconds),
        healthy_threshold=found.get("healthyThresholdCount", default.healthy_threshold),
        unhealthy_threshold=found.get("unhealthyThresholdCount", default.unhealthy_threshold),
        matcher=found.get("matcher", {}).get("httpCode") or default.matcher,
    )


def read_action(action: "RuleActionOutputTypeDef", group_names: Mapping[str, str]) -> Action:
    """The action of an answer; a target group without a known name keeps its id."""
    if "fixedResponse" in action:
        return FixedResponse(action["fixedResponse"]["statusCode"])
    return Forward(
        tuple(
            WeightedTargetGroup(
                _group_name(share["targetGroupIdentifier"], group_names), share.get("weight", DEFAULT_WEIGHT)
            )
            for share in action["forward"]["targetGroups"]
        )
    )


def read_match(match: Mapping[str, Any]) -> RuleMatch:
    """The match of an answer."""
    http = match.get("httpMatch", {})
    path = http.get("pathMatch")
    headers = http.get("headerMatches") or []
    if path is None or not path.get("caseSensitive", True) or not all(_is_exact(header) for header in headers):
        return RuleMatch(PathMatch("other", json.dumps(match, sort_keys=True)))
    ((kind, value),) = path["match"].items()
    return RuleMatch(
        path=PathMatch(kind, value),
        method=http.get("method") or None,
        headers=tuple(sorted(HeaderMatch(header["name"], header["match"]["exact"]) for header in headers)),
    )


def _is_exact(header: Mapping[str, Any]) -> bool:
    # Header values are compared without regard to case unless the flag says otherwise.
    return set(header["match"]) == {"exact"} and bool(header.get("caseSensitive", False))


def _group_name(identifier: str, group_names: Mapping[str, str]) -> str:
    group_id = identifier.rsplit("/", 1)[-1]
    return group_names.get(group_id, group_id)
