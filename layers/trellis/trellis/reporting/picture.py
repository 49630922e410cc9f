"""What a page draws of a cluster: its VPC and network, its services with their rules, and target groups with health.

Built from the plan as it was found, before anything was repaired. A large cluster is not drawn whole: services that
drifted come first, then others up to `SHOWN`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trellis.model import Cluster, Forward, Rule, RuleMatch, Service, TargetGroup
from trellis.planning.service_changes import health_check_of
from trellis.reporting.lines import Line
from trellis.reporting.wanted import Document, desired_of

SHOWN = 8
"""Services of one cluster in a picture: what fits on two screens."""


def picture(cluster: Cluster, plan: Document, drifted: Sequence[Line]) -> dict[str, Any]:
    """The picture as a document, part of a report."""
    marked = {line["resource"] for line in drifted}
    services = sorted(desired_of(plan).services, key=lambda service: (not _is_marked(service, marked), service.name))
    return {
        "account": cluster.account,
        "region": cluster.region,
        "vpc": cluster.vpc_id,
        "network": cluster.service_network,
        "services": [_service(service, plan.get("health", {}), marked) for service in services[:SHOWN]],
        "more": max(0, len(services) - SHOWN),
    }


def _is_marked(service: Service, marked: Iterable[str]) -> bool:
    groups = {resource for group in service.target_groups for resource in of_group(group.name)}
    return any(resource in groups or belongs(resource, service.name) for resource in marked)


def of_group(name: str) -> tuple[str, str]:
    """The resources of reports that a target group is."""
    return f"target group {name}", health_check_of(name)


def belongs(resource: str, service: str) -> bool:
    """Whether a report's resource is a service or a part of it; its target groups have names of their own."""
    kind, _, name = resource.partition(" ")
    return kind in ("service", "listener", "rule") and name.partition(" in ")[0].partition("/")[0] == service


def _service(service: Service, health: Mapping[str, Mapping[str, int]], marked: Iterable[str]) -> dict[str, Any]:
    rules = [
        _rule(service, listener.name, rule, port=listener.port)
        for listener in service.listeners
        for rule in listener.rules
    ]
    known = {rule["resource"] for rule in rules}
    added = sorted(found for found in marked if found.startswith(f"rule {service.name}/") and found not in known)
    return {
        "name": service.name,
        "hostname": service.custom_domain_name or "",
        "standsFor": service.stands_for,
        "rules": [*rules, *({"resource": found, "label": "a rule that nobody wants", "shares": []} for found in added)],
        "groups": [_group(group, health.get(group.name, {})) for group in service.target_groups],
    }


def _rule(service: Service, listener: str, rule: Rule, *, port: int) -> dict[str, Any]:
    shares = rule.action.target_groups if isinstance(rule.action, Forward) else ()
    return {
        "resource": f"rule {service.name}/{listener}/{rule.name}",
        "label": f":{port} {_words(rule.match)}",
        "shares": [{"group": share.target_group, "weight": share.weight} for share in shares],
    }


def _words(match: RuleMatch) -> str:
    path = match.path.value + ("*" if match.path.kind == "prefix" else "")
    number = len(match.headers)
    headers = f" +{number} header{'s' if number > 1 else ''}" if number else ""
    return f"{match.method or 'any'} {path}{headers}"


def _group(group: TargetGroup, health: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": group.name,
        "standsFor": group.stands_for,
        "port": group.port,
        "targets": len(group.targets),
        "health": dict(health),
    }
