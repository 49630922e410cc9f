"""Reading rules from moto's events backend as plain values, so that only this module knows moto's classes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.events.models import events_backends

from trellis_local.events.envelope import ACCOUNT, REGION


@dataclass(frozen=True)
class StoredRule:
    """One rule at one moment, with its targets as PutTargets stored them."""

    name: str
    arn: str
    bus: str
    state: str
    pattern: str | None
    schedule: str | None
    targets: tuple[Mapping[str, Any], ...]

    @property
    def enabled(self) -> bool:
        """Whether the rule delivers anything at all."""
        return self.state != "DISABLED"


def rules_of(bus: str, *, region: str = REGION) -> tuple[StoredRule, ...]:
    """The rules of a bus of a region, in the order of their creation; none when there is no such bus."""
    stored = events_backends[ACCOUNT][region].event_buses.get(bus)
    return tuple(read_rule(rule) for rule in list(stored.rules.values())) if stored else ()


def read_rule(rule: Any) -> StoredRule:
    """moto's rule as a value."""
    return StoredRule(
        name=rule.name,
        arn=rule.arn,
        bus=rule.event_bus_name,
        state=rule.state,
        pattern=rule.event_pattern.dump(),
        schedule=rule.scheduled_expression,
        targets=tuple(rule.targets),
    )


@lru_cache(maxsize=512)
def parsed(pattern: str) -> Mapping[str, Any]:
    """A stored pattern as data; it was validated when it was put."""
    return dict(json.loads(pattern))
