"""The operations on the rules of a listener. The default rule is shown here, and changed with its listener only."""

from collections.abc import Mapping
from typing import Any

from . import quotas
from .actions import checked_action, checked_match
from .backend import LatticeBackend, conflict, require_unique_name
from .configuration import current
from .errors import ValidationException
from .listeners import listener_to_change
from .paging import page
from .resources import Listener, Rule, present

Document = dict[str, Any]
Request = Mapping[str, Any]
_LAST = 1_000_000  # behind every priority that the API allows


def create_rule(backend: LatticeBackend, request: Request) -> Document:
    """Create a rule with a priority that no other rule of the listener has."""
    service, listener = listener_to_change(backend, request)
    if listener.protocol == "TLS_PASSTHROUGH":
        raise ValidationException("A TLS_PASSTHROUGH listener has the default rule only.")
    require_unique_name(listener.ordered_rules, request["name"])
    _require_free_priority(listener, request["priority"])
    wanted = len(listener.ordered_rules) + 1 + current().choices.default_rule_counts
    quotas.check_quota(quotas.RULES_PER_LISTENER, wanted=wanted, limits=current().quotas, parent_id=listener.id)
    rule = Rule(
        **backend.common_members(Rule.kind, request),
        listener_arn=listener.arn,
        action=checked_action(backend, request["action"], service=service, protocol=listener.protocol),
        match=checked_match(request["match"]),
        priority=request["priority"],
    )
    listener.rules[rule.id] = rule
    return _details(rule)


def get_rule(backend: LatticeBackend, request: Request) -> Document:
    """Describe a rule, also the default rule."""
    _, listener = backend.listener(request)
    rule = find_rule(backend, listener, request["ruleIdentifier"])
    return {**_details(rule), "isDefault": rule.is_default, **rule.times}


def list_rules(backend: LatticeBackend, request: Request) -> Document:
    """List the rules in the order in which they are tried, the default rule last."""
    _, listener = backend.listener(request)
    return page(
        "rules",
        listener.rules.values(),
        request,
        key=lambda rule: rule.priority or _LAST,
        render=lambda rule: {
            **present(id=rule.id, arn=rule.arn, name=rule.name, priority=rule.priority),
            "isDefault": rule.is_default,
            **rule.times,
        },
    )


def update_rule(backend: LatticeBackend, request: Request) -> Document:
    """Replace match, priority or action; what is left out stays."""
    service, listener = listener_to_change(backend, request)
    rule = find_rule(backend, listener, request["ruleIdentifier"])
    require_changeable(rule)
    if "priority" in request and request["priority"] != rule.priority:
        _require_free_priority(listener, request["priority"])
    if "match" in request:
        checked_match(request["match"])
    if "action" in request:
        rule.action = checked_action(
            backend, request["action"], service=service, protocol=listener.protocol, replaced=rule
        )
    change_rule(backend, rule, request)
    return {**_details(rule), "isDefault": rule.is_default}


def delete_rule(backend: LatticeBackend, request: Request) -> Document:
    """Delete a rule other than the default rule."""
    _, listener = listener_to_change(backend, request)
    rule = find_rule(backend, listener, request["ruleIdentifier"])
    require_changeable(rule)
    del listener.rules[rule.id]
    return {}


def find_rule(backend: LatticeBackend, listener: Listener, identifier: str) -> Rule:
    """Find a rule of the listener; raises ResourceNotFoundException."""
    return backend.find(listener.rules, Rule.kind, identifier)


def require_changeable(rule: Rule) -> None:
    """Raise ValidationException for the default rule, which only UpdateListener changes."""
    if rule.is_default:
        raise ValidationException(
            f"Rule {rule.id} is the default rule of its listener and cannot be changed or deleted."
        )


def change_rule(backend: LatticeBackend, rule: Rule, update: Mapping[str, Any]) -> None:
    """Give the rule the match and priority of an update that was checked."""
    if "match" in update:
        rule.match = checked_match(update["match"])
    rule.priority = update.get("priority", rule.priority)
    rule.last_updated_at = backend.now()


def _require_free_priority(listener: Listener, priority: int) -> None:
    for rule in listener.ordered_rules:
        if rule.priority == priority:
            raise conflict(rule, f"Rule {rule.id} of listener {listener.id} has priority {priority} already.")


def _details(rule: Rule) -> Document:
    return present(
        id=rule.id, arn=rule.arn, name=rule.name, match=rule.match, priority=rule.priority, action=rule.action
    )
