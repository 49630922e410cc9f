"""Which differences are drift: what was so by the last converged run and is not so now, though the intent is the same.

Decided for each resource and field, because pods come and go all the time: a rule that somebody edits is drift also
where another service has got new targets since. Where no run has converged yet, nothing is drift.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trellis.model.auth_policy import NETWORK
from trellis.planning.auth_policies import resource_of
from trellis.reporting.differences import PRESENCE, RECORDS, TARGETS, Difference, differences, item_key
from trellis.reporting.wanted import Document, Wanted, wanted

REFUSAL = "Refusal"
"""The `kind` of a drift that a plan refuses to repair: its `field` is the reason."""

_NETWORK = ("network", "vpc", "state")
_SECURITY_GROUP = ("group", "sources", "state")
_ZONES = ("members", "ttl", "state")


def drifts(plan: Document, before: Document | None) -> tuple[Difference, ...]:
    """The drifts of a plan; `before` is the plan by which the last run converged."""
    if before is None:
        return ()
    comparison = _Comparison(wanted(before, plan), wanted(plan, plan))
    known = {(refusal["resource"], refusal["reason"]) for _, refusal in _refusals(before)}
    refused = [
        Difference(item, REFUSAL, refusal["resource"], refusal["reason"], found=refusal["message"])
        for item, refusal in _refusals(plan)
        if (refusal["resource"], refusal["reason"]) not in known
    ]
    found = [*differences(plan, comparison.now), *refused]
    return tuple(drift for one in found if (drift := comparison.drift(one)) is not None)


def _refusals(plan: Document) -> Iterator[tuple[str, Document]]:
    for item in plan["items"]:
        for refusal in item["plan"]["refusals"]:
            yield item_key(item), refusal


@dataclass(frozen=True)
class _Comparison:
    before: Wanted
    now: Wanted

    def drift(self, found: Difference) -> Difference | None:
        """The part of a difference that is drift."""
        if found.field == TARGETS:
            return self._targets(found)
        return found if self._is_drift(found) else None

    def _targets(self, found: Difference) -> Difference | None:
        before = set(self.before.resources.get(found.resource, {}).get(TARGETS, ()))
        missing = [target for target in found.expected if target in before]
        extra = [target for target in found.found if target not in before]
        return replace(found, expected=missing, found=extra) if missing or extra else None

    def _is_drift(self, found: Difference) -> bool:
        match found.item.partition("/")[0]:
            case "associate_vpc":
                return self._same(*_NETWORK)
            case "open_security_group":
                return self._same(*_SECURITY_GROUP)
            case "sync_dns":
                return self._of_names(found)
            case "attach_auth_policy" if found.kind == REFUSAL:
                return self._of_auth_refusal(found)
            case _:
                return self._of_service(found)

    def _of_service(self, found: Difference) -> bool:
        before, now = (side.resources.get(found.resource) for side in (self.before, self.now))
        if found.field == PRESENCE:
            return (before is None) == (now is None)
        if before is None or now is None:
            return False
        return found.kind == REFUSAL or before.get(found.field) == now.get(found.field)

    def _of_auth_refusal(self, found: Difference) -> bool:
        """Also where nobody wanted or wants a policy: somebody has closed a service."""
        if found.resource.startswith(resource_of(NETWORK)) and not self._same("network"):
            return False
        return self.before.policies.get(found.resource) == self.now.policies.get(found.resource)

    def _of_names(self, found: Difference) -> bool:
        hostname = _hostname(found)
        if hostname in self.before.names or hostname in self.now.names:
            return self.before.names.get(hostname) == self.now.names.get(hostname) and self._same("ttl", "state")
        return self._same(*_ZONES) and self.before.names == self.now.names

    def _same(self, *basis: str) -> bool:
        return self.before.has_same(self.now, *basis)


def _hostname(found: Difference) -> str:
    """The hostname of a record set, of its ownership record, or of a refused name; else no hostname that is wanted."""
    if found.field not in (RECORDS, PRESENCE):
        return found.resource
    return found.resource.removeprefix("record ").partition(" in ")[0].removeprefix("_trellis.")
