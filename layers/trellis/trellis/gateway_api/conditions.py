"""Conditions as the Gateway API defines them, without the time, which status writing adds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

CONTROLLER = "trellis.dev/vpc-lattice"
DNS_READY = "trellis.dev/DNSReady"
MODE_VALID = "trellis.dev/ModeValid"
CERTIFICATE_READY = "trellis.dev/CertificateReady"
INVALID_CERTIFICATE_REF = "InvalidCertificateRef"
CONFLICTED = "Conflicted"
"""The reason of policies that lose to another, as the Gateway API's policy attachment calls it."""

ACCEPTED = "Accepted by Trellis"
"""The message of what is accepted; it tells a TargetGroupPolicy's condition from that of another controller."""

_MAX_MESSAGES = 10
_MAX_LENGTH = 4000
_MAX_REASON = 1024


@dataclass(frozen=True)
class Condition:
    """One condition; `status` is `True`, `False` or `Unknown` in Kubernetes' spelling."""

    type: str
    status: str
    reason: str
    message: str
    observed_generation: int


@dataclass(frozen=True)
class Finding:
    """Something that stands in the way: a condition's reason, and the field with what is wrong about it."""

    reason: str
    message: str


@dataclass(frozen=True)
class Conditions:
    """Makes the conditions of one object, all for the same generation."""

    generation: int

    def true(self, kind: str, reason: str, message: str = "") -> Condition:
        """A condition with the status `True`."""
        return Condition(kind, "True", reason, shortened(message), self.generation)

    def false(self, kind: str, reason: str, message: str) -> Condition:
        """A condition with the status `False`."""
        return Condition(kind, "False", as_reason(reason), shortened(message), self.generation)


def as_reason(error: str) -> str:
    """An error's name as a reason that Kubernetes accepts, which has no dots: `States.Timeout` has one."""
    return re.sub(r"^[^A-Za-z]+|[^A-Za-z0-9_]", "", error)[:_MAX_REASON] or "Unknown"


def joined(messages: Iterable[str]) -> str:
    """Several messages as one, each once, in their order; what exceeds ten is counted only."""
    distinct = list(dict.fromkeys(messages))
    more = len(distinct) - _MAX_MESSAGES
    return "; ".join(distinct[:_MAX_MESSAGES] + ([f"and {more} more"] if more > 0 else []))


def shortened(message: str) -> str:
    """The message in a length that Kubernetes accepts."""
    return message if len(message) <= _MAX_LENGTH else f"{message[: _MAX_LENGTH - 1]}…"
