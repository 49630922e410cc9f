"""Names of VPC Lattice resources: readable for people, unique by a hash of what the resource stands for."""

import hashlib
import re

from trellis.model import Cluster, RuleMatch

_RESERVED = frozenset({"svc", "tg", "rule", "listener", "sn"})


def service_name(cluster: Cluster, *, namespace: str, hostname: str | None, route: str) -> str:
    """The name of the service for a hostname, or for a route without one; at most 40 characters."""
    identity = ("hostname", hostname) if hostname else ("route", route)
    readable = hostname.split(".", 1)[0] if hostname else route
    return f"{_readable(readable, 31)}-{digest(cluster.account, cluster.name, namespace, *identity)[:8]}"


def target_group_name(readable: str, *identity: str) -> str:
    """The name of a target group; at most 63 characters."""
    return f"{_readable(readable, 54)}-{digest(*identity)[:8]}"


def client_role_name(cluster: Cluster, *, namespace: str, service_account: str) -> str:
    """The name of the IAM role of a ServiceAccount; at most 64 characters, unique in the account."""
    identity = digest(cluster.account, cluster.name, namespace, service_account)[:12]
    return f"{_readable(f'{namespace}-{service_account}', 51)}-{identity}"


def rule_name(match: RuleMatch) -> str:
    """The name of the rule for a match, which no other rule of its listener has."""
    headers = [part for header in match.headers for part in (header.name, header.value)]
    return f"r-{digest(match.path.kind, match.path.value, match.method or '', *headers)[:12]}"


def digest(*parts: str) -> str:
    """A hash in which no two lists of parts run together."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def _readable(text: str, length: int) -> str:
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    # VPC Lattice refuses names that begin like its own identifiers.
    if label.split("-", 1)[0] in _RESERVED:
        label = f"k-{label}"
    return label[:length].strip("-") or "k"
