"""BatchUpdateRule, which judges priorities by how they are after the whole batch, so that rules can swap theirs.

Updates that fail are reported in `unsuccessful` and leave their rule as it was; the others are applied.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .actions import checked_action, checked_match
from .backend import LatticeBackend
from .errors import ConflictException, LatticeError, ServiceQuotaExceededException, ValidationException
from .listeners import listener_to_change
from .resources import Listener, Rule, Service
from .rules import change_rule, find_rule, require_changeable

Document = dict[str, Any]
Request = Mapping[str, Any]
Accepted = dict[str, tuple[Rule, Mapping[str, Any]]]


def batch_update_rule(backend: LatticeBackend, request: Request) -> Document:
    """Update up to ten rules of one listener."""
    service, listener = listener_to_change(backend, request)
    accepted: Accepted = {}
    failures: list[Document] = []
    for update in request["rules"]:
        try:
            rule = _accept(backend, update, service=service, listener=listener)
            if rule.id in accepted:
                raise ValidationException(f"Rule {rule.id} is in the batch twice.")
            accepted[rule.id] = (rule, update)
        except LatticeError as error:
            failures.append(_failure(update, code=error.code, message=error.message))
    failures += _drop_colliding(listener, accepted)
    changed = []
    for rule, update in accepted.values():
        try:
            _apply(backend, rule, update, service=service, listener=listener)
            changed.append(rule)
        except ServiceQuotaExceededException as error:  # only the target groups of the batch together are too many
            failures.append(_failure(update, code=error.code, message=error.message))
    return {"successful": [_success(rule) for rule in changed], "unsuccessful": failures}


def _apply(
    backend: LatticeBackend, rule: Rule, update: Mapping[str, Any], *, service: Service, listener: Listener
) -> None:
    if "action" in update:
        rule.action = checked_action(
            backend, update["action"], service=service, protocol=listener.protocol, replaced=rule
        )
    change_rule(backend, rule, update)


def _accept(backend: LatticeBackend, update: Mapping[str, Any], *, service: Service, listener: Listener) -> Rule:
    rule = find_rule(backend, listener, update["ruleIdentifier"])
    require_changeable(rule)
    if "match" in update:
        checked_match(update["match"])
    if "action" in update:
        checked_action(backend, update["action"], service=service, protocol=listener.protocol, replaced=rule)
    return rule


def _drop_colliding(listener: Listener, accepted: Accepted) -> list[Document]:
    """Take out updates until all priorities differ; a rule that stays as it was can make the next one collide."""
    failures: list[Document] = []
    while True:
        planned = {
            rule.id: accepted[rule.id][1].get("priority", rule.priority) if rule.id in accepted else rule.priority
            for rule in listener.ordered_rules
        }
        uses = Counter(planned.values())
        colliding = [
            rule_id
            for rule_id, (rule, _) in accepted.items()
            if uses[planned[rule_id]] > 1 and planned[rule_id] != rule.priority
        ]
        if not colliding:
            return failures
        _, update = accepted.pop(colliding[-1])
        message = f"Another rule of listener {listener.id} has priority {update['priority']}."
        failures.append(_failure(update, code=ConflictException.code, message=message))


def _failure(update: Mapping[str, Any], *, code: str, message: str) -> Document:
    return {"ruleIdentifier": update["ruleIdentifier"], "failureCode": code, "failureMessage": message}


def _success(rule: Rule) -> Document:
    return {
        "id": rule.id,
        "arn": rule.arn,
        "name": rule.name,
        "isDefault": rule.is_default,
        "match": rule.match,
        "priority": rule.priority,
        "action": rule.action,
    }
