"""What a user of the emulator may choose: how long changes take, the quotas, and failures to come.

It holds choices only; what AWS fixes (limits of shapes, error codes, order of states) is not configurable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .choices import Choices
from .faults import FaultPlan
from .lifecycle import DURATIONS
from .log_destinations import BUCKET, DELIVERY_STREAM, LOG_GROUP
from .quotas import DEFAULT_QUOTAS

# How long access logs take to their destination (VPC Lattice User Guide, "Access log destinations").
ACCESS_LOG_SECONDS: Mapping[str, float] = {LOG_GROUP: 120.0, BUCKET: 360.0, DELIVERY_STREAM: 120.0}


@dataclass(frozen=True)
class Configuration:
    """`durations` are virtual seconds by (kind, state); `quotas` are limits by quota code; the rest are seconds.

    `access_log_seconds` are by type of destination.
    """

    durations: Mapping[tuple[str, str], float] = field(default_factory=lambda: dict(DURATIONS))
    quotas: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    draining_seconds: float = 60.0
    unused_target_removal_seconds: float = 2.0
    access_log_seconds: Mapping[str, float] = field(default_factory=lambda: dict(ACCESS_LOG_SECONDS))
    faults: FaultPlan = field(default_factory=FaultPlan)
    choices: Choices = field(default_factory=Choices)


_current = Configuration()


def current() -> Configuration:
    """The configuration of this process."""
    return _current


def use(configuration: Configuration) -> None:
    """Make `configuration` the one of this process; changes that are under way take their new duration."""
    global _current  # noqa: PLW0603 - as with the clock, one for each process is the point
    _current = configuration


def reconfigure(
    *,
    durations: Mapping[tuple[str, str], float] | None = None,
    quotas: Mapping[str, int] | None = None,
    access_log_seconds: Mapping[str, float] | None = None,
    choices: Choices | None = None,
) -> None:
    """Override some durations, quotas or the choices, keep the rest; raises KeyError for a name that does not exist."""
    for name in durations or {}:
        DURATIONS[name]
    for code in quotas or {}:
        DEFAULT_QUOTAS[code]
    for destination in access_log_seconds or {}:
        ACCESS_LOG_SECONDS[destination]
    use(
        replace(
            _current,
            durations={**_current.durations, **(durations or {})},
            quotas={**_current.quotas, **(quotas or {})},
            access_log_seconds={**_current.access_log_seconds, **(access_log_seconds or {})},
            choices=choices or _current.choices,
        )
    )
