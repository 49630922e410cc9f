"""Which hostnames a namespace of a cluster may have, as the platform team says.

    EKS-CLUSTER-B/apps: datastore.lattice-test.io *.apps.example.com; */shop: *.shop.example.com

Without any rule everybody may have every hostname, and the first who asks gets it. With rules, only what a rule grants.
"""

from dataclasses import dataclass

from trellis.gateway_api.attachment import Attachment
from trellis.gateway_api.conditions import Finding, joined
from trellis.gateway_api.hostnames import covers

NOT_ALLOWED = "HostnameNotAllowed"
_ANY = "*"


@dataclass(frozen=True)
class HostnameRule:
    """Grants hostnames, or all below `*.` of one, to a namespace of a cluster; `*` stands for any."""

    cluster: str
    namespace: str
    patterns: tuple[str, ...]

    def grants(self, hostname: str, *, cluster: str, namespace: str) -> bool:
        """Whether the rule is for this namespace and has a pattern for the hostname."""
        concerned = self.cluster in (_ANY, cluster) and self.namespace in (_ANY, namespace)
        return concerned and any(pattern == _ANY or covers(pattern, hostname) for pattern in self.patterns)


@dataclass(frozen=True)
class AllowedHostnames:
    """All rules; without any, everything is allowed."""

    rules: tuple[HostnameRule, ...] = ()

    def allow(self, hostname: str | None, *, cluster: str, namespace: str) -> bool:
        """Whether the namespace may have the hostname; a service without one takes nothing from anybody."""
        if not hostname or not self.rules:
            return True
        return any(rule.grants(hostname, cluster=cluster, namespace=namespace) for rule in self.rules)

    def restrict(self, found: Attachment | Finding, *, cluster: str, namespace: str) -> Attachment | Finding:
        """The attachment without the places that the namespace may not have."""
        if isinstance(found, Finding):
            return found
        refused = [
            place for place in found.places if not self.allow(place.hostname, cluster=cluster, namespace=namespace)
        ]
        if not refused:
            return found
        who = f"namespace {namespace} of cluster {cluster}"
        problems = [f"hostname {place.hostname}: {who} may not have it" for place in refused]
        kept = tuple(place for place in found.places if place not in refused)
        if not kept:
            return Finding(NOT_ALLOWED, joined(problems))
        return Attachment(kept, (*found.problems, *dict.fromkeys(problems)))


EVERY_HOSTNAME = AllowedHostnames()


def parse_allowed_hostnames(text: str) -> AllowedHostnames:
    """The rules of the template's parameter; raises ValueError with the part that is not a rule."""
    return AllowedHostnames(tuple(_rule(part.strip()) for part in text.split(";") if part.strip()))


def _rule(text: str) -> HostnameRule:
    who, colon, patterns = text.partition(":")
    cluster, slash, namespace = who.strip().partition("/")
    names = tuple(patterns.lower().split())
    if not (colon and slash and cluster and namespace and names) or not all(map(_is_pattern, names)):
        raise ValueError(f"{text!r} is not of the form `cluster/namespace: hostname *.hostname`")
    return HostnameRule(cluster, namespace, names)


def _is_pattern(name: str) -> bool:
    return name == _ANY or "*" not in name.removeprefix("*.")
