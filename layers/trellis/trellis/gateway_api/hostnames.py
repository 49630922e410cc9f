"""Hostnames of listeners and routes: what both name, and what VPC Lattice can take as a custom domain name."""

import re

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_ADDRESS = re.compile(r"[0-9.]+")


def problem(hostname: str) -> str | None:
    """Why a hostname cannot be a custom domain name, or None."""
    if hostname.startswith("*."):
        return "the custom domain name of a VPC Lattice service cannot be a wildcard"
    if len(hostname) > 253 or not _HOSTNAME.fullmatch(hostname) or _ADDRESS.fullmatch(hostname):
        return "not a DNS name of lower-case ASCII letters, digits, `-` and `.` with two labels or more"
    return None


def intersection(listener: str | None, route: str | None) -> str | None:
    """The more specific of the two where one covers the other; None where they have nothing in common.

    None for an argument covers everything, so at least one of the two must be given.
    """
    if not listener or not route:
        return listener or route
    if covers(listener, route):
        return route
    return listener if covers(route, listener) else None


def covers(wide: str, narrow: str) -> bool:
    """Whether the wide one is the narrow one, or a wildcard above it."""
    return wide == narrow or (wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:]) and narrow != wide)
