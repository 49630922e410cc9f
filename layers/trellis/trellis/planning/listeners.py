"""The listeners and rules of one service: what differs, and in which order it is put right.

Trellis owns the service, so a listener or rule that nobody wants is drift and is deleted, but last: what takes over its
requests is there before it goes, unless a quota or a port leaves no room for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trellis.model import Listener, Rule, Service
from trellis.planning.rule_order import priority_steps
from trellis.planning.service_changes import (
    CreateListener,
    CreateRule,
    DeleteListener,
    DeleteRule,
    ServiceChange,
    SetRulePriorities,
    UpdateListener,
    UpdateRule,
    same_action,
    same_match,
)

LISTENERS_PER_SERVICE = 2
RULES_PER_LISTENER = 10
"""VPC Lattice's default quotas. They only decide whether something must go before something else can come."""


def diff_listeners(desired: Service, found: Sequence[Listener]) -> list[ServiceChange]:
    """The changes to listeners and rules; `found` are the listeners that exist."""
    by_name = {listener.name: listener for listener in found}
    kept = {wanted.name for wanted in desired.listeners if _same_place(wanted, by_name.get(wanted.name))}
    missing = [wanted for wanted in desired.listeners if wanted.name not in kept]
    early, late = _stale_listeners(missing, [listener for listener in found if listener.name not in kept], len(kept))
    changes: list[ServiceChange] = [DeleteListener(desired.name, listener) for listener in early]
    stale_rules: list[ServiceChange] = []
    for wanted in desired.listeners:
        old = by_name[wanted.name] if wanted.name in kept else None
        changes += _listener_changes(desired, wanted, old)
        rules = _RuleDiff(desired, wanted, old.rules if old else ())
        changes += rules.changes()
        stale_rules += rules.last_deletions()
    return [*changes, *stale_rules, *(DeleteListener(desired.name, listener) for listener in late)]


def _same_place(wanted: Listener, found: Listener | None) -> bool:
    return found is not None and (wanted.protocol, wanted.port) == (found.protocol, found.port)


def _listener_changes(desired: Service, wanted: Listener, old: Listener | None) -> list[ServiceChange]:
    if old is None:
        return [CreateListener(desired.name, wanted, desired.stands_for)]
    if not same_action(wanted.default_action, old.default_action):
        return [UpdateListener(desired.name, wanted, old)]
    return []


def _stale_listeners(
    missing: Sequence[Listener], stale: Sequence[Listener], kept: int
) -> tuple[list[Listener], list[Listener]]:
    """Which unwanted listeners go before the missing ones are made, and which at the end."""
    taken = {listener.name for listener in missing}, {listener.port for listener in missing}
    early = [listener for listener in stale if listener.name in taken[0] or listener.port in taken[1]]
    others = [listener for listener in stale if listener not in early]
    excess = kept + len(others) + len(missing) - LISTENERS_PER_SERVICE if missing else 0
    more = max(0, min(excess, len(others)))
    return early + others[:more], others[more:]


@dataclass(frozen=True)
class _RuleDiff:
    """Compares the rules of one listener by name."""

    service: Service
    listener: Listener
    found: Sequence[Rule]

    def changes(self) -> list[ServiceChange]:
        """Updates, deletions that the quota asks for, new priorities, new rules."""
        early, _ = self._stale()
        missing = sorted(self._missing(), key=lambda rule: rule.priority)
        name, listener = self.service.name, self.listener.name
        return [
            *self._updates(),
            *(DeleteRule(name, listener, rule) for rule in early),
            *self._moves(),
            *(CreateRule(name, listener, rule, self.service.stands_for) for rule in missing),
        ]

    def last_deletions(self) -> list[ServiceChange]:
        """The unwanted rules that can stay until everything else is in place."""
        _, late = self._stale()
        return [DeleteRule(self.service.name, self.listener.name, rule) for rule in late]

    def _wanted(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.listener.rules}

    def _missing(self) -> list[Rule]:
        names = {rule.name for rule in self.found}
        return [rule for rule in self.listener.rules if rule.name not in names]

    def _stale(self) -> tuple[list[Rule], list[Rule]]:
        stale = [rule for rule in self.found if rule.name not in self._wanted()]
        stale.sort(key=lambda rule: -rule.priority)
        missing = self._missing()
        excess = len(self.found) + len(missing) - RULES_PER_LISTENER if missing else 0
        more = max(0, min(excess, len(stale)))
        return stale[:more], stale[more:]

    def _updates(self) -> list[ServiceChange]:
        wanted = self._wanted()
        pairs = [(wanted[rule.name], rule) for rule in self.found if rule.name in wanted]
        return [
            UpdateRule(self.service.name, self.listener.name, new, old)
            for new, old in pairs
            if not (same_match(new.match, old.match) and same_action(new.action, old.action))
        ]

    def _moves(self) -> list[ServiceChange]:
        gone = {rule.name for rule in self._stale()[0]}
        current = {rule.name: rule.priority for rule in self.found if rule.name not in gone}
        kept = {rule.name: rule.priority for rule in self.listener.rules if rule.name in current}
        reserved = [rule.priority for rule in self._missing()]
        changes: list[ServiceChange] = []
        for step in priority_steps(current, kept, reserved=reserved):
            old = tuple((name, current[name]) for name, _ in step)
            changes.append(SetRulePriorities(self.service.name, self.listener.name, step, old))
            current.update(step)
        return changes
