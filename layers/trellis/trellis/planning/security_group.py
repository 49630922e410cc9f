"""The ingress rules that let VPC Lattice reach the pods: what differs from what the cluster wants."""

from collections.abc import Sequence
from dataclasses import dataclass

from trellis.model import Cluster, ClusterState, LinkLocalRule, cluster_owner
from trellis.planning.work import Description, described

_ALL = "-1"


@dataclass(frozen=True)
class AuthorizeIngress:
    """Open the cluster security group for one source."""

    rule: LinkLocalRule

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("AuthorizeIngress", _words(self.rule), expected=self.rule.source)


@dataclass(frozen=True)
class RevokeIngress:
    """Remove a rule that Trellis made."""

    rule: LinkLocalRule

    def describe(self) -> Description:
        """Describe the change for reports."""
        return described("RevokeIngress", _words(self.rule), found=self.rule.id, deletes=True)


SecurityGroupChange = AuthorizeIngress | RevokeIngress


def wanted_rules(cluster: Cluster, sources: Sequence[str]) -> tuple[LinkLocalRule, ...]:
    """The rules that the cluster wants: all TCP ports, since pods choose theirs."""
    if cluster.state is ClusterState.LEAVING:
        return ()
    return tuple(LinkLocalRule(cluster.security_group_id, source) for source in sources)


def diff_security_group(
    cluster: Cluster, wanted: Sequence[LinkLocalRule], observed: Sequence[LinkLocalRule]
) -> tuple[SecurityGroupChange, ...]:
    """Open what no rule that stays covers, whoever made it; then remove own rules that are not wanted any more."""
    owner = cluster_owner(cluster.account, cluster.name)
    stale = [rule for rule in observed if rule.owner == owner and rule not in wanted]
    staying = [rule for rule in observed if rule not in stale]
    opened = [AuthorizeIngress(rule) for rule in wanted if not any(_covers(found, rule) for found in staying)]
    return (*opened, *(RevokeIngress(rule) for rule in stale))


def _covers(found: LinkLocalRule, wanted: LinkLocalRule) -> bool:
    if found.source != wanted.source:
        return False
    if found.protocol == _ALL:
        return True
    ports = found.from_port <= wanted.from_port and wanted.to_port <= found.to_port
    return found.protocol == wanted.protocol and ports


def _words(rule: LinkLocalRule) -> str:
    return f"{rule.protocol} {rule.from_port}-{rule.to_port} from {rule.source} in {rule.group_id}"
