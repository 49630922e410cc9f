"""The listener rules of a canary's services in VPC Lattice: what they must carry, and what they do carry.

What they must carry follows from the cluster's objects by the same functions as every run, so that a rule of any
listener is compared whatever route and match it comes from. Nothing here writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trellis.canary.state import Groups, LatticeRule
from trellis.model import Forward, Rule, Service
from trellis.resources.service_errors import is_absent

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

from botocore.exceptions import ClientError

Weights = dict[str, int]


@dataclass(frozen=True)
class Compared:
    """The rules that carry what they must, and in words those that do not."""

    rules: tuple[LatticeRule, ...]
    differing: tuple[str, ...]


def group_ids(lattice: "VPCLatticeClient") -> dict[str, str]:
    """The ids of all target groups by name."""
    return {item["name"]: item["id"] for item in _pages(lattice, "list_target_groups")}


def service_ids(lattice: "VPCLatticeClient", names: Sequence[str]) -> dict[str, str]:
    """The ids of these services by name; one that does not exist is left out."""
    return {item["name"]: item["id"] for item in _pages(lattice, "list_services") if item["name"] in names}


def compare_rules(lattice: "VPCLatticeClient", services: Sequence[Service], groups: Sequence[Groups]) -> Compared:
    """Compare every rule that sends requests to either version, on every listener of every service."""
    wanted = {service.name: service for service in services}
    ids = group_ids(lattice)
    rules: list[LatticeRule] = []
    differing: list[str] = []
    for group in groups:
        found = dict(_observed(lattice, group.service_id))
        service = wanted.get(group.service)
        if service is None:
            differing.append(f"service {group.service}: no route leads to it any more")
            continue
        for place, weights in _wanted(service, ids, {group.baseline, group.canary}):
            rule = found.get(place)
            if rule is None or rule.weights != weights:
                carried = "is not there" if rule is None else f"carries {dict(rule.weights)}"
                differing.append(f"service {group.service}, {'/'.join(place)}: {carried} instead of {weights}")
            else:
                rules.append(rule)
    return Compared(tuple(rules), tuple(differing))


def changed_rules(lattice: "VPCLatticeClient", rules: Sequence[LatticeRule]) -> tuple[str, ...]:
    """In words, which of these rules carry something else by now."""
    changed = []
    for rule in rules:
        found = _rule_weights(lattice, rule)
        if found != rule.weights:
            place = f"rule {rule.rule_id} of listener {rule.listener_id}"
            carried = "is gone" if found is None else f"carries {found}"
            changed.append(f"{place} {carried} instead of {dict(rule.weights)}")
    return tuple(changed)


def _rule_weights(lattice: "VPCLatticeClient", rule: LatticeRule) -> Weights | None:
    try:
        answer = lattice.get_rule(
            serviceIdentifier=rule.service_id, listenerIdentifier=rule.listener_id, ruleIdentifier=rule.rule_id
        )
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return _weights_of(answer["action"])


def _wanted(service: Service, ids: Mapping[str, str], versions: set[str]) -> Iterator[tuple[tuple[str, str], Weights]]:
    """The weights by group id of each rule that sends requests to one of the versions, by listener and rule."""
    for listener in service.listeners:
        for rule in listener.rules:
            weights = _forwarded(rule, ids)
            if versions & weights.keys():
                yield (listener.name, rule.name), weights


def _forwarded(rule: Rule, ids: Mapping[str, str]) -> Weights:
    if not isinstance(rule.action, Forward):
        return {}
    return {ids.get(share.target_group, share.target_group): share.weight for share in rule.action.target_groups}


def _observed(lattice: "VPCLatticeClient", service_id: str) -> Iterator[tuple[tuple[str, str], LatticeRule]]:
    for listener in _pages(lattice, "list_listeners", serviceIdentifier=service_id):
        place = {"serviceIdentifier": service_id, "listenerIdentifier": listener["id"]}
        for summary in _pages(lattice, "list_rules", **place):
            if not summary["isDefault"]:
                answer = lattice.get_rule(
                    serviceIdentifier=service_id, listenerIdentifier=listener["id"], ruleIdentifier=summary["id"]
                )
                rule = LatticeRule(service_id, listener["id"], summary["id"], _weights_of(answer["action"]))
                yield (listener["name"], answer["name"]), rule


def _weights_of(action: Any) -> Weights:
    shares = action.get("forward", {}).get("targetGroups", [])
    return {share["targetGroupIdentifier"].rsplit("/", 1)[-1]: share.get("weight", 1) for share in shares}


def _pages(lattice: "VPCLatticeClient", operation: Any, **request: str) -> Iterator[Mapping[str, Any]]:
    for page in lattice.get_paginator(operation).paginate(**request):
        yield from page["items"]
