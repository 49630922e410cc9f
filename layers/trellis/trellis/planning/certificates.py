"""Which certificate of ACM a service gets: the one that a listener names, else the best that its hostname finds.

Without a usable one the service keeps what it has: clients are not better off without, and what cannot be read is not
absent. What VPC Lattice takes: https://docs.aws.amazon.com/vpc-lattice/latest/ug/service-byoc.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trellis.model import Certificate, is_certificate_arn

SUPPORTED_KEY = "RSA_2048"
_SERVES = frozenset({"TLS_WEB_SERVER_AUTHENTICATION", "ANY", "NONE"})
_TOLD_CANDIDATES = 3
_NEVER = datetime.min.replace(tzinfo=UTC)

UNREADABLE = "CertificatesUnreadable"


@dataclass(frozen=True)
class CertificateWish:
    """A service whose custom domain name needs a certificate; `named` are the ARNs that its listeners name."""

    service: str
    hostname: str
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class CertificateChoice:
    """What came of a wish: `chosen` is None when the service keeps what it has, and `reason` says why."""

    wish: CertificateWish
    chosen: Certificate | None
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class _Problem:
    reason: str
    message: str


def choose(wish: CertificateWish, found: Sequence[Certificate], *, now: datetime) -> CertificateChoice:
    """Choose among the certificates of the service's account and region."""
    return _named(wish, found, now) if wish.named else _by_hostname(wish, found, now)


def covers(names: Sequence[str], hostname: str) -> bool:
    """Whether a certificate for these names is one for the hostname; a wildcard stands for one label."""
    return _is_exact(names, hostname) or f"*.{hostname.partition('.')[2]}" in _lower(names)


def finding_names(hostname: str) -> tuple[str, str]:
    """The names by which a certificate can be found for a hostname: its own, and the wildcard."""
    return hostname, f"*.{hostname.partition('.')[2]}"


def _named(wish: CertificateWish, found: Sequence[Certificate], now: datetime) -> CertificateChoice:
    arn = wish.named[0]
    certificate = next((one for one in found if one.arn == arn), None)
    if not is_certificate_arn(arn):
        problem: _Problem | None = _Problem("CertificateNotFound", f"{arn[:80]!a} is not the ARN of a certificate")
    elif certificate is None:
        problem = _Problem("CertificateNotFound", f"{arn} is not in ACM of the cluster's account and region")
    else:
        problem = _problem(certificate, wish.hostname, now)
    if problem:
        return CertificateChoice(wish, None, problem.reason, _told(wish, problem.message))
    return CertificateChoice(wish, certificate)


def _by_hostname(wish: CertificateWish, found: Sequence[Certificate], now: datetime) -> CertificateChoice:
    candidates = [one for one in found if not one.is_left_out and covers(one.names, wish.hostname)]
    candidates.sort(key=lambda one: _preference(one, wish.hostname), reverse=True)
    judged = [(one, _problem(one, wish.hostname, now)) for one in candidates]
    best = next((one for one, problem in judged if problem is None), None)
    if best:
        return CertificateChoice(wish, best)
    problems = [problem for _, problem in judged if problem]
    if not problems:
        message = f"ACM has no certificate for {wish.hostname} in the cluster's account and region"
        return CertificateChoice(wish, None, "CertificateNotFound", _told(wish, message))
    told = "; ".join(problem.message for problem in problems[:_TOLD_CANDIDATES])
    return CertificateChoice(wish, None, problems[0].reason, _told(wish, told))


def _told(wish: CertificateWish, why: str) -> str:
    return f"HTTPS under {wish.hostname}: {why}; the service keeps the certificate that it has, if any"


def _preference(certificate: Certificate, hostname: str) -> tuple[bool, datetime, datetime, str]:
    """The exact name before the wildcard, then the newest; the ARN decides between twins."""
    exact = _is_exact(certificate.names, hostname)
    return exact, certificate.not_before or _NEVER, certificate.since or _NEVER, certificate.arn


def _problem(certificate: Certificate, hostname: str, now: datetime) -> _Problem | None:
    """Why VPC Lattice or its clients would not take the certificate."""
    arn, until = certificate.arn, certificate.not_after
    if certificate.status == "REVOKED":
        return _Problem("CertificateRevoked", f"{arn} is revoked")
    if certificate.status == "EXPIRED" or (until and until <= now):
        return _Problem("CertificateExpired", f"{arn} has expired" + (f" on {until:%Y-%m-%d}" if until else ""))
    if certificate.status != "ISSUED":
        return _Problem("CertificateNotIssued", f"{arn} is {certificate.status}")
    if certificate.not_before and certificate.not_before > now:
        return _Problem("CertificateNotIssued", f"{arn} is not valid before {certificate.not_before:%Y-%m-%d}")
    return _unsupported(certificate, hostname)


def _unsupported(certificate: Certificate, hostname: str) -> _Problem | None:
    arn, usages = certificate.arn, certificate.extended_key_usages
    if not covers(certificate.names, hostname):
        return _Problem("HostnameMismatch", f"{arn} is for {', '.join(certificate.names[:5])}")
    if certificate.key_algorithm != SUPPORTED_KEY:
        return _Problem("CertificateNotSupported", f"{arn} has a key {certificate.key_algorithm}, not {SUPPORTED_KEY}")
    if usages and not _SERVES & set(usages):
        return _Problem("CertificateNotSupported", f"{arn} is not for servers: {', '.join(usages)}")
    return None


def _is_exact(names: Sequence[str], hostname: str) -> bool:
    return hostname in _lower(names)


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}
