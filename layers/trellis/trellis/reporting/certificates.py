"""What is said of certificates: who uses them, how many days are left, and of those that end, when it is said again.

ACM's own events repeat themselves daily; a message comes once for each step, and for each certificate that takes the
place of another under the same ARN. The page shows each hostname that is served with HTTPS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DETAIL_TYPE = "Trellis Certificate"

STEPS = (45, 30, 14, 7, 3, 1)
"""Days left at which it is said: when ACM begins to tell of imported certificates, and ever more often."""

_RENEWED_DAYS = 30
"""Days before the end of a public certificate of ACM at which nobody has to do anything yet: ACM renews it 45 days
before, and itself tells of its approaching end from here on."""

_ACTION_REQUIRED = ("PENDING_VALIDATION", "FAILED")
_SUBJECT_LENGTH = 100  # API reference of SNS Publish


@dataclass(frozen=True)
class CertificateInUse:
    """A certificate that services have; `days_left` is None when nothing says when it expires.

    `state` is `Valid`, `ApproachingExpiration`, `RenewalActionRequired`, `Expired` or `Revoked`.
    """

    arn: str
    state: str
    days_left: int | None
    not_after: str
    hostnames: tuple[str, ...]
    routes: tuple[str, ...]
    renewal: str = ""

    @property
    def is_told(self) -> bool:
        """Whether there is anything to say about it."""
        return self.state != "Valid"

    @property
    def key(self) -> str:
        """The same as long as there is nothing new to say."""
        step = min((days for days in STEPS if days >= (self.days_left or 0)), default=0)
        told = f"{self.state} {step}" if self.state == "ApproachingExpiration" else f"{self.state} {self.renewal}"
        return f"{self.arn} {self.not_after} {told}".strip()


def in_use(lines: Iterable[Mapping[str, Any]], *, now: datetime, warn_days: int) -> tuple[CertificateInUse, ...]:
    """The certificates that a plan's lines tell of, each once; `warn_days` before it expires there is a warning."""
    by_arn: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["arn"] and line["status"]:
            by_arn.setdefault(line["arn"], []).append(line)
    return tuple(_certificate(arn, found, now, warn_days) for arn, found in sorted(by_arn.items()))


def https_lines(lines: Iterable[Mapping[str, Any]], *, now: datetime, warn_days: int) -> list[dict[str, Any]]:
    """What the page shows of a plan's lines, hostname by hostname.

    `state` is that of the certificate, `Missing` where there is none, or `Unknown` where ACM could not be read; `why`
    says what stands in the way of a better one.
    """
    return [_https_line(line, now, warn_days) for line in lines]


def report_line(found: CertificateInUse) -> dict[str, Any]:
    """How a report and an event tell of it."""
    return {
        "certificate": found.arn,
        "state": found.state,
        "daysLeft": found.days_left,
        "notAfter": found.not_after,
        "hostnames": list(found.hostnames),
        "routes": [f"HTTPRoute {route}" for route in found.routes],
        "renewal": found.renewal,
    }


def subject(found: CertificateInUse, cluster: str) -> str:
    """The subject of a message, cut to what SNS allows."""
    return f"Trellis: certificate of {found.hostnames[0]} in {cluster} {_words(found)}"[:_SUBJECT_LENGTH]


def text(found: CertificateInUse, cluster: str) -> str:
    """The message."""
    return "\n".join(
        [
            f"The certificate {found.arn} {_words(found)} ({found.not_after}).",
            *([f"Its renewal: {found.renewal}"] if found.renewal else []),
            "",
            f"In cluster {cluster} it serves {', '.join(found.hostnames)}:",
            *(f"- HTTPRoute {route}" for route in found.routes),
        ]
    )


def _certificate(arn: str, lines: list[Mapping[str, Any]], now: datetime, warn_days: int) -> CertificateInUse:
    line = lines[0]
    days = _days_left(line, now)
    return CertificateInUse(
        arn=arn,
        state=_state(line, days, warn_days),
        days_left=days,
        not_after=line["notAfter"] or "",
        hostnames=tuple(sorted({found["hostname"] for found in lines})),
        routes=tuple(sorted({route for found in lines for route in found["routes"]})),
        renewal=line["renewal"],
    )


def _https_line(line: Mapping[str, Any], now: datetime, warn_days: int) -> dict[str, Any]:
    days = _days_left(line, now)
    state = _state(line, days, warn_days) if line["status"] else "Missing"
    return {
        "hostname": line["hostname"],
        "routes": [f"HTTPRoute {route}" for route in line["routes"]],
        "certificate": line["arn"],
        "name": line["name"],
        "state": "Unknown" if line["arn"] and not line["status"] else state,
        "daysLeft": days,
        "notAfter": line["notAfter"],
        "why": "" if line["ready"] else line["message"],
    }


def _days_left(line: Mapping[str, Any], now: datetime) -> int | None:
    """Whole days; less than 0 once it has expired."""
    return (datetime.fromisoformat(line["notAfter"]) - now).days if line["notAfter"] else None


def _state(line: Mapping[str, Any], days: int | None, warn_days: int) -> str:
    if line["status"] == "REVOKED":
        return "Revoked"
    if line["status"] == "EXPIRED" or (days is not None and days < 0):
        return "Expired"
    if line["renewal"].startswith(_ACTION_REQUIRED):
        return "RenewalActionRequired"
    warn_days = min(warn_days, _RENEWED_DAYS) if line["type"] == "AMAZON_ISSUED" else warn_days
    return "ApproachingExpiration" if days is not None and days <= warn_days else "Valid"


def _words(found: CertificateInUse) -> str:
    match found.state:
        case "Revoked":
            return "is revoked"
        case "Expired":
            return "has expired"
        case "RenewalActionRequired":
            return f"cannot be renewed and expires in {found.days_left} days"
        case _:
            return f"expires in {found.days_left} days"
