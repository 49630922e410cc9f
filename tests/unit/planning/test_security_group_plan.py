"""The link-local ingress rules: what a cluster's run changes."""

from dataclasses import replace

from trellis.model import Cluster, ClusterState, LinkLocalRule
from trellis.planning.security_group import AuthorizeIngress, RevokeIngress, diff_security_group, wanted_rules

CLUSTER = Cluster("blue", "111122223333", "us-west-2", "vpc-1", "sg-1", "net")
OWN = LinkLocalRule("sg-1", "pl-1", id="sgr-1", owner="111122223333/blue")


def test_a_missing_rule_is_opened() -> None:
    wanted = wanted_rules(CLUSTER, ["pl-1"])
    assert diff_security_group(CLUSTER, wanted, []) == (AuthorizeIngress(LinkLocalRule("sg-1", "pl-1")),)


def test_an_existing_rule_is_enough() -> None:
    assert diff_security_group(CLUSTER, wanted_rules(CLUSTER, ["pl-1"]), [OWN]) == ()


def test_somebody_elses_wider_rule_is_enough() -> None:
    wider = LinkLocalRule("sg-1", "pl-1", protocol="-1", from_port=-1, to_port=-1, id="sgr-9")
    assert diff_security_group(CLUSTER, wanted_rules(CLUSTER, ["pl-1"]), [wider]) == ()


def test_a_narrowed_own_rule_is_replaced() -> None:
    narrow = replace(OWN, from_port=80, to_port=80)
    changes = diff_security_group(CLUSTER, wanted_rules(CLUSTER, ["pl-1"]), [narrow])
    assert changes == (AuthorizeIngress(LinkLocalRule("sg-1", "pl-1")), RevokeIngress(narrow))


def test_a_widened_own_rule_is_replaced_at_once() -> None:
    wider = replace(OWN, protocol="-1", from_port=-1, to_port=-1)
    changes = diff_security_group(CLUSTER, wanted_rules(CLUSTER, ["pl-1"]), [wider])
    assert changes == (AuthorizeIngress(LinkLocalRule("sg-1", "pl-1")), RevokeIngress(wider))


def test_a_leaving_cluster_revokes_its_own_rules_only() -> None:
    leaving = replace(CLUSTER, state=ClusterState.LEAVING)
    foreign = LinkLocalRule("sg-1", "pl-2", id="sgr-2")
    changes = diff_security_group(leaving, wanted_rules(leaving, ["pl-1"]), [OWN, foreign])
    assert changes == (RevokeIngress(OWN),)
