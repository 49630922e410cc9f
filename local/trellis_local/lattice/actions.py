"""What rule actions may say, checked against the listener and the target groups, and put into the form AWS returns."""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .backend import LatticeBackend, conflict, forwarded_groups, require_status
from .configuration import current
from .errors import ValidationException, invalid_field
from .resources import Rule, Service, TargetGroup

Document = dict[str, Any]
_FIXED_RESPONSE_CODES = (404, 500)


def checked_action(
    backend: LatticeBackend,
    action: Mapping[str, Any],
    *,
    service: Service,
    protocol: str,
    replaced: Rule | None = None,
) -> Document:
    """The action with ids and weights filled in; `replaced` is the rule whose action it takes the place of."""
    if "fixedResponse" in action:
        return _fixed_response(action["fixedResponse"]["statusCode"], protocol=protocol)
    targets = action["forward"]["targetGroups"]
    groups = [backend.target_group(weighted["targetGroupIdentifier"]) for weighted in targets]
    for group in groups:
        _require_fit(group, protocol=protocol)
        _require_same_service(backend, group, service=service)
    ids = {group.id for group in groups} | forwarded_groups(service, except_rule=replaced)
    quotas.check_quota(quotas.TARGET_GROUPS_PER_SERVICE, wanted=len(ids), limits=current().quotas, parent_id=service.id)
    return {
        "forward": {
            "targetGroups": [_weighted(g, w, alone=len(groups) == 1) for g, w in zip(groups, targets, strict=True)]
        }
    }


def checked_match(match: Mapping[str, Any]) -> Document:
    """The match in the form in which AWS returns it, with the defaults of caseSensitive.

    Header matches are a list, also when there are none. API reference of HttpMatch, PathMatch and HeaderMatch.
    """
    http = dict(match["httpMatch"])
    http["headerMatches"] = [{"caseSensitive": False, **header} for header in http.get("headerMatches", ())]
    if "pathMatch" in http:
        http["pathMatch"] = {"caseSensitive": current().choices.path_is_case_sensitive, **http["pathMatch"]}
    if not any(http.values()):
        raise invalid_field("match.httpMatch", "must have a method, a path or a header")
    return {"httpMatch": http}


def _fixed_response(status_code: int, *, protocol: str) -> Document:
    if protocol == "TLS_PASSTHROUGH":
        raise ValidationException("A TLS_PASSTHROUGH listener must forward to TCP target groups.")
    if status_code not in _FIXED_RESPONSE_CODES:
        raise invalid_field("action.fixedResponse.statusCode", "must be 404 or 500")
    return {"fixedResponse": {"statusCode": status_code}}


def _weighted(group: TargetGroup, weighted: Mapping[str, Any], *, alone: bool) -> Document:
    if not alone and "weight" not in weighted:
        raise invalid_field("weight", "is required when there are several target groups")
    return {"targetGroupIdentifier": group.id, "weight": weighted.get("weight", 100)}


def _require_fit(group: TargetGroup, *, protocol: str) -> None:
    require_status(group, "ACTIVE", "CREATE_IN_PROGRESS")
    is_tcp = group.config.get("protocol") == "TCP"
    if is_tcp != (protocol == "TLS_PASSTHROUGH"):
        raise ValidationException(
            f"Target group {group.id} cannot be used by a {protocol} listener: only TLS_PASSTHROUGH forwards to TCP."
        )
    version = group.config.get("protocolVersion")
    if version in ("HTTP2", "GRPC") and protocol != "HTTPS":
        raise ValidationException(f"Target group {group.id} uses {version}, which needs an HTTPS listener.")


def _require_same_service(backend: LatticeBackend, group: TargetGroup, *, service: Service) -> None:
    users = backend.references().get(group.id, set())
    if users - {service.arn}:
        raise conflict(group, f"TargetGroup {group.id} has been associated with other services")
