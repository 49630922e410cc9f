"""A plan's changes as differences: one for each field of each resource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trellis.reporting.wanted import Document, Wanted

PRESENCE, PRIORITY, TARGETS, RECORDS = "presence", "priority", "targets", "records"
"""Fields that are not words of the model: whether a resource is there, and what is compared by its members."""

_PRIORITIES = "rule priorities of "
_BY_FIELD = frozenset(
    {
        "UpdateRule",
        "UpdateListener",
        "SetCertificate",
        "SetHealthCheck",
        "PutAuthPolicy",
        "SetAuthType",
        "ClaimAuth",
        "DeleteAuthPolicy",
        "ChangeClientRole",
    }
)
_PARTS = frozenset({TARGETS, "certificate_arn"})
_OF_TARGETS = frozenset({"RegisterTargets", "DeregisterTargets"})


@dataclass(frozen=True)
class Difference:
    """One field that is not as expected; `item` is the work item, `kind/name`, and `kind` the change that is due.

    `because` says why it is only reported, empty for what a run may change.
    """

    item: str
    kind: str
    resource: str
    field: str
    expected: Any = None
    found: Any = None
    because: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is about: the same in the plan before and after the changes."""
        return self.resource, self.field


def item_key(item: Document) -> str:
    """How a work item is named where events ask for it."""
    return f"{item['kind']}/{item['name']}"


def differences(plan: Document, now: Wanted) -> tuple[Difference, ...]:
    """All differences of a plan; `now` is what it wants."""
    found: dict[tuple[str, str], Difference] = {}
    for item in plan["items"]:
        for change in [*item["plan"]["changes"], *item["plan"].get("reported", ())]:
            because = str(change.get("because", ""))
            for plain in _of_change(item_key(item), change, now):
                difference = replace(plain, because=because)
                known = found.get(difference.key)
                found[difference.key] = _joined(known, difference) if known else difference
    absent = {resource for resource, field in found if field == PRESENCE}
    # The targets of a group, and the certificate of a service, that is made or deleted say nothing more.
    kept = (item for item in found.values() if item.field not in _PARTS or item.resource not in absent)
    return tuple(item for item in kept if item.expected != item.found)


def _of_change(item: str, change: Mapping[str, Any], now: Wanted) -> Iterator[Difference]:
    kind, resource, expected, found = (change[name] for name in ("kind", "resource", "expected", "found"))
    if kind == "SetRulePriorities":
        for name, priority in found.items():
            rule = f"rule {resource.removeprefix(_PRIORITIES)}/{name}"
            # What is expected in the end, not the free place where a rule may have to wait.
            final = now.resources.get(rule, {}).get(PRIORITY, expected[name])
            yield Difference(item, kind, rule, PRIORITY, final, priority)
    elif kind in _BY_FIELD:
        for field in change["fields"]:
            yield Difference(item, kind, resource, field, expected.get(field), found.get(field))
    elif kind in _OF_TARGETS:
        missing, extra = (expected or {}).get(TARGETS, []), (found or {}).get(TARGETS, [])
        yield Difference(item, kind, resource, TARGETS, missing, extra)
    else:
        field = RECORDS if expected and found else PRESENCE
        yield Difference(item, kind, resource, field, expected or None, found or None)


def _joined(first: Difference, second: Difference) -> Difference:
    """A resource that is deleted and made again, targets in portions, a rule that moves twice."""
    if first.field == TARGETS:
        return replace(first, expected=[*first.expected, *second.expected], found=[*first.found, *second.found])
    if first.field == PRIORITY:
        return first
    expected = first.expected if first.expected is not None else second.expected
    return replace(second, expected=expected, found=first.found if first.found is not None else second.found)
