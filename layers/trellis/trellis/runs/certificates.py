"""Certificates in the course of a run: chosen before the comparison, told of in the plan.

What the plan says of them follows from the certificates alone and not from the time, so that the plan of a converged
run stays the same document; how many days are left is worked out when the report is published.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from trellis.gateway_api import Intent
from trellis.model import Certificate
from trellis.planning.certificates import UNREADABLE, CertificateChoice, CertificateWish, choose, finding_names
from trellis.resources import services
from trellis.resources.certificates import read_certificates, renewal_of
from trellis.runs.toolbox import Toolbox

Line = dict[str, Any]

FINDS = "tls:"
"""Before a name in the inventory: a certificate for that name may be chosen by the work item."""


@dataclass(frozen=True)
class Certificates:
    """What was chosen, by service; `routes` says which routes a service serves.

    `renewals` says of chosen certificates that expire soon how their renewal by ACM stands.
    """

    choices: Mapping[str, CertificateChoice] = field(default_factory=dict)
    found: Sequence[Certificate] = ()
    routes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    renewals: Mapping[str, str] = field(default_factory=dict)

    @property
    def arns(self) -> dict[str, str | None]:
        """The ARN for each service; None where it keeps what it has."""
        return {name: choice.chosen.arn if choice.chosen else None for name, choice in self.choices.items()}

    def lines(self, attached: Mapping[str, str]) -> list[Line]:
        """One line for each service; `attached` are the ARNs of the certificates that the services have now."""
        return [self._line(choice, attached.get(name, "")) for name, choice in sorted(self.choices.items())]

    def refused(self) -> Iterator[dict[str, str]]:
        """The hostnames without a usable certificate, as report lines."""
        for name, choice in sorted(self.choices.items()):
            if choice.chosen is None:
                resource = f"certificate for {choice.wish.hostname} of {_joined(self.routes.get(name, ()))}"
                yield {"resource": resource, "reason": choice.reason, "message": choice.message}

    def inventory(self, attached: Mapping[str, str]) -> dict[str, set[str]]:
        """By which ARNs and names an event about a certificate finds the work items that it concerns."""
        owned: dict[str, set[str]] = {}
        for name, choice in self.choices.items():
            chosen = choice.chosen.arn if choice.chosen else ""
            names = [f"{FINDS}{found}" for found in finding_names(choice.wish.hostname)]
            for resource in {chosen, attached.get(name, ""), *choice.wish.named, *names} - {""}:
                owned.setdefault(resource, set()).add(f"{services.KIND}/{name}")
        return owned

    def _line(self, choice: CertificateChoice, attached: str) -> Line:
        chosen = choice.chosen or self._known(attached) or self._ended(choice.wish.named)
        until = chosen.not_after if chosen else None
        return {
            "service": choice.wish.service,
            "hostname": choice.wish.hostname,
            "routes": list(self.routes.get(choice.wish.service, ())),
            "arn": chosen.arn if chosen else attached,
            "name": chosen.names[0] if chosen and chosen.names else "",
            "type": chosen.type if chosen else "",
            "ready": choice.chosen is not None,
            "reason": choice.reason,
            "message": choice.message or _ready(choice),
            "named": list(choice.wish.named),
            "status": chosen.status if chosen else "",
            "renewal": self.renewals.get(chosen.arn, "") if chosen else "",
            "notAfter": until.isoformat() if until else None,
        }

    def _known(self, arn: str) -> Certificate | None:
        return next((one for one in self.found if one.arn == arn), None)

    def _ended(self, named: Sequence[str]) -> Certificate | None:
        """The certificate that a listener names, when it has ended before the service has got it."""
        first = self._known(named[0]) if named else None
        return first if first and first.status in ("EXPIRED", "REVOKED") else None


def choose_certificates(tools: Toolbox, intent: Intent) -> Certificates:
    """Read ACM and choose; nothing is read when no HTTPS listener serves a custom domain name."""
    wishes = [
        CertificateWish(service.name, service.hostname, service.certificates)
        for service in intent.services
        if service.hostname and service.certificates is not None
    ]
    if not wishes:
        return Certificates()
    read = read_certificates(tools.clients.acm, tools.clients.tagging)
    now = datetime.fromtimestamp(tools.now(), UTC)
    if read.unreadable:
        kept = f"{read.unreadable}; the services keep the certificates that they have"
        choices = [CertificateChoice(wish, None, UNREADABLE, kept) for wish in wishes]
    else:
        choices = [choose(wish, read.found, now=now) for wish in wishes]
    by_service = {choice.wish.service: choice for choice in choices}
    return Certificates(by_service, read.found, _routes(intent), _renewals(tools, choices, now))


def _renewals(tools: Toolbox, choices: Iterable[CertificateChoice], now: datetime) -> dict[str, str]:
    """Asked of the few that ACM should have renewed by now."""
    soon = now + timedelta(days=tools.settings.certificate_warning_days)
    due = {
        choice.chosen.arn
        for choice in choices
        if choice.chosen
        and choice.chosen.type != "IMPORTED"
        and choice.chosen.not_after
        and choice.chosen.not_after <= soon
    }
    return {arn: renewal_of(tools.clients.acm, arn) for arn in sorted(due)}


def _routes(intent: Intent) -> dict[str, list[str]]:
    """The routes that each service serves, as `namespace/name`."""
    found: dict[str, list[str]] = {}
    for route in intent.routes:
        for name in {name for parent in route.parents for name in parent.services}:
            found.setdefault(name, []).append(f"{route.namespace}/{route.name}")
    return {name: sorted(routes) for name, routes in found.items()}


def _joined(routes: Iterable[str]) -> str:
    return ", ".join(f"HTTPRoute {route}" for route in routes)


def _ready(choice: CertificateChoice) -> str:
    chosen = choice.chosen
    until = f", valid until {chosen.not_after:%Y-%m-%d}" if chosen and chosen.not_after else ""
    return f"{choice.wish.hostname}: {chosen.arn if chosen else ''}{until}"
